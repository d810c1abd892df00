/** What an API key may do, in words. */
import type { Scope } from "@/api/schema";

/** Those that the server acts on. */
export const SCOPES: { value: Scope; label: string; what: string }[] = [
  { value: "ingest", label: "ingest", what: "Log calls and feedback. What a program needs that makes calls." },
  {
    value: "metrics",
    label: "metrics",
    what: "Read figures: counts, cost, latency, errors. For a report or an alert.",
  },
  {
    value: "calls",
    label: "calls",
    what: "Read calls with what people wrote, and figures. For an evaluation or an export.",
  },
  {
    value: "gateway",
    label: "gateway",
    what: "Read the settings, and share cached answers with other programs.",
  },
];
