import { NumberInput, Select } from "@mantine/core";
import { api, data } from "@/api/client";
import type { ProjectOut } from "@/api/schema";

/** How long a project keeps what it logs, in days; null is for ever. */
export interface Days {
  payload_days: 7 | 30 | 90 | 365 | null;
  row_days: number | null;
}

const FOREVER = "forever";
const CHOICES = [
  { value: FOREVER, label: "For ever" },
  ...[7, 30, 90, 365].map((days) => ({ value: String(days), label: `${days} days` })),
];

export function daysOf(project: ProjectOut): Days {
  return { payload_days: project.payload_days as Days["payload_days"], row_days: project.row_days };
}

/** What saving these days would delete, in words; null where that is nothing. */
export async function wouldDelete(project: ProjectOut, days: Days): Promise<string | null> {
  const query = { payload_days: days.payload_days ?? undefined, row_days: days.row_days ?? undefined };
  const path = { id: project.id };
  const { rows, payloads } = await data(api.GET("/projects/{id}/retention", { params: { path, query } }));
  const parts = [
    rows.calls > 0 && `about ${rows.calls.toLocaleString("en")} calls from before ${rows.before}`,
    payloads.calls > 0 &&
      `the prompts and answers of about ${payloads.calls.toLocaleString("en")} calls from before ${payloads.before}`,
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(", and ") : null;
}

interface RetentionProps {
  days: Days;
  at: (field: string) => string | undefined;
  onChange: (days: Days) => void;
}

export function Retention({ days, at, onChange }: RetentionProps) {
  return (
    <>
      <Select
        label="Keep prompts and answers"
        description="Deleted so many days after they arrived, a week at a time, so up to 7 days later. Calls stay, with their cost and figures."
        data={CHOICES}
        allowDeselect={false}
        value={days.payload_days === null ? FOREVER : String(days.payload_days)}
        error={at("payload_days")}
        onChange={(value) =>
          onChange({ ...days, payload_days: value === FOREVER ? null : (Number(value) as Days["payload_days"]) })
        }
      />
      <NumberInput
        label="Keep calls (days)"
        description="Deleted with all that belongs to them so many days after they began. Totals stay. Empty: for ever."
        placeholder="For ever"
        min={1}
        max={36500}
        allowDecimal={false}
        value={days.row_days ?? ""}
        error={at("row_days")}
        onChange={(value) => onChange({ ...days, row_days: value === "" ? null : Number(value) })}
      />
    </>
  );
}
