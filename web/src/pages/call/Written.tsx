/** A text that somebody wrote: formatted from Markdown, as JSON, or as it is; folded where it is long. */
import { lazy, memo, Suspense } from "react";
import { countExact } from "@/shared/format";
import classes from "./call.module.css";
import { structure } from "./conversation";
import { Folding } from "./Folding";
import { JsonView } from "./JsonView";
import { useRaw } from "./useRaw";

const Markdown = lazy(() => import("./Markdown").then((module) => ({ default: module.Markdown })));

/** So much is shown of a folded text: more than 24 lines in any case that is not made of empty ones. */
const FOLDED_CHARS = 6_000;
/** Longer texts are not formatted: it would take seconds. */
const MOST_FORMATTED = 100_000;

export const Written = memo(function Written({ text }: { text: string }) {
  const { raw } = useRaw();
  const value = raw ? undefined : structure(text);
  if (value !== undefined) return <Folding label="Show all of it">{() => <JsonView value={value} />}</Folding>;
  const lines = text.split("\n").length;
  const label = lines > 24 ? `Show all ${countExact(lines)} lines` : `Show all ${countExact(text.length)} characters`;
  return (
    <Folding label={label} more={text.length > FOLDED_CHARS}>
      {(open) => <Shown text={open ? text : begin(text)} raw={raw || (open && text.length > MOST_FORMATTED)} />}
    </Folding>
  );
});

function Shown({ text, raw }: { text: string; raw: boolean }) {
  const plain = (
    <div className={classes.plain} dir="auto">
      {text}
    </div>
  );
  if (raw) return plain;
  return (
    <Suspense fallback={plain}>
      <Markdown text={text} />
    </Suspense>
  );
}

/** The first characters, not half of one that takes two. */
function begin(text: string): string {
  const end = text.codePointAt(FOLDED_CHARS - 1) ?? 0;
  return text.slice(0, end > 0xffff ? FOLDED_CHARS - 1 : FOLDED_CHARS);
}
