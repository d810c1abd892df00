import { expect, test } from "vitest";
import { answerMessages, promptMessages, structure } from "./conversation";

const text = (said: string) => ({ kind: "text", text: said });

test("a plain text is what the user said, or what was answered", () => {
  expect(promptMessages("Hello")).toEqual([{ role: "user", name: null, parts: [text("Hello")] }]);
  expect(answerMessages("Hi")).toEqual([{ role: "assistant", name: null, parts: [text("Hi")] }]);
  expect(promptMessages(null)).toEqual([]);
  expect(promptMessages("")).toEqual([]);
});

test("messages are told apart by role, also as JSON in a text", () => {
  const messages = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Hello" },
  ];
  const wanted = [
    { role: "system", name: null, parts: [text("Be brief.")] },
    { role: "user", name: null, parts: [text("Hello")] },
  ];
  expect(promptMessages(messages)).toEqual(wanted);
  expect(promptMessages({ model: "gpt-4o", messages })).toEqual(wanted);
  expect(promptMessages(JSON.stringify(messages))).toEqual(wanted);
});

test("JSON that holds no messages stays the text that it was, and a structure stays a structure", () => {
  expect(answerMessages('{"intent": "refund"}')[0]?.parts).toEqual([text('{"intent": "refund"}')]);
  expect(answerMessages({ intent: "refund" })[0]?.parts).toEqual([{ kind: "data", value: { intent: "refund" } }]);
  expect(promptMessages([1, 2])[0]?.parts).toEqual([{ kind: "data", value: [1, 2] }]);
});

test("a tool's result goes to the call that it answers", () => {
  const called = { id: "c1", type: "function", function: { name: "look_up", arguments: '{"order": "NL-1"}' } };
  const found = promptMessages([
    { role: "assistant", content: null, tool_calls: [called] },
    { role: "tool", tool_call_id: "c1", content: '{"state": "sent"}' },
    { role: "tool", tool_call_id: "c9", content: "lost" },
  ]);
  expect(found).toEqual([
    {
      role: "assistant",
      name: null,
      parts: [
        {
          kind: "tool_call",
          id: "c1",
          name: "look_up",
          input: { order: "NL-1" },
          output: { state: "sent" },
          failed: false,
        },
      ],
    },
    { role: "tool", name: null, parts: [{ kind: "tool_result", id: "c9", name: null, output: "lost", failed: false }] },
  ]);
});

test("Anthropic's blocks: thinking, tools, a system prompt besides", () => {
  const found = promptMessages({
    system: [{ type: "text", text: "Be kind." }],
    messages: [
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Hm." },
          { type: "tool_use", id: "t", name: "add", input: { a: 1 } },
        ],
      },
      {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: "t", is_error: true, content: [{ type: "text", text: "no" }] }],
      },
    ],
  });
  expect(found).toEqual([
    { role: "system", name: null, parts: [text("Be kind.")] },
    {
      role: "assistant",
      name: null,
      parts: [
        { kind: "reasoning", text: "Hm." },
        { kind: "tool_call", id: "t", name: "add", input: { a: 1 }, output: "no", failed: true },
      ],
    },
  ]);
});

test("whole answers of the providers' APIs", () => {
  const said = [text("Hi")];
  expect(answerMessages({ choices: [{ message: { role: "assistant", content: "Hi" } }] })[0]?.parts).toEqual(said);
  expect(
    answerMessages({ role: "assistant", type: "message", content: [{ type: "text", text: "Hi" }] })[0]?.parts,
  ).toEqual(said);
  expect(answerMessages({ candidates: [{ content: { role: "model", parts: [{ text: "Hi" }] } }] })).toEqual([
    { role: "assistant", name: null, parts: said },
  ]);
  const output = [
    { type: "reasoning", summary: [{ type: "summary_text", text: "Greet." }] },
    { type: "function_call", call_id: "f", name: "wave", arguments: "{}" },
    { type: "function_call_output", call_id: "f", output: "done" },
    { type: "message", role: "assistant", content: [{ type: "output_text", text: "Hi" }] },
  ];
  expect(answerMessages({ output }).map(({ parts }) => parts)).toEqual([
    [{ kind: "reasoning", text: "Greet." }],
    [{ kind: "tool_call", id: "f", name: "wave", input: {}, output: "done", failed: false }],
    said,
  ]);
});

test("OpenTelemetry's parts", () => {
  const found = promptMessages([
    { role: "user", parts: [{ type: "text", content: "Sum?" }] },
    { role: "assistant", parts: [{ type: "tool_call", id: "1", name: "sum", arguments: { a: 1 } }] },
    { role: "tool", parts: [{ type: "tool_call_response", id: "1", response: "2" }] },
  ]);
  expect(found.map(({ role }) => role)).toEqual(["user", "assistant"]);
  expect(found[1]?.parts[0]).toMatchObject({ kind: "tool_call", name: "sum", output: "2" });
});

test("images are told of by their reference, and their data is left out", () => {
  const parts = promptMessages([
    {
      role: "user",
      content: [
        { type: "image_url", image_url: { url: "https://example.com/cat.png" } },
        { type: "image_url", image_url: { url: `data:image/png;base64,${"A".repeat(4096)}` } },
        { type: "image", source: { type: "base64", media_type: "image/jpeg", data: "AAAA" } },
      ],
    },
  ])[0]?.parts;
  expect(parts).toEqual([
    { kind: "media", what: "image", source: "https://example.com/cat.png", detail: null },
    { kind: "media", what: "image", source: null, detail: "image/png, 3 kB, in the text" },
    { kind: "media", what: "image", source: null, detail: "image/jpeg, 1 kB, in the text" },
  ]);
});

test("what is unknown is shown as it is", () => {
  const odd = { type: "hologram", value: 3 };
  expect(promptMessages([{ role: "user", content: [odd] }])[0]?.parts).toEqual([{ kind: "data", value: odd }]);
  expect(promptMessages([{ role: "user", content: { a: 1 } }])[0]?.parts).toEqual([{ kind: "data", value: { a: 1 } }]);
});

test("only objects and lists count as structure", () => {
  expect(structure("17")).toBeUndefined();
  expect(structure('"a"')).toBeUndefined();
  expect(structure("{oops")).toBeUndefined();
  expect(structure(" [1] ")).toEqual([1]);
});
