import { expect, test } from "vitest";
import { parseSearch, readView } from "@/shared/search";
import { exportAddress } from "./exporting";

test("an export has the filters of the list, all values of each, and not its order", () => {
  const view = readView(parseSearch("?range=7d&model=gpt-4o&model=o3&tag=a%26b&sort=cost&call=17&unpriced=false"));
  const address = new URL(exportAddress(view, "ndjson", true), "http://localhost");
  expect(address.pathname).toBe("/llm/calls/export");
  expect(address.searchParams.getAll("model")).toEqual(["gpt-4o", "o3"]);
  expect(address.searchParams.get("tag")).toBe("a&b");
  expect(address.searchParams.get("days")).toBe("7");
  expect(address.searchParams.get("format")).toBe("ndjson");
  expect(address.searchParams.get("payloads")).toBe("true");
  expect(address.searchParams.get("unpriced")).toBe("false");
  expect(address.searchParams.has("sort")).toBe(false);
  expect(address.searchParams.has("call")).toBe(false);
});
