/** Why the cost changed, in words that need no explanation, and as the steps of a waterfall. */
import type { Part, WhyCost } from "@/api/schema";
import { money, share } from "@/shared/format";

interface Words {
  /** What drove the cost up, and what drove it down. */
  more: string;
  less: string;
  same: string;
  /** What is meant, in a sentence. */
  what: string;
}

export const FACTORS: Record<Part["factor"], Words> = {
  volume: {
    more: "More calls",
    less: "Fewer calls",
    same: "As many calls",
    what: "How many calls each project made",
  },
  mix: {
    more: "Dearer models",
    less: "Cheaper models",
    same: "The same models",
    what: "Which models the calls of each project went to",
  },
  prompt_tokens: {
    more: "Longer prompts",
    less: "Shorter prompts",
    same: "Prompts as long",
    what: "How many tokens went in with a call",
  },
  completion_tokens: {
    more: "Longer answers",
    less: "Shorter answers",
    same: "Answers as long",
    what: "How many tokens came out of a call",
  },
  cached_share: {
    more: "Caches saved less",
    less: "Caches saved more",
    same: "Caches saved as much",
    what: "Which share of the prompts was read from a cache, or written to one",
  },
  unit_price: {
    more: "Higher prices",
    less: "Lower prices",
    same: "The same prices",
    what: "What a token cost: prices, service tiers, long prompts; and what is paid besides tokens",
  },
};

/** A change smaller than this share of the sums is none that is worth a name. */
const NOTHING = 0.0005;

export function nameOf(part: Part, why: WhyCost): string {
  const words = FACTORS[part.factor];
  if (Math.abs(part.amount) <= NOTHING * Math.max(why.cost, why.previous_cost)) return words.same;
  return part.amount > 0 ? words.more : words.less;
}

/** +$9.20 · −$1.20 */
export function signed(amount: number): string {
  return amount > 0 ? `+${money(amount)}` : money(amount);
}

/** "$12.10 more than in the window before (+34 %). Mostly: longer prompts (+$9.20). Against it: …" */
export function story(why: WhyCost): string {
  const { difference, previous_cost: before } = why;
  if (Math.abs(difference) <= NOTHING * Math.max(why.cost, before)) return "As much as in the window before.";
  const percent = before > 0 ? ` (${difference > 0 ? "+" : "−"}${share(Math.abs(difference) / before)})` : "";
  const head = `${money(Math.abs(difference))} ${difference > 0 ? "more" : "less"} than in the window before${percent}.`;
  const told = why.parts
    .filter(({ amount }) => Math.abs(amount) >= Math.abs(difference) / 10)
    .sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount));
  const along = told.filter(({ amount }) => amount > 0 === difference > 0).slice(0, 3);
  const against = told.filter(({ amount }) => amount > 0 !== difference > 0).slice(0, 2);
  return [head, listed("Mostly", along, why), listed("Against it", against, why)].filter(Boolean).join(" ");
}

function listed(intro: string, parts: Part[], why: WhyCost): string {
  if (parts.length === 0) return "";
  const texts = parts.map((part) => `${nameOf(part, why).toLowerCase()} (${signed(part.amount)})`);
  const last = texts.pop();
  return `${intro}: ${texts.length > 0 ? `${texts.join(", ")} and ${last}` : last}.`;
}

export interface Step {
  part: Part;
  from: number;
  to: number;
}

/** Each part starts where the one before ended: from the cost before to the cost now. */
export function steps({ previous_cost, parts }: WhyCost): Step[] {
  let at = previous_cost;
  return parts.map((part) => {
    const from = at;
    at += part.amount;
    return { part, from, to: at };
  });
}

/**
 * The ends of the waterfall's scale. Where the steps are small beside the sums, the scale starts above zero, so that they
 * can be seen; the bars of the sums are then drawn as cut.
 */
export function scale(why: WhyCost): { low: number; high: number } {
  const ends = [why.previous_cost, why.cost, ...steps(why).map(({ to }) => to)];
  const [least, high] = [Math.min(...ends), Math.max(...ends)];
  const spread = high - least;
  return { low: spread < high / 3 ? Math.max(least - spread / 2, 0) : 0, high };
}
