import { NumberInput } from "@mantine/core";

const MOST = 100_000_000;

export interface PerMinuteProps {
  label: string;
  description: string;
  /** null: any number. */
  value: number | null;
  error: string | undefined;
  onChange: (value: number | null) => void;
}

/** How much of something may come within a minute. */
export function PerMinute({ value, onChange, ...texts }: PerMinuteProps) {
  return (
    <NumberInput
      {...texts}
      placeholder="Any number"
      min={1}
      max={MOST}
      allowDecimal={false}
      thousandSeparator=","
      value={value ?? ""}
      onChange={(typed) => onChange(typed === "" ? null : Number(typed))}
    />
  );
}
