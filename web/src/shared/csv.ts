/** Figures to copy into a spreadsheet: what is not known is an empty cell. */
export function csv(head: string[], rows: (string | number | null)[][]): string {
  return `${[head, ...rows].map((cells) => cells.map(cell).join(",")).join("\n")}\n`;
}

/** A name that a spreadsheet would run as a formula is made harmless. */
function cell(value: string | number | null): string {
  if (typeof value !== "string") return String(value ?? "");
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
