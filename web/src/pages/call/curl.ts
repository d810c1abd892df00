/**
 * A call as a command for the terminal. Where the provider's API is known and the whole prompt is kept, it is the request to
 * the provider: that is what one wants to try again. Otherwise it is the request that logs the call here.
 */
import type { CallOut } from "@/api/schema";

export interface Curl {
  command: string;
  /** What the command does. */
  about: string;
}

interface Provider {
  name: string;
  address: string;
  key: string;
  shape: "chat" | "anthropic" | "google";
}

function chat(name: string, address: string, key: string): Provider {
  return { name, address: `${address}/chat/completions`, key, shape: "chat" };
}

const PROVIDERS: Record<string, Provider> = {
  openai: chat("OpenAI", "https://api.openai.com/v1", "OPENAI_API_KEY"),
  anthropic: {
    name: "Anthropic",
    address: "https://api.anthropic.com/v1/messages",
    key: "ANTHROPIC_API_KEY",
    shape: "anthropic",
  },
  google: {
    name: "Google",
    address: "https://generativelanguage.googleapis.com/v1beta/models/",
    key: "GEMINI_API_KEY",
    shape: "google",
  },
  mistral: chat("Mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
  groq: chat("Groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
  deepseek: chat("DeepSeek", "https://api.deepseek.com", "DEEPSEEK_API_KEY"),
  xai: chat("xAI", "https://api.x.ai/v1", "XAI_API_KEY"),
  openrouter: chat("OpenRouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
};

type Fields = Record<string, unknown>;
interface Asked {
  messages: Fields[];
  /** What the prompt held besides its messages. */
  rest: Fields;
}

export function curlOf(call: CallOut, origin: string): Curl {
  const provider = PROVIDERS[call.provider.toLowerCase()];
  const asked = call.cut.prompt === undefined && call.cut.request_params === undefined ? askedOf(call.prompt) : null;
  if (!provider || !asked) return logCurl(call, origin);
  const { address, headers, body } = request(provider, call, asked);
  return {
    command: written(address, headers, body),
    about: `the request to ${provider.name}, with your key in ${provider.key}`,
  };
}

function request({ shape, address, key }: Provider, call: CallOut, { messages, rest }: Asked) {
  const model = call.request_model ?? call.model;
  const params = { ...rest, ...call.request_params };
  const bearer = [`Authorization: Bearer $${key}`];
  if (shape === "chat") return { address, headers: bearer, body: { ...params, model, messages } };
  const system = messages.filter(({ role }) => role === "system").map(({ content }) => content);
  const others = messages.filter(({ role }) => role !== "system");
  if (shape === "anthropic") {
    const said = system.length > 0 ? { system: system.length === 1 ? system[0] : system.map(asText).join("\n\n") } : {};
    const body = { max_tokens: 1024, ...said, ...params, model, messages: others };
    return { address, headers: [`x-api-key: $${key}`, "anthropic-version: 2023-06-01"], body };
  }
  const body = {
    ...(system.length > 0
      ? { systemInstruction: { parts: system.map((content) => ({ text: asText(content) })) } }
      : {}),
    contents: others.map(googleContent),
    ...(Object.keys(params).length > 0 ? { generationConfig: googleParams(params) } : {}),
  };
  return {
    address: `${address}${encodeURIComponent(model)}:generateContent`,
    headers: [`x-goog-api-key: $${key}`],
    body,
  };
}

function googleContent({ role, content, parts }: Fields): Fields {
  return {
    role: role === "assistant" || role === "model" ? "model" : "user",
    parts: parts ?? [{ text: asText(content) }],
  };
}

/** maxOutputTokens for max_tokens, and so on. */
function googleParams(params: Fields): Fields {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name === "max_tokens"
        ? "maxOutputTokens"
        : name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}

/** The messages of a prompt; null where there are none. */
function askedOf(prompt: unknown): Asked | null {
  if (prompt === null || prompt === undefined || prompt === "") return null;
  if (typeof prompt === "string") {
    const read = parsed(prompt);
    return (read !== undefined && askedOf(read)) || { messages: [{ role: "user", content: prompt }], rest: {} };
  }
  if (Array.isArray(prompt))
    return prompt.every(isMessage) && prompt.length > 0 ? { messages: prompt, rest: {} } : null;
  const { messages, ...rest } = prompt as Fields;
  return Array.isArray(messages) && messages.every(isMessage) ? { messages, rest } : null;
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function isMessage(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && typeof (value as Fields).role === "string";
}

function asText(content: unknown): string {
  return typeof content === "string" ? content : JSON.stringify(content);
}

/** What logs the call: its fields under the API's names, without those that the server adds. */
const LOGGED = [
  "model", "provider", "request_model", "project", "environment", "status", "error_type", "error_message", "refused",
  "prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens",
  "audio_input_tokens", "audio_output_tokens", "image_tokens", "server_tool_calls", "usage_estimated", "latency_ms",
  "time_to_first_token_ms", "service_tier", "cache_hit", "saved_cost", "created_at", "end_user", "session_id", "trace_id",
  "span_id", "parent_span_id", "name", "tags", "metadata", "request_params", "prompt", "response",
] as const satisfies readonly (keyof CallOut)[]; // biome-ignore format: a list of names
const NEEDED = ["prompt_tokens", "completion_tokens", "latency_ms"];

function logCurl(call: CallOut, origin: string): Curl {
  const said = LOGGED.map((name) => [name, call[name]] as const).filter(
    ([name, value]) => NEEDED.includes(name) || !isNothing(value),
  );
  const body: Fields = Object.fromEntries(said);
  if (call.price_source === "reported") body.cost = call.estimated_cost;
  return {
    command: written(`${origin}/llm/log-call`, ["Authorization: Bearer $CALLSCOPE_API_KEY"], body),
    about: "the request that logs this call here, with your key in CALLSCOPE_API_KEY",
  };
}

function isNothing(value: unknown): boolean {
  return (
    value === null ||
    value === undefined ||
    value === 0 ||
    value === false ||
    (Array.isArray(value) && value.length === 0)
  );
}

function written(address: string, headers: string[], body: unknown): string {
  const lines = [
    `curl ${quoted(address)}`,
    `-H 'Content-Type: application/json'`,
    // In double quotes: the shell puts the key in.
    ...headers.map((header) => `-H "${header}"`),
    `-d ${quoted(JSON.stringify(body, null, 2))}`,
  ];
  return lines.join(" \\\n  ");
}

/** In single quotes nothing is special to a shell but the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
