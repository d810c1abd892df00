import { expect, test } from "vitest";
import type { CallOut } from "@/api/schema";
import { curlOf } from "./curl";

const ORIGIN = "http://localhost:8000";

function callOf(part: Partial<CallOut>): CallOut {
  return {
    provider: "openai", model: "gpt-4o-mini", request_model: null, status: "success", prompt: "Hello", cut: {},
    prompt_tokens: 5, completion_tokens: 0, latency_ms: 12, request_params: null, price_source: "catalogue", ...part,
  } as CallOut; // biome-ignore format: a list
}

/** The body of a command, as the shell would hand it over. */
function bodyOf(command: string): unknown {
  const written = command.slice(command.indexOf("-d '") + 4, -1);
  return JSON.parse(written.replaceAll("'\\''", "'"));
}

test("it is the request to the provider, where that is known", () => {
  const messages = [{ role: "user", content: "Where's my parcel?" }];
  const { command, about } = curlOf(callOf({ prompt: messages, request_params: { temperature: 0 } }), ORIGIN);
  expect(command).toMatch(/^curl 'https:\/\/api\.openai\.com\/v1\/chat\/completions' \\\n/);
  expect(command).toContain('-H "Authorization: Bearer $OPENAI_API_KEY"');
  expect(command).toContain("Where'\\''s my parcel?");
  expect(bodyOf(command)).toEqual({ temperature: 0, model: "gpt-4o-mini", messages });
  expect(about).toContain("OpenAI");
});

test("a plain prompt is what the user says; the model is the one that was asked for", () => {
  const { command } = curlOf(callOf({ request_model: "gpt-4o" }), ORIGIN);
  expect(bodyOf(command)).toEqual({ model: "gpt-4o", messages: [{ role: "user", content: "Hello" }] });
});

test("Anthropic has the system prompt besides the messages, and needs max_tokens", () => {
  const prompt = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Hello" },
  ];
  const { command } = curlOf(callOf({ provider: "anthropic", model: "claude-haiku-5-5", prompt }), ORIGIN);
  expect(bodyOf(command)).toEqual({
    max_tokens: 1024,
    system: "Be brief.",
    model: "claude-haiku-5-5",
    messages: [{ role: "user", content: "Hello" }],
  });
});

test("Google's form, and a model's name that would be dangerous in a shell", () => {
  const call = callOf({ provider: "google", model: "x'; rm -rf ~", request_params: { max_tokens: 9, top_p: 1 } });
  const { command } = curlOf(call, ORIGIN);
  expect(command.split("\n")[0]).toBe(
    "curl 'https://generativelanguage.googleapis.com/v1beta/models/x'\\''%3B%20rm%20-rf%20~:generateContent' \\",
  );
  expect(bodyOf(command)).toEqual({
    contents: [{ role: "user", parts: [{ text: "Hello" }] }],
    generationConfig: { maxOutputTokens: 9, topP: 1 },
  });
});

test("otherwise it is the request that logs the call here", () => {
  for (const part of [{ provider: "vllm" }, { cut: { prompt: 400_000 } }, { prompt: null }, { prompt: { a: 1 } }]) {
    const { command, about } = curlOf(callOf({ ...part, price_source: "reported", estimated_cost: 0.5 }), ORIGIN);
    expect(command).toMatch(/^curl 'http:\/\/localhost:8000\/llm\/log-call'/);
    expect(bodyOf(command)).toMatchObject({ completion_tokens: 0, status: "success", cost: 0.5 });
    expect(about).toContain("logs this call");
  }
});
