import { expect, test } from "vitest";
import type { AuditEntryOut } from "@/api/schema";
import { actionWords, fieldChanges, subjectWords } from "./words";

const entry = (part: Partial<AuditEntryOut>): AuditEntryOut => ({
  id: 1,
  created_at: "2026-11-20T09:30:00Z",
  user_id: 1,
  actor: "jane@example.com",
  action: "settings.update",
  subject: "settings",
  before: null,
  after: null,
  ...part,
});
const names = (id: number) => ["", "default", "shop"][id] ?? "a project that is gone";

test("what was done is said in words, and what is not known as it came", () => {
  expect(actionWords("api_key.revoke")).toBe("Deleted an API key");
  expect(actionWords("moon.landing")).toBe("moon.landing");
});

test.each([
  ["settings.update", "settings", ""],
  ["end_user.erased", "an end user", ""],
  ["user.update", "user jane@example.com", "jane@example.com"],
  ["api_key.create", "API key 3 the shop's key", "the shop's key"],
  ["project.create", "project user research", "user research"],
  ["model.update", "model openai/gpt-4o", "openai/gpt-4o"],
  ["repricing.done", "repricing 3 of openai/gpt-4o", "openai/gpt-4o"],
])("%s of “%s” is about “%s”", (action, subject, words) =>
  expect(subjectWords(entry({ action, subject }))).toBe(words),
);

test("each field says from what to what", () => {
  const changed = entry({
    before: { claude_haiku_45_enabled: true, max_tokens_per_request: null },
    after: { claude_haiku_45_enabled: false, max_tokens_per_request: 4096 },
  });
  expect(fieldChanges(changed, names)).toEqual([
    { field: "Claude Haiku 4.5", before: "on", after: "off" },
    { field: "Tokens per request, at most", before: "no cap", after: "4,096" },
  ]);
});

test("projects have their names", () => {
  const [change] = fieldChanges(entry({ before: { projects: null }, after: { projects: [1, 2] } }), names);
  expect(change).toEqual({ field: "Projects", before: "all projects", after: "default, shop" });
});

test("a price that is corrected or removed says what it was, one that is added does not", () => {
  const price = { valid_from: "2026-10-31T18:15:00Z", source: "contract", input: 40, steps: [{ above: 200_000 }] };
  const [corrected] = fieldChanges(entry({ before: { prices: [price] }, after: { prices: [] } }), names);
  const words = "from 1 Nov 2026, 00:00:00 (contract): input $40, and 1 step for longer prompts";
  expect(corrected).toEqual({ field: "Prices", before: words, after: "none" });
  const [added] = fieldChanges(entry({ before: { prices: [] }, after: { prices: [price] } }), names);
  expect(added).toEqual({ field: "Prices", before: undefined, after: words });
});

test("what is new has no before", () => {
  expect(fieldChanges(entry({ after: { role: "VIEWER" } }), names)).toEqual([{ field: "Role", after: "Viewer" }]);
});

test("of what is new nothing is said twice, and nothing that is empty", () => {
  const made = entry({ subject: "project shop", after: { name: "shop", description: "" } });
  expect(fieldChanges(made, names)).toEqual([]);
  expect(fieldChanges(entry({ after: { projects: null, can_read_calls: false } }), names)).toEqual([
    { field: "Projects", after: "all projects" },
    { field: "May read calls", after: "no" },
  ]);
});

test("a price is told in its parts", () => {
  const price = { valid_from: "2026-12-01T00:00:00Z", source: "contract", input: 2.5, output: 10 };
  expect(fieldChanges(entry({ before: { prices: [] }, after: { prices: [price] } }), names)).toEqual([
    { field: "Prices", after: "from 1 Dec 2026, 05:45:00 (contract): input $2.5, output $10" },
  ]);
});
