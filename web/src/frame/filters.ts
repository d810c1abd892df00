/** What can be filtered by: names, kinds of input, and how a chip says it. */

import type { FacetField } from "@/api/queries";
import { latency, money } from "@/shared/format";
import type { Chip, View } from "@/shared/search";
import { ERROR_KINDS, STATUSES } from "@/shared/search";

export interface Field {
  key: Chip;
  label: string;
  /** Of a `choice` several values may be chosen; a `value` is one of those that there are, or one that is typed. What is `typed` has a place of its own
   * in the page. */
  kind: "choice" | "value" | "number" | "flag" | "typed";
  /** Known to the list of calls alone. */
  calls?: boolean;
  unit?: string;
  values?: readonly string[];
}

const FACETS = [
  "model",
  "provider",
  "status",
  "error_kind",
  "end_user",
  "session_id",
  "trace_id",
  "name",
  "tag",
  "api_key_id",
] as const satisfies readonly (Chip & FacetField)[];

/** The field as the server counts its values; null for one that has none to choose from. */
export function facetOf({ key }: Field): FacetField | null {
  return FACETS.find((facet) => facet === key) ?? null;
}

export const FIELDS: Field[] = [
  { key: "model", label: "Model", kind: "choice" },
  { key: "provider", label: "Provider", kind: "choice" },
  { key: "status", label: "Status", kind: "choice", values: STATUSES },
  { key: "error_kind", label: "Kind of error", kind: "choice", values: ERROR_KINDS, calls: true },
  { key: "text", label: "Text", kind: "typed", calls: true },
  { key: "end_user", label: "End user", kind: "value", calls: true },
  { key: "session_id", label: "Session", kind: "value", calls: true },
  { key: "trace_id", label: "Trace", kind: "value", calls: true },
  { key: "name", label: "Name", kind: "value", calls: true },
  { key: "tag", label: "Tag", kind: "value", calls: true },
  { key: "api_key_id", label: "API key", kind: "value", calls: true },
  { key: "min_latency_ms", label: "Latency at least", kind: "number", unit: "ms", calls: true },
  { key: "max_latency_ms", label: "Latency at most", kind: "number", unit: "ms", calls: true },
  { key: "min_cost", label: "Cost at least", kind: "number", unit: "$", calls: true },
  { key: "max_cost", label: "Cost at most", kind: "number", unit: "$", calls: true },
  { key: "min_tokens", label: "Tokens at least", kind: "number", calls: true },
  { key: "max_tokens", label: "Tokens at most", kind: "number", calls: true },
  { key: "unpriced", label: "Without a price", kind: "flag", calls: true },
  { key: "cache_hit", label: "From the cache", kind: "flag", calls: true },
  { key: "violation", label: "Against a policy", kind: "flag", calls: true },
];

export interface ChipText {
  key: Chip;
  label: string;
  value: string;
  /** The view without it. */
  without: View;
}

/** The chips of a view, one for each value. */
export function chipsOf(view: View): ChipText[] {
  return FIELDS.flatMap((field): ChipText[] => {
    const value = view[field.key];
    if (value === undefined) return [];
    const { key, label } = field;
    if (Array.isArray(value)) {
      return value.map((one) => {
        const others = value.filter((other) => other !== one);
        return { key, label, value: one, without: { [key]: others.length > 0 ? others : undefined } };
      });
    }
    return [{ key, label, value: spoken(field, value), without: { [key]: undefined } }];
  });
}

function spoken(field: Field, value: string | number | boolean): string {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (field.key === "api_key_id") return `number ${value}`;
  if (typeof value === "number") {
    if (field.unit === "ms") return latency(value);
    if (field.unit === "$") return money(value);
    return value.toLocaleString("en-US");
  }
  return value;
}

export interface Choice {
  value: string;
  label: string;
  count?: number;
  /** What was typed, taken as it is. */
  typed?: boolean;
}

/**
 * What a menu offers: of a field whose values are few and known, all of them; else what is chosen and not among the
 * values, the values, and, where one value is wanted, what was typed.
 */
export function choicesOf(field: Field, values: readonly Choice[], chosen: readonly string[], typed: string): Choice[] {
  if (field.values) {
    return field.values.map((value) => values.find((one) => one.value === value) ?? { value, label: value });
  }
  const isThere = (value: string) => values.some((one) => one.value === value);
  const others = chosen.filter((value) => !isThere(value) && value.toLowerCase().includes(typed.toLowerCase()));
  const exact =
    field.kind === "value" && field.key !== "api_key_id" && typed !== "" && !isThere(typed) && !others.includes(typed);
  return [
    ...others.map((value) => ({ value, label: value })),
    ...values,
    ...(exact ? [{ value: typed, label: typed, typed: true }] : []),
  ];
}
