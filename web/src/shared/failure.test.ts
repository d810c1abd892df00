import { expect, test } from "vitest";
import { ApiError } from "@/api/error";
import { failureOf } from "./failure";

const wrong = (...errors: { field: string; message: string }[]) => new ApiError(422, "two things are wrong", errors);

test("without an error nothing is said", () => {
  const { at, general } = failureOf(null, ["name"]);
  expect([at("name"), general]).toEqual([undefined, null]);
});

test("what is wrong with a field is said there, as a sentence, and not again above", () => {
  const { at, general } = failureOf(wrong({ field: "name", message: "must have 1 to 100 characters" }), ["name"]);
  expect(at("name")).toBe("Must have 1 to 100 characters");
  expect(general).toBeNull();
});

test("a part of a field counts as the field", () => {
  const { at, general } = failureOf(wrong({ field: "prices.0.input", message: "is too much" }), ["prices.0.input"]);
  expect(at("prices.0.input")).toBe("Is too much");
  expect(general).toBeNull();
  expect(failureOf(wrong({ field: "projects.2", message: "is unknown" }), ["projects"]).at("projects")).toBe(
    "Is unknown",
  );
});

test("what the form has no field for is said above", () => {
  const both = wrong({ field: "name", message: "is long" }, { field: "project", message: "is unknown" });
  expect(failureOf(both, ["name"]).general).toBe(both);
});

test("a conflict is said at the field that it is about", () => {
  const taken = new ApiError(409, "There is a user with this email already.");
  expect(failureOf(taken, ["email"], "email").at("email")).toBe(taken.detail);
  expect(failureOf(taken, ["email"], "email").general).toBeNull();
  expect(failureOf(taken, ["email"]).general).toBe(taken);
});
