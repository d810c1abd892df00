/** Which models are worth comparing with: those in use, and cheaper ones of the same maker and family. */
import type { CostRowOut, ModelOut } from "@/api/schema";

/** The API compares with as many at once. */
export const MOST_MODELS = 10;
const SUGGESTED = 5;

type Named = Pick<ModelOut, "name" | "provider">;

/** As the address and the API name a model: `openai/gpt-4o`. */
export function keyOf({ name, provider }: Named): string {
  return `${provider}/${name}`;
}

/** The priced models that cost most. */
export function inUse(rows: CostRowOut[]): string[] {
  return rows
    .filter((row) => row.provider && row.calls > 0 && (row.unpriced_calls ?? 0) < row.calls)
    .sort((a, b) => b.cost - a.cost)
    .slice(0, SUGGESTED)
    .map(({ name, provider }) => keyOf({ name, provider: provider ?? "" }));
}

/**
 * Cheaper models of the same provider and family as those that cost most, the newest first: of each in turn one, up to five.
 * What a token costs is weighed as this window's tokens are: `prompt` of them went in, the others came out.
 */
export function cheaper(rows: CostRowOut[], catalogue: ModelOut[], promptShare: number): string[] {
  const rate = (model: ModelOut) => perToken(model, promptShare);
  const dearest = inUse(rows)
    .map((key) => catalogue.find((model) => keyOf(model) === key))
    .filter((model) => model !== undefined);
  const choices = dearest.map((source) => {
    const limit = rate(source) ?? 0;
    return catalogue
      .filter((model) => model.provider === source.provider && family(model) === family(source))
      .filter((model) => model.enabled && !isSnapshot(model.name) && (rate(model) ?? limit) < limit)
      .sort((a, b) => version(b.name) - version(a.name) || (rate(b) ?? 0) - (rate(a) ?? 0))
      .map(keyOf);
  });
  const found = new Set<string>();
  for (let turn = 0; turn < SUGGESTED; turn++) {
    for (const keys of choices) {
      const key = keys[turn];
      if (key !== undefined && found.size < SUGGESTED) found.add(key);
    }
  }
  return [...found];
}

/** Dollars for a million tokens of the window's mix; null for a model without a price in force. */
function perToken(model: ModelOut, promptShare: number): number | null {
  if (model.cost_per_1k_tokens !== null) return model.cost_per_1k_tokens * 1000;
  const now = new Date();
  const price = model.prices.filter(({ valid_from }) => valid_from === null || new Date(valid_from) <= now).at(-1);
  return price ? price.input * promptShare + (price.output ?? 0) * (1 - promptShare) : null;
}

/** gpt-4o-mini → gpt; claude-haiku-5-5 → claude. OpenAI's o1, o3 and o4 are of the family of gpt. */
function family({ name }: Named): string {
  const word = /^[a-z]+/i.exec(name)?.[0].toLowerCase() ?? name;
  return word === "o" || word === "chatgpt" ? "gpt" : word;
}

/** claude-haiku-5-5 → 5.5; gpt-6.1-sol → 6.1; 0 where there is none. */
function version(name: string): number {
  const found = /(\d{1,2})(?:[.-](\d{1,2}))?(?!\d)/.exec(name);
  return found ? Number(`${found[1]}.${found[2] ?? 0}`) : 0;
}

function isSnapshot(name: string): boolean {
  return /(\d{8}|\d{4}-\d{2}-\d{2}|-\d{4}|-latest|-preview.*)$/.test(name);
}
