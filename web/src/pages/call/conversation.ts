/**
 * What was said in a call, from whatever the program logged: a plain text, the messages of an API (OpenAI's chat completions
 * and responses, Anthropic's, Google's, OpenTelemetry's), as a list, as `{messages: …}`, or as the JSON of one. What is in no
 * known form is shown as the JSON that it is.
 */

export type Part =
  | { kind: "text"; text: string }
  | { kind: "reasoning"; text: string }
  | { kind: "tool_call"; id: string | null; name: string; input: unknown; output?: unknown; failed?: boolean }
  | { kind: "tool_result"; id: string | null; name: string | null; output: unknown; failed: boolean }
  | { kind: "media"; what: string; source: string | null; detail: string | null }
  | { kind: "data"; value: unknown };

export interface Message {
  role: string;
  /** Who of several speakers of a role. */
  name: string | null;
  parts: Part[];
}

type Fields = Record<string, unknown>;

/** The messages that went in. */
export function promptMessages(prompt: unknown): Message[] {
  return withResults(messagesOf(prompt, "user"));
}

/** The messages that came out. */
export function answerMessages(response: unknown): Message[] {
  return withResults(messagesOf(response, "assistant"));
}

function messagesOf(value: unknown, role: string): Message[] {
  if (value === null || value === undefined || value === "") return [];
  if (typeof value === "string") {
    const parsed = structure(value);
    const found = parsed === undefined ? null : known(parsed, role);
    return found ?? [{ role, name: null, parts: [{ kind: "text", text: value }] }];
  }
  return known(value, role) ?? [{ role, name: null, parts: [{ kind: "data", value }] }];
}

/** The messages of a structure that is in a known form; null for any other. */
function known(value: unknown, role: string): Message[] | null {
  if (Array.isArray(value)) {
    if (value.length > 0 && value.every(isMessage)) return value.flatMap((item) => messageOf(item, role));
    if (value.length > 0 && value.every(isPart)) return [{ role, name: null, parts: value.map(partOf) }];
    return null;
  }
  if (!isFields(value)) return null;
  const { system, instructions, choices, candidates, output, message } = value;
  const list = [value.messages, value.contents, value.input].find(Array.isArray);
  if (list) {
    const before = system ?? instructions ?? value.systemInstruction ?? value.system_instruction;
    const rest = known(list, role);
    return rest && [...(before ? systemMessage(before) : []), ...rest];
  }
  if (Array.isArray(choices))
    return answersOf(
      choices.map((choice) => fields(choice).message),
      role,
    );
  if (Array.isArray(candidates))
    return answersOf(
      candidates.map((candidate) => fields(candidate).content),
      role,
    );
  if (Array.isArray(output)) return known(output, role);
  if (isFields(message)) return isMessage(message) ? messageOf(message, role) : null;
  return isMessage(value)
    ? messageOf(value, role)
    : isPart(value)
      ? [{ role, name: null, parts: [partOf(value)] }]
      : null;
}

function answersOf(messages: unknown[], role: string): Message[] | null {
  if (messages.length === 0 || !messages.every(isMessage)) return null;
  return messages.flatMap((message) => messageOf(message, role));
}

function systemMessage(value: unknown): Message[] {
  if (isFields(value) && "parts" in value) return messageOf({ role: "system", ...value }, "system");
  return [{ role: "system", name: null, parts: partsOf(value) }];
}

/** Items of OpenAI's responses that are no messages, but belong among them. */
const ITEMS = ["function_call", "function_call_output", "reasoning", "custom_tool_call", "custom_tool_call_output"];

function isMessage(value: unknown): value is Fields {
  if (!isFields(value)) return false;
  if (typeof value.type === "string" && ITEMS.includes(value.type)) return true;
  if (typeof value.role !== "string") return Array.isArray(value.parts) && value.parts.every(isFields);
  return ["content", "parts", "tool_calls", "refusal", "reasoning_content"].some((key) => key in value);
}

function isPart(value: unknown): value is Fields {
  return isFields(value) && (typeof value.type === "string" ? partOf(value).kind !== "data" : isGooglePart(value));
}

