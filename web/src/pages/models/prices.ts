/** What a model costs now, and what is typed for a new price. */
import type { ModelOut, PriceDetail, PricedAs, PriceIn, PriceOut } from "@/api/schema";
import { timeToType } from "@/shared/range";

export type PriceNow = { kind: "flat"; per1k: number } | { kind: "price"; price: PriceOut } | { kind: "none" };

/** The flat rate goes before all prices; of those the one holds that came into force last. */
export function priceNow(model: ModelOut, now: Date): PriceNow {
  if (model.cost_per_1k_tokens !== null) return { kind: "flat", per1k: model.cost_per_1k_tokens };
  const price = model.prices
    .filter((price) => standing(price, now) === "now")
    .sort((a, b) => time(a) - time(b))
    .at(-1);
  return price ? { kind: "price", price } : { kind: "none" };
}

export type Standing = "past" | "now" | "future";

/** Whether a price held, holds or will hold. */
export function standing({ valid_from, valid_to }: Pick<PriceOut, "valid_from" | "valid_to">, now: Date): Standing {
  if (valid_from !== null && new Date(valid_from) > now) return "future";
  return valid_to !== null && new Date(valid_to) <= now ? "past" : "now";
}

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** "16:30–24:00 UTC on Sat, Sun"; nothing for what holds all the time. */
export function times({ weekdays, hours }: Pick<PriceDetail, "weekdays" | "hours">): string {
  const on = weekdays && `on ${weekdays.map((day) => DAYS[day - 1]).join(", ")}`;
  const at = hours?.map((span) => span.replace("-", "–")).join(", ");
  return at || on ? [at, "UTC", on].filter(Boolean).join(" ") : "";
}

function time({ valid_from }: PriceOut): number {
  return valid_from === null ? Number.NEGATIVE_INFINITY : new Date(valid_from).getTime();
}

/** $2.50 · $0.075 · $0.000125: a price has all its decimals, and at least a cent's. */
export function rate(dollars: number): string {
  return `$${dollars.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 9 })}`;
}

export const SHOWN = ["all", "no_price", "off", "own"] as const;
export type Shown = (typeof SHOWN)[number];

export interface Wanted {
  q?: string;
  shown?: Shown;
}

/** The models that fit the search box and the menu: every word of `q` is in the name or the provider. */
export function fitting(models: readonly ModelOut[], { q = "", shown }: Wanted, now: Date): ModelOut[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return models.filter((model) => {
    const text = `${model.name} ${model.provider}`.toLowerCase();
    return (
      words.every((word) => text.includes(word)) &&
      (shown !== "no_price" || priceNow(model, now).kind === "none") &&
      (shown !== "off" || !model.enabled) &&
      (shown !== "own" || isOwn(model))
    );
  });
}

/** Whether an administrator has set what the model costs. */
function isOwn({ cost_per_1k_tokens, prices }: ModelOut): boolean {
  return cost_per_1k_tokens !== null || prices.some(({ price_source }) => price_source === "override");
}

/** Whether the price book has a price of it. */
export function hasBookPrice({ prices }: ModelOut): boolean {
  return prices.some(({ price_source }) => price_source === "catalogue");
}

/** openai/gpt-4o */
export function pricedAsKey({ name, provider }: Pick<ModelOut, "name" | "provider">): string {
  return `${provider}/${name}`;
}

/** `openai/gpt-4o` → its provider and its name, which may have a `/` itself; null for what is neither. */
export function readPricedAs(text: string): PricedAs | null {
  const found = /^\s*([^/]+?)\s*\/\s*(.+?)\s*$/.exec(text);
  return found?.[1] && found[2] ? { provider: found[1], model: found[2] } : null;
}

/** The model that `?model=NAME` means, of this provider if one is named. */
export function named(models: readonly ModelOut[], name: string, provider?: string): ModelOut | undefined {
  const found = models.filter((model) => model.name === name);
  return found.find((model) => model.provider === provider) ?? found[0];
}

type Amounts<T> = { [K in keyof T]: T[K] extends number | null ? K : never }[keyof T];
/** What can have a price. */
export type Amount = Exclude<Amounts<PriceOut>, "id">;

