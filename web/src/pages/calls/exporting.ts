/** Taking out what is filtered: a plain download, for which the session cookie is enough. */
import { callParams } from "@/api/queries";
import { stringifySearch, type View } from "@/shared/search";

export const FORMATS = [
  { format: "csv", label: "CSV", hint: "for spreadsheets" },
  { format: "ndjson", label: "NDJSON", hint: "one JSON object a line" },
  { format: "parquet", label: "Parquet", hint: "needs pyarrow on the server" },
] as const;
export type Format = (typeof FORMATS)[number]["format"];

/** The address of the file. It holds the calls of the view as they are when it is asked for, newest first. */
export function exportAddress(view: View, format: Format, payloads: boolean): string {
  const { sort: _sort, ...filters } = callParams(view);
  return `/llm/calls/export${stringifySearch({ ...filters, format, payloads: payloads || undefined })}`;
}
