import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // A zone with a quarter-hour offset finds what UTC hides.
  test: { include: ["src/**/*.test.ts"], env: { TZ: "Asia/Kathmandu" } },
});
