import { expect, test } from "vitest";
import type { UserOut } from "@/api/schema";
import { changesOf, NEW_USER, rightsOf, sentRights } from "./rights";

const SAM: UserOut = {
  id: 3,
  email: "sam@example.com",
  role: "VIEWER",
  projects: ["shop", "search"],
  can_read_calls: false,
  is_active: true,
  created_at: "2026-03-01T09:30:00Z",
};

test("what was not touched is not sent", () => {
  expect(changesOf(SAM, rightsOf(SAM))).toEqual({});
  expect(changesOf(SAM, { ...rightsOf(SAM), projects: ["search", "shop"] })).toEqual({});
});

test("only what differs is sent", () => {
  expect(changesOf(SAM, { ...rightsOf(SAM), can_read_calls: true })).toEqual({ can_read_calls: true });
  expect(changesOf(SAM, { ...rightsOf(SAM), limited: false })).toEqual({ projects: null });
  expect(changesOf(SAM, { ...rightsOf(SAM), projects: [] })).toEqual({ projects: [] });
});

test("an admin is never limited", () => {
  expect(changesOf(SAM, { ...rightsOf(SAM), role: "ADMIN" })).toEqual({ role: "ADMIN" });
  expect(sentRights({ ...NEW_USER, role: "ADMIN", limited: true, projects: ["shop"] })).toEqual({ role: "ADMIN" });
});

test("who becomes a viewer again gets the rights that the form shows", () => {
  const admin: UserOut = { ...SAM, role: "ADMIN", projects: null, can_read_calls: true };
  const form = {
    ...rightsOf(admin),
    role: "VIEWER" as const,
    limited: true,
    projects: ["shop"],
    can_read_calls: false,
  };
  expect(changesOf(admin, form)).toEqual({ role: "VIEWER", projects: ["shop"], can_read_calls: false });
});
