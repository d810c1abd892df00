import { SegmentedControl, TextInput } from "@mantine/core";
import type { ModelIn } from "@/api/schema";
import type { Failure } from "@/shared/failure";
import classes from "./models.module.css";
import { PriceFields } from "./PriceFields";
import { type Faults, NO_AMOUNT, NO_TIME, type PriceForm, readAmount, readPrice, readTime } from "./prices";

export interface PricingForm {
  kind: "price" | "flat" | "none";
  price: PriceForm;
  flat: string;
  /** Of an `<input type="datetime-local">`. */
  flat_from: string;
}

/** What belongs to one model's price: the API's fields as they are named in the form. */
export const PRICING_FIELDS = ["prices", "cost_per_1k_tokens", "cost_per_1k_tokens_from"];

interface PricingProps {
  value: PricingForm;
  /** A model can be added without a price. */
  optional?: boolean;
  faults: Faults;
  at: Failure["at"];
  onChange: (value: PricingForm) => void;
}

export function Pricing({ value, optional = false, faults, at, onChange }: PricingProps) {
  const kinds = [
    { value: "price" as const, label: "Per million tokens" },
    { value: "flat" as const, label: "Flat rate" },
    ...(optional ? [{ value: "none" as const, label: "Not now" }] : []),
  ];
  return (
    <>
      <SegmentedControl
        aria-label="Kind of price"
        data={kinds}
        value={value.kind}
        onChange={(kind) => onChange({ ...value, kind })}
      />
      {value.kind === "price" && (
        <PriceFields
          value={value.price}
          at={(field) => faults[field] ?? at(`prices.0.${field}`)}
          onChange={(part) => onChange({ ...value, price: { ...value.price, ...part } })}
        />
      )}
      {value.kind === "flat" && (
        <>
          <TextInput
            label="Flat rate"
            description="$ per 1,000 tokens, for prompt and completion alike. It goes before all prices."
            inputMode="decimal"
            value={value.flat}
            error={faults.flat ?? at("cost_per_1k_tokens")}
            onChange={(event) => onChange({ ...value, flat: event.currentTarget.value })}
          />
          <TextInput
            type="datetime-local"
            label="Valid from"
            description="Empty: from now on; since ever, if it had no price."
            value={value.flat_from}
            error={faults.flat_from ?? at("cost_per_1k_tokens_from")}
            onChange={(event) => onChange({ ...value, flat_from: event.currentTarget.value })}
          />
        </>
      )}
      {value.kind === "none" && <p className={classes.note}>Its calls have no cost until a price is set.</p>}
    </>
  );
}

type Priced = Partial<Pick<ModelIn, "prices" | "cost_per_1k_tokens" | "cost_per_1k_tokens_from">>;

/** What is sent of the form, or what is wrong with it. */
export function readPricing(form: PricingForm): Priced | { faults: Faults } {
  if (form.kind === "none") return {};
  if (form.kind === "price") {
    const read = readPrice(form.price);
    return "faults" in read ? read : { prices: [read.price] };
  }
  const flat = readAmount(form.flat);
  const from = readTime(form.flat_from);
  if (flat === null || flat === undefined) return { faults: { flat: NO_AMOUNT } };
  if (from === undefined) return { faults: { flat_from: NO_TIME } };
  return { cost_per_1k_tokens: flat, ...(from && { cost_per_1k_tokens_from: from }) };
}