function messageOf(message: Fields, otherwise: string): Message[] {
  if (typeof message.role !== "string" && typeof message.type === "string" && ITEMS.includes(message.type)) {
    const role = message.type.endsWith("_output") ? "tool" : "assistant";
    return [{ role, name: null, parts: [partOf(message)] }];
  }
  const role = roleOf(text(message.role) ?? otherwise);
  const name = text(message.name);
  const content = message.content ?? message.parts;
  const thought = text(message.reasoning_content) ?? text(message.reasoning);
  const parts: Part[] = thought ? [{ kind: "reasoning", text: thought }] : [];
  if (role === "tool" && text(message.tool_call_id)) {
    const output = typeof content === "string" ? (structure(content) ?? content) : content;
    parts.push({ kind: "tool_result", id: text(message.tool_call_id), name, output, failed: false });
    return [{ role, name: null, parts }];
  }
  parts.push(...partsOf(content));
  const refusal = text(message.refusal);
  if (refusal) parts.push({ kind: "text", text: refusal });
  if (Array.isArray(message.tool_calls)) parts.push(...message.tool_calls.map(toolCallOf));
  if (isFields(message.function_call)) parts.push(toolCallOf({ function: message.function_call }));
  return [{ role, name, parts }];
}

const ROLES: Record<string, string> = { model: "assistant", ai: "assistant", human: "user", function: "tool" };

function roleOf(role: string): string {
  return ROLES[role] ?? role;
}

function partsOf(content: unknown): Part[] {
  if (content === null || content === undefined || content === "") return [];
  if (typeof content === "string") return [{ kind: "text", text: content }];
  if (Array.isArray(content)) return content.map(partOf);
  return [isFields(content) ? partOf(content) : { kind: "data", value: content }];
}

function partOf(part: unknown): Part {
  if (typeof part === "string") return { kind: "text", text: part };
  if (!isFields(part)) return { kind: "data", value: part };
  const type = text(part.type) ?? "";
  if (type === "" && isGooglePart(part)) return googlePart(part);
  if (["text", "input_text", "output_text"].includes(type)) {
    const said = text(part.text) ?? text(part.content);
    if (said !== null) return { kind: "text", text: said };
  }
  if (type === "refusal" && text(part.refusal)) return { kind: "text", text: text(part.refusal) ?? "" };
  if (["thinking", "reasoning", "redacted_thinking"].includes(type))
    return { kind: "reasoning", text: thoughtOf(part) };
  if (["tool_use", "tool_call", "function_call", "server_tool_use", "custom_tool_call", "function"].includes(type)) {
    return toolCallOf(part);
  }
  if (
    /^(tool_result|tool_call_response|function_call_output|custom_tool_call_output)$/.test(type) ||
    /_tool_result$/.test(type)
  ) {
    return toolResultOf(part);
  }
  return mediaOf(type, part) ?? { kind: "data", value: part };
}

function thoughtOf(part: Fields): string {
  const own = text(part.thinking) ?? text(part.content) ?? text(part.text);
  if (own !== null) return own;
  const pieces = [part.summary, part.content].find((list) => Array.isArray(list) && list.length > 0);
  if (Array.isArray(pieces)) return pieces.map((piece) => text(fields(piece).text) ?? "").join("\n\n");
  return "";
}

function toolCallOf(call: unknown): Part {
  const part = fields(call);
  const called = isFields(part.function) ? part.function : part;
  const input = called.arguments ?? called.input ?? called.args ?? null;
  return {
    kind: "tool_call",
    id: text(part.call_id) ?? text(part.id),
    name: text(called.name) ?? "tool",
    input: typeof input === "string" ? (structure(input) ?? input) : input,
  };
}

function toolResultOf(part: Fields): Part {
  const output = part.content ?? part.response ?? part.output ?? part.result ?? null;
  return {
    kind: "tool_result",
    id: text(part.tool_use_id) ?? text(part.call_id) ?? text(part.id),
    name: text(part.name),
    output: plain(output),
    failed: part.is_error === true,
  };
}

