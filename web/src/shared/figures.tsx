/**
 * Figures as they are shown everywhere: short for the eye, exact in the tip and for a screen reader. How they are written
 * is in `format.ts`.
 */
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import * as format from "./format";
import { useRights } from "./rights";
import classes from "./shared.module.css";

interface ExactProps {
  short: string;
  exact: string;
  className?: string;
}

/** A short text with its long form. Screen readers are told the long one alone. */
export function Exact({ short, exact, className }: ExactProps) {
  if (short === exact) return <span className={className}>{short}</span>;
  return (
    <span className={className} data-tip={exact}>
      <span aria-hidden="true">{short}</span>
      <span className="hidden">{exact}</span>
    </span>
  );
}

/** 12.4k. `of` names the unit in the exact form: "12,431 tokens", "1 token". */
export function Count({ value, of }: { value: number | null; of?: string }) {
  if (value === null) return <Unknown why="Not measured" />;
  return <Exact short={format.count(value)} exact={of ? format.counted(value, of) : format.countExact(value)} />;
}

/** $0.0042. Null is a cost that is not known: say which `model` has no price, and an admin is shown the way to set it. */
export function Money({ value, model }: { value: number | null; model?: string }) {
  if (value === null) return <NoPrice model={model} />;
  return <Exact short={format.money(value)} exact={format.moneyExact(value)} />;
}

function NoPrice({ model }: { model?: string }) {
  const { isAdmin } = useRights();
  const why = model ? `No price for ${model}` : "No price is known";
  if (!isAdmin) return <Unknown why={why} />;
  return (
    <Link to="/models" search={model ? { model: [model] } : {}} data-tip={`${why}: set one`} className={classes.quiet}>
      <span aria-hidden="true">—</span>
      <span className="hidden">{why}: set one</span>
    </Link>
  );
}

/** — with the reason. */
export function Unknown({ why }: { why: string }) {
  return <Exact short="—" exact={why} className={classes.quiet} />;
}

/** 1.24 s */
export function Latency({ ms }: { ms: number | null }) {
  if (ms === null) return <Unknown why="Not measured" />;
  return <Exact short={format.latency(ms)} exact={format.latencyExact(ms)} />;
}

/** 0.42 %, of a share between 0 and 1, or of counts: then the exact form says them. */
export function Share(props: { value: number | null } | { part: number; whole: number; of: string }) {
  if ("part" in props) {
    if (props.whole === 0) return <Unknown why={`No ${props.of}`} />;
    const exact = format.shareExact(props.part, props.whole, props.of);
    return <Exact short={format.share(props.part / props.whole)} exact={exact} />;
  }
  if (props.value === null) return <Unknown why="Not measured" />;
  return <>{format.share(props.value)}</>;
}

interface ChangeProps {
  now: number | null;
  before: number | null;
  /** Calls in both windows: below 20 nothing is shown. */
  calls: { now: number; before: number };
  /** Whether more is good, bad, or neither (cost, tokens). */
  more?: "good" | "bad" | "neutral";
  /** How both values are written in the tip. */
  write: (value: number) => string;
}

/** ▲ 12 % against the window before. */
export function Change({ now, before, calls, more = "neutral", write }: ChangeProps) {
  const found = format.change(now, before, calls);
  if (found === null || now === null || before === null) return null;
  const moved = found.direction === "up" || found.direction === "down";
  const good = moved && more !== "neutral" && (found.direction === "up") === (more === "good");
  const tone = !moved || more === "neutral" ? classes.quiet : good ? classes.good : classes.bad;
  const sentence = `${write(now)}; ${write(before)} in the window before`;
  return <Exact short={found.text} exact={sentence} className={tone} />;
}

interface TimeProps {
  at: string | Date;
  /** `list`: 14:02:31, with the date if it is not today's. `clock`: without. `ago`: 2 min ago. */
  form?: "list" | "clock" | "ago";
}

export function Time({ at, form = "list" }: TimeProps) {
  const time = typeof at === "string" ? new Date(at) : at;
  const now = useMinute(form === "ago");
  const short =
    form === "ago" ? format.ago(time, now) : form === "clock" ? format.clock(time) : format.dayAndClock(time);
  const exact = form === "ago" ? format.timeExact(time) : `${format.ago(time)}\n${format.timeExact(time)}`;
  return (
    <time dateTime={time.toISOString()} data-tip={exact} className={classes.nowrap}>
      {short}
    </time>
  );
}

/** The time now, anew every half minute if somebody looks at it. */
function useMinute(running: boolean): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    if (!running) return;
    const timer = window.setInterval(() => setNow(new Date()), 30_000);
    return () => window.clearInterval(timer);
  }, [running]);
  // A time that is newer than the last tick would be "in the future".
  return running ? new Date(Math.max(now.getTime(), Date.now())) : now;
}

/** A name of somebody's own (model, project, end user): one line, cut with the whole of it in the tip. */
export function Name({ children, mono }: { children: string; mono?: boolean }) {
  return (
    <span
      className={mono ? `${classes.name} mono` : classes.name}
      data-tip={children.length > 24 ? children : undefined}
      dir="auto"
    >
      {children}
    </span>
  );
}

/** A mark of a series' colour beside its name. */
export function Swatch({ color }: { color: string }) {
  return <span className={classes.swatch} style={{ background: color }} aria-hidden="true" />;
}

export function Quiet({ children }: { children: ReactNode }) {
  return <span className={classes.quiet}>{children}</span>;
}
