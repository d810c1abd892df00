/** What is pasted into a terminal to send a first call: it works as it stands, with the address and the key filled in. */

const BESIDE = "Then put the request beside the call to the model in your program.";
const INSTRUMENT = "Then instrument your program's own client: its calls stay as they are.";

export const WAYS = [
  { value: "curl", label: "curl", needs: [], next: BESIDE, example: null },
  { value: "python", label: "Python requests", needs: ["pip install requests"], next: BESIDE, example: null },
  {
    value: "client",
    label: "Python client",
    needs: ["pip install /path/to/callscope"],
    next: "Then wrap the function in which your program calls a model, in place of the mock.",
    example: "notebook.ipynb",
  },
  {
    value: "openai",
    label: "OpenAI",
    needs: ["pip install /path/to/callscope openai", "OPENAI_API_KEY"],
    next: INSTRUMENT,
    example: "openai_chat.py",
  },
  {
    value: "anthropic",
    label: "Anthropic",
    needs: ["pip install /path/to/callscope anthropic", "ANTHROPIC_API_KEY"],
    next: INSTRUMENT,
    example: "anthropic_messages.py",
  },
] as const;
export type Way = (typeof WAYS)[number]["value"];

const WRITERS: Record<Way, (address: string, key: string) => string> = { curl, python, client, openai, anthropic };

export const PLACEHOLDER = "cs_YOUR_KEY";

export function isWay(text: string | undefined): text is Way {
  return WAYS.some(({ value }) => value === text);
}

/** Whether a text can be the secret of an API key. It goes into a command, so nothing else may be in it. */
export function isKey(text: string): boolean {
  return /^cs_[A-Za-z0-9_-]{20,200}$/.test(text);
}

/** `address` is an origin: scheme, host and port. */
export function snippet(way: Way, address: string, key: string): string {
  return WRITERS[way](address, key);
}

function curl(address: string, key: string): string {
  return `curl -sS '${address}/llm/log-call' \\
  -H 'Authorization: Bearer ${key}' \\
  -H 'Content-Type: application/json' \\
  -d '{
    "model": "gpt-4o-mini",
    "provider": "openai",
    "prompt_tokens": 14,
    "completion_tokens": 9,
    "latency_ms": 640,
    "status": "success",
    "prompt": "Say hello to Callscope.",
    "response": "Hello, Callscope. Good to be seen."
  }'
`;
}

function python(address: string, key: string): string {
  return `python3 - <<'END'
import time
import requests

started = time.perf_counter()
time.sleep(0.4)  # your call to the model goes here
latency_ms = (time.perf_counter() - started) * 1000

answer = requests.post(
    "${address}/llm/log-call",
    headers={"Authorization": "Bearer ${key}"},
    json={
        "model": "gpt-4o-mini",
        "provider": "openai",
        "prompt_tokens": 14,
        "completion_tokens": 9,
        "latency_ms": latency_ms,
        "status": "success",
        "prompt": "Say hello to Callscope.",
        "response": "Hello, Callscope. Good to be seen.",
    },
    timeout=10,
)
print(answer.json())
END
`;
}

function client(address: string, key: string): string {
  return `python3 - <<'END'
import callscope
from callscope.observability.mock_llm import mock_gpt4_api_call

db = callscope.connect("${address}", api_key="${key}")
wrapper = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o-mini")
result = wrapper.call_llm(mock_gpt4_api_call, "Say hello to Callscope.", wait=True)
print(result["text"] or result["error"], result["metrics"])
END
`;
}

function openai(address: string, key: string): string {
  return `python3 - <<'END'
import callscope
import openai

db = callscope.connect("${address}", api_key="${key}")
client = callscope.instrument(openai.OpenAI(), db)
chat = client.chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Say hello to Callscope."}],
)
print(chat.choices[0].message.content)
END
`;
}

function anthropic(address: string, key: string): string {
  return `python3 - <<'END'
import anthropic
import callscope

db = callscope.connect("${address}", api_key="${key}")
client = callscope.instrument(anthropic.Anthropic(), db)
message = client.messages.create(
    model="claude-sonnet-5-5",
    max_tokens=100,
    messages=[{"role": "user", "content": "Say hello to Callscope."}],
)
print(message.content[0].text)
END
`;
}
