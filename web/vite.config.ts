import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The server whose API the dev server passes requests on to. */
const API = process.env.CALLSCOPE_API ?? "http://localhost:8000";
const ROUTES = [
  "/auth", "/users", "/projects", "/api-keys", "/llm", "/metrics", "/feedback", "/settings", "/audit-log", "/health",
  "/openapi.json",
];

export default defineConfig({
  base: "/ui/",
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    // The server answers a request that changes something only from its own origin.
    proxy: Object.fromEntries(
      ROUTES.map((route) => [route, { target: API, changeOrigin: true, headers: { origin: API } }]),
    ),
  },
  build: {
    outDir: "dist",
    // The content security policy has no place for inlined assets other than images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The charts' chunk; nothing else comes near it.
    chunkSizeWarningLimit: 700,
  },
});
