/** Which words of a text a search found: what is marked in a preview. The server finds; this only shows where. */

interface Sought {
  words: string[];
  /** The last word is a beginning. */
  prefix: boolean;
}

const TERM = /(-?)(?:"([^"]*)"?|(\S+?))(\*?)(?=\s|$)/gu;
// Scripts without spaces: each character is a word of its own.
const UNSPACED = "\\p{sc=Han}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Thai}\\p{sc=Lao}\\p{sc=Khmer}\\p{sc=Mymr}";
const WORD = new RegExp(`[${UNSPACED}]\\p{M}*|(?:(?![${UNSPACED}])[\\p{L}\\p{N}\\p{M}_])+`, "gu");

/** What is wanted of a query: its words and phrases, without those to leave out. */
export function soughtIn(query: string | undefined): Sought[] {
  return [...(query ?? "").matchAll(TERM)].flatMap(([, minus, phrase, plain, star]) => {
    const words = (phrase ?? plain ?? "").match(WORD)?.map(folded) ?? [];
    return minus || words.length === 0 ? [] : [{ words, prefix: star === "*" }];
  });
}

/** A text in pieces; every second one was found. */
export function marked(text: string, sought: readonly Sought[]): string[] {
  if (sought.length === 0) return [text];
  const places = [...text.matchAll(WORD)].map((found) => ({
    word: folded(found[0]),
    start: found.index,
    end: found.index + found[0].length,
  }));
  const pieces: string[] = [];
  let done = 0;
  for (let at = 0; at < places.length; ) {
    const length = Math.max(0, ...sought.map((one) => (isAt(places, at, one) ? one.words.length : 0)));
    const from = places[at]?.start ?? 0;
    const to = places[at + length - 1]?.end;
    if (length > 0 && to !== undefined) {
      pieces.push(text.slice(done, from), text.slice(from, to));
      done = to;
    }
    at += Math.max(1, length);
  }
  return [...pieces, text.slice(done)];
}

function isAt(places: readonly { word: string }[], at: number, { words, prefix }: Sought): boolean {
  return words.every((word, index) => {
    const found = places[at + index]?.word;
    return prefix && index === words.length - 1 ? found?.startsWith(word) : found === word;
  });
}

function folded(word: string): string {
  return word.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
