/** JSON that can be folded. What is folded is not there, so that a large one costs little. */
import { Button } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import { CopyButton } from "@/shared/CopyButton";
import { countExact } from "@/shared/format";
import classes from "./call.module.css";

/** A branch with more entries than this starts folded, but for the outermost. */
const OPEN_ENTRIES = 12;
const OPEN_DEPTH = 3;
const MOST_ENTRIES = 100;
const MOST_CHARS = 1_000;

export function JsonView({ value, label = "Copy the JSON" }: { value: unknown; label?: string }) {
  return (
    <div className={classes.json} dir="ltr">
      <div className={classes.jsonCopy}>
        <CopyButton value={() => JSON.stringify(value, null, 2)} label={label} />
      </div>
      <Value name={null} value={value} depth={0} last />
    </div>
  );
}

interface ValueProps {
  name: string | null;
  value: unknown;
  depth: number;
  last: boolean;
}

function Value({ name, value, depth, last }: ValueProps) {
  const branch = typeof value === "object" && value !== null;
  if (branch) return <Branch name={name} value={value} depth={depth} last={last} />;
  return (
    <div className={classes.leaf}>
      <Key name={name} />
      <Leaf value={value} />
      {!last && ","}
    </div>
  );
}

function Branch({ name, value, depth, last }: ValueProps & { value: object }) {
  const list = Array.isArray(value);
  const entries: [string, unknown][] = Object.entries(value);
  const [open, setOpen] = useState(depth === 0 || (depth < OPEN_DEPTH && entries.length <= OPEN_ENTRIES));
  const [all, setAll] = useState(false);
  const [left, right] = list ? "[]" : "{}";
  const shown = all ? entries : entries.slice(0, MOST_ENTRIES);
  const what = list ? "item" : "key";
  const held = `${countExact(entries.length)} ${what}${entries.length === 1 ? "" : "s"}`;
  if (entries.length === 0) {
    return (
      <div className={classes.leaf}>
        <Key name={name} />
        {left}
        {right}
        {!last && ","}
      </div>
    );
  }
  return (
    <div>
      <button type="button" className={classes.branch} aria-expanded={open} onClick={() => setOpen(!open)}>
        <IconChevronRight size={12} aria-hidden />
        <Key name={name} />
        {left}
        {!open && (
          <>
            <span className={classes.held}> {held} </span>
            {right}
            {!last && ","}
          </>
        )}
      </button>
      {open && (
        <>
          <div className={classes.entries}>
            {shown.map(([key, inner], index) => (
              <Value
                key={key}
                name={list ? null : key}
                value={inner}
                depth={depth + 1}
                last={index === entries.length - 1}
              />
            ))}
            {shown.length < entries.length && (
              <Button size="compact-xs" variant="subtle" onClick={() => setAll(true)}>
                Show all {held}
              </Button>
            )}
          </div>
          <div className={classes.leaf}>
            {right}
            {!last && ","}
          </div>
        </>
      )}
    </div>
  );
}

function Key({ name }: { name: string | null }) {
  if (name === null) return null;
  return (
    <>
      <span className={classes.key}>{JSON.stringify(name)}</span>
      {": "}
    </>
  );
}

function Leaf({ value }: { value: unknown }) {
  const [all, setAll] = useState(false);
  if (typeof value === "string") {
    const cut = !all && value.length > MOST_CHARS;
    return (
      <>
        <span className={classes.string} dir="auto">
          {JSON.stringify(cut ? `${value.slice(0, MOST_CHARS)}…` : value)}
        </span>
        {cut && (
          <Button size="compact-xs" variant="subtle" onClick={() => setAll(true)}>
            Show all {countExact(value.length)} characters
          </Button>
        )}
      </>
    );
  }
  return <span className={typeof value === "number" ? classes.number : classes.literal}>{JSON.stringify(value)}</span>;
}
