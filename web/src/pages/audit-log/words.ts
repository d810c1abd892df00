/** An entry of the audit log in words: what was done, to what, and what became of what. */
import type { AuditEntryOut } from "@/api/schema";
import { countExact, dayAndClock } from "@/shared/format";

/** The kinds that can be chosen, as the API takes them. */
export const KINDS = [
  { value: "settings.*", label: "Settings" },
  { value: "model.*", label: "Models and prices" },
  { value: "repricing.*", label: "Repricings" },
  { value: "user.*", label: "Users" },
  { value: "api_key.*", label: "API keys" },
  { value: "project.*", label: "Projects" },
  { value: "view.*", label: "Shared views" },
  { value: "end_user.*", label: "End users" },
] as const;

const ACTIONS: Record<string, string> = {
  "settings.update": "Changed settings",
  "model.create": "Added a model",
  "model.update": "Changed a model",
  "repricing.start": "Began a repricing",
  "repricing.done": "A repricing ended",
  "repricing.failed": "A repricing failed",
  "repricing.cancelled": "Cancelled a repricing",
  "user.create": "Created a user",
  "user.register": "Registered",
  "user.update": "Changed a user",
  "user.password": "Changed a password",
  "user.delete": "Deleted a user",
  "api_key.create": "Created an API key",
  "api_key.update": "Changed an API key",
  "api_key.revoke": "Deleted an API key",
  "project.create": "Created a project",
  "project.update": "Changed a project",
  "view.create": "Shared a view",
  "view.update": "Changed a shared view",
  "view.delete": "Deleted a shared view",
  "end_user.erase": "Asked to erase an end user",
  "end_user.erased": "An end user was erased",
};

const FIELDS: Record<string, string> = {
  claude_haiku_45_enabled: "Claude Haiku 4.5",
  max_tokens_per_request: "Tokens per request, at most",
  enable_caching: "Response caching",
  cache_ttl_seconds: "Cached answers hold for, in seconds",
  can_read_calls: "May read calls",
  is_active: "Active",
  cost_per_1k_tokens: "Flat rate per 1,000 tokens",
  cost_per_1k_tokens_from: "Flat rate from",
  cached_input: "cached input",
  cache_write: "cache write",
  cache_write_1h: "cache write, 1 h",
  audio_input: "audio in",
  audio_output: "audio out",
  image_input: "image in",
  image_output: "image out",
  server_tool: "tool call",
};

export function actionWords(action: string): string {
  return ACTIONS[action] ?? action;
}

/** `user jane@example.com` → `jane@example.com`, `API key 3 shop` → `shop`: the action says what it is. */
export function subjectWords({ action, subject }: AuditEntryOut): string {
  if (/^(settings|end_user)\./.test(action)) return "";
  return subject.replace(/^(API key \d+|user|project|view|model|repricing \d+ of) /, "");
}

export interface FieldChange {
  field: string;
  before?: string;
  after?: string;
}

/** The fields that changed. `projectName` turns the number of a project into its name. */
export function fieldChanges(entry: AuditEntryOut, projectName: (id: number) => string): FieldChange[] {
  const { before, after } = entry;
  const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const told = keys.filter((key) => before !== null || !isPlain(key, after?.[key], entry.subject));
  return told.map((key) => {
    const write = (values: Record<string, unknown> | null) =>
      values && key in values ? valueWords(key, values[key], projectName) : undefined;
    const said = { field: fieldWords(key), before: write(before), after: write(after) };
    // Prices are added to those there are; only of one that was corrected or removed is told what it was.
    const isAdded = key === "prices" && [before?.prices].flat().length === 0;
    return isAdded ? { ...said, before: undefined } : said;
  });
}

/** Of something new: what is empty, or stands in its name already. */
function isPlain(key: string, value: unknown, subject: string): boolean {
  if (value === "" || (value === null && !key.startsWith("project"))) return true;
  return (key === "name" || key === "provider") && typeof value === "string" && subject.includes(value);
}

function fieldWords(key: string): string {
  const known = FIELDS[key];
  if (known) return known;
  const plain = key.replaceAll("_", " ");
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

function valueWords(key: string, value: unknown, projectName: (id: number) => string): string {
  if (value === null || value === "") return nothing(key);
  if (typeof value === "boolean") {
    if (key === "can_read_calls" || key === "is_active") return value ? "yes" : "no";
    return value ? "on" : "off";
  }
  if (key === "role") return value === "ADMIN" ? "Admin" : "Viewer";
  if (key === "cost_per_1k_tokens" || key === "cost") return `$${String(value)}`;
  if (typeof value === "number") return countExact(value);
  if (key === "projects" && Array.isArray(value)) {
    return value.length === 0 ? "none" : value.map((id) => projectName(Number(id))).join(", ");
  }
  if (Array.isArray(value)) return value.map((one) => priceWords(one)).join("; ") || "none";
  return typeof value === "object" ? priceWords(value) : String(value);
}

function nothing(key: string): string {
  if (key === "max_tokens_per_request") return "no cap";
  if (key === "projects" || key === "project") return "all projects";
  return "none";
}

/** `from 1 Jan 2027, 01:00:00 (contract): input $2.50, output $10.00, and 2 steps for longer prompts` */
function priceWords(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const { valid_from, valid_to, source, steps, ...amounts } = value as Record<string, unknown>;
  const parts = Object.entries(amounts).map(([key, part]) => `${FIELDS[key] ?? key} $${String(part)}`);
  const [from, to] = [timeWords("from", valid_from), timeWords("to", valid_to)];
  const count = Array.isArray(steps) ? steps.length : 0;
  if (count > 0) parts.push(`and ${count} step${count === 1 ? "" : "s"} for longer prompts`);
  return `${from}${to}(${String(source)}): ${parts.join(", ")}`;
}

function timeWords(word: string, time: unknown): string {
  return typeof time === "string" ? `${word} ${dayAndClock(new Date(time), new Date(0))} ` : "";
}