/** A result that is one text is that text, or the structure whose JSON it is. */
function plain(output: unknown): unknown {
  const parts = Array.isArray(output) ? output.map(partOf) : [];
  const only = parts.length === 1 && parts[0]?.kind === "text" ? parts[0].text : output;
  return typeof only === "string" ? (structure(only) ?? only) : only;
}

const GOOGLE = [
  "text",
  "functionCall",
  "functionResponse",
  "inlineData",
  "fileData",
  "function_call",
  "function_response",
];

function isGooglePart(part: Fields): boolean {
  return GOOGLE.some((key) => key in part);
}

function googlePart(part: Fields): Part {
  const said = text(part.text);
  if (said !== null) return { kind: part.thought === true ? "reasoning" : "text", text: said };
  const call = part.functionCall ?? part.function_call;
  if (isFields(call)) return toolCallOf(call);
  const result = part.functionResponse ?? part.function_response;
  if (isFields(result)) return toolResultOf({ ...result, id: result.id ?? result.name });
  const inline = fields(part.inlineData);
  const file = fields(part.fileData);
  const mime = text(inline.mimeType) ?? text(file.mimeType);
  if (mime === null) return { kind: "data", value: part };
  return { kind: "media", what: kindOf(mime), source: text(file.fileUri), detail: detailOf(mime, text(inline.data)) };
}

/** Images, audio and files are told of, never fetched. */
function mediaOf(type: string, part: Fields): Part | null {
  const inside = fields(part.image_url ?? part.input_audio ?? part.source ?? part.file ?? part.image);
  const url = text(part.image_url) ?? text(inside.url) ?? text(part.uri) ?? text(part.url) ?? text(inside.file_url);
  const named = text(part.filename) ?? text(inside.filename) ?? text(part.file_id) ?? text(inside.file_id);
  const mime = text(inside.media_type) ?? text(part.mime_type) ?? mimeOf(url);
  const what = /image/.test(type) ? "image" : /audio/.test(type) ? "audio" : /file|document/.test(type) ? "file" : "";
  const carried = ["blob", "uri"].includes(type);
  if (!what && !carried) return null;
  const data = text(inside.data) ?? text(part.content) ?? text(part.data) ?? (url?.startsWith("data:") ? url : null);
  return {
    kind: "media",
    what: what || kindOf(mime ?? text(part.modality) ?? ""),
    source: url?.startsWith("data:") ? null : url,
    detail: named ?? detailOf(mime ?? text(inside.format), data),
  };
}

function mimeOf(url: string | null): string | null {
  return (url && /^data:([^;,]+)/.exec(url)?.[1]) ?? null;
}

function kindOf(mime: string): string {
  return /^(image|audio|video)/.exec(mime)?.[1] ?? "file";
}

function detailOf(mime: string | null, base64: string | null): string | null {
  const bytes = base64 ? `${Math.max(Math.round((base64.length * 0.75) / 1024), 1)} kB, in the text` : null;
  return [mime, bytes].filter((one) => one !== null).join(", ") || null;
}

/** Results go to the calls that they answer; a message that then says nothing more is left out. */
function withResults(messages: Message[]): Message[] {
  const calls = new Map<string, Extract<Part, { kind: "tool_call" }>>();
  for (const part of messages.flatMap((message) => message.parts)) {
    if (part.kind === "tool_call" && part.id !== null) calls.set(part.id, part);
  }
  return messages.flatMap((message) => {
    const parts = message.parts.filter((part) => {
      if (part.kind !== "tool_result" || part.id === null) return true;
      const call = calls.get(part.id);
      if (!call || "output" in call) return true;
      call.output = part.output;
      call.failed = part.failed;
      return false;
    });
    return parts.length === 0 && message.parts.length > 0 ? [] : [{ ...message, parts }];
  });
}

/** A JSON object or list that a text is; undefined for any other text, also for one that is a mere number. */
export function structure(written: string): unknown {
  const start = written.trimStart()[0];
  if (start !== "{" && start !== "[") return undefined;
  try {
    return JSON.parse(written);
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