interface Kind {
  key: Amount;
  label: string;
  /** What it costs as, where it has no price of its own. */
  without?: string;
  /** Not by tokens. */
  each?: boolean;
}

/** In the order of a bill. */
export const KINDS: readonly Kind[] = [
  { key: "input", label: "Input" },
  { key: "cached_input", label: "Cached input", without: "input" },
  { key: "cache_write", label: "Cache write", without: "input" },
  { key: "cache_write_1h", label: "Cache write, 1 h", without: "cache write" },
  { key: "output", label: "Output" },
  { key: "reasoning", label: "Reasoning", without: "output" },
  { key: "audio_input", label: "Audio in", without: "input" },
  { key: "audio_output", label: "Audio out", without: "output" },
  { key: "image_input", label: "Image in", without: "input" },
  { key: "image_output", label: "Image out", without: "output" },
  { key: "request", label: "Request", each: true },
  { key: "server_tool", label: "Tool call", each: true },
];

/** As typed. */
export interface PriceForm extends Record<Amount, string> {
  /** Of an `<input type="datetime-local">`: in the viewer's zone; empty: now. */
  valid_from: string;
  valid_to: string;
  source: string;
}

const NO_AMOUNTS = Object.fromEntries(KINDS.map(({ key }) => [key, ""])) as Record<Amount, string>;
export const NO_PRICE: PriceForm = { ...NO_AMOUNTS, valid_from: "", valid_to: "", source: "" };

/** A price as it would have been typed, to be corrected. */
export function typed(price: PriceOut): PriceForm {
  const amounts = KINDS.map(({ key }) => [key, plain(price[key])]);
  const local = (time: string | null) => (time === null ? "" : timeToType(new Date(time)).replace(" ", "T"));
  return {
    ...(Object.fromEntries(amounts) as Record<Amount, string>),
    valid_from: local(price.valid_from),
    valid_to: local(price.valid_to),
    source: price.source,
  };
}

/** All decimals, and no exponent: 1e-7 would not be read again. */
function plain(amount: number | null): string {
  return amount === null ? "" : amount.toLocaleString("en-US", { maximumFractionDigits: 9, useGrouping: false });
}

/** Dollars as a number; null for nothing typed; undefined for what is no amount. */
export function readAmount(text: string): number | null | undefined {
  const plain = text.trim().replace(/^\$/, "");
  if (plain === "") return null;
  return /^(\d{1,12}(\.\d*)?|\.\d+)$/.test(plain) ? Number(plain) : undefined;
}

export type Faults = Partial<Record<string, string>>;

export const NO_AMOUNT = "Must be an amount in dollars, such as 2.5";
const MISSING = "Must be given; 0 if it costs nothing";

/** The price as the API takes it, or what is wrong with what was typed, by field. */
export function readPrice(form: PriceForm): { price: PriceIn } | { faults: Faults } {
  const faults: Faults = {};
  const amounts: Partial<Record<Amount, number>> = {};
  for (const { key } of KINDS) {
    const amount = readAmount(form[key]);
    if (amount === undefined) faults[key] = NO_AMOUNT;
    else if (amount !== null) amounts[key] = amount;
    else if (key === "input" || key === "output") faults[key] = MISSING;
  }
  const valid_from = readTime(form.valid_from);
  const valid_to = readTime(form.valid_to);
  if (valid_from === undefined) faults.valid_from = NO_TIME;
  if (valid_to === undefined) faults.valid_to = NO_TIME;
  const { input, output, ...others } = amounts;
  if (Object.keys(faults).length > 0 || input === undefined || output === undefined) return { faults };
  const source = form.source.trim();
  const times = { ...(valid_from && { valid_from }), ...(valid_to && { valid_to }) };
  // The generated types ask for whatever has a default; the API does not.
  return { price: { input, output, ...others, ...times, ...(source && { source }) } as PriceIn };
}

export const NO_TIME = "Must be a date and a time";

/** ISO 8601 of an `<input type="datetime-local">`; null for nothing typed; undefined for what is no time. */
export function readTime(text: string): string | null | undefined {
  if (text === "") return null;
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
