/** What a part of a page shows while it has nothing, nothing yet, or nothing new to show. */
import { Alert, Button } from "@mantine/core";
import {
  IconAlertTriangle,
  IconClockPause,
  IconFilterOff,
  IconLock,
  IconPlugConnected,
  IconScissors,
} from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type CSSProperties, type ReactNode, useEffect, useState } from "react";
import { asApiError } from "@/api/error";
import { CopyButton } from "./CopyButton";
import { clock } from "./format";
import { type Right, useRights } from "./rights";
import classes from "./shared.module.css";
import { isFiltered, useView } from "./view";

const SKELETON_MS = 150;

/** A grey block of the size of what is coming; it is seen after 150 ms only. */
export function Skeleton({
  height,
  width = "100%",
}: {
  height: CSSProperties["height"];
  width?: CSSProperties["width"];
}) {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const timer = window.setTimeout(() => setSeen(true), SKELETON_MS);
    return () => window.clearTimeout(timer);
  }, []);
  return (
    <div className={classes.skeleton} data-seen={seen || undefined} style={{ height, width }} aria-hidden="true" />
  );
}

interface LoadedProps<T> {
  query: Pick<UseQueryResult<T>, "data" | "error" | "isPlaceholderData" | "dataUpdatedAt" | "refetch">;
  /** Of the size of what is coming. */
  skeleton: ReactNode;
  /** Names it in the sentence "WHAT could not be loaded". */
  what: string;
  /** Old figures are greyed, and that is all: the page says since when, with one `StaleNote` for all its parts. */
  quiet?: boolean;
  children: (data: T) => ReactNode;
}

/**
 * A part of a page that waits for an answer: skeleton, then the children; an error with a retry if there is nothing to show;
 * the old figures, greyed and with their time, if newer ones can't be had.
 */
export function Loaded<T>({ query, skeleton, what, quiet = false, children }: LoadedProps<T>) {
  const { data, error, isPlaceholderData, dataUpdatedAt, refetch } = query;
  if (data === undefined) {
    if (error) return <ErrorNote error={error} what={what} retry={() => void refetch()} />;
    return (
      <div aria-busy="true">
        <span className="hidden">Loading</span>
        {skeleton}
      </div>
    );
  }
  if (error && quiet) return <div className={classes.stale}>{children(data)}</div>;
  if (error) return <Stale since={dataUpdatedAt}>{children(data)}</Stale>;
  return (
    <div className={classes.loaded} data-old={isPlaceholderData || undefined} aria-busy={isPlaceholderData}>
      {children(data)}
    </div>
  );
}

/** The last figures, greyed, with their time. */
export function Stale({ since, children }: { since: number; children: ReactNode }) {
  return (
    <div>
      <StaleSince since={since} />
      <div className={classes.stale}>{children}</div>
    </div>
  );
}

function StaleSince({ since }: { since: number }) {
  return (
    <p className={classes.staleNote}>
      <IconClockPause size={16} aria-hidden />{" "}
      {since > 0 ? `As of ${clock(new Date(since))}; newer figures` : "Newer figures"} cannot be had just now.
    </p>
  );
}

/** One line for all parts of a page that are greyed, with the time of the oldest. */
export function StaleNote({ queries }: { queries: Pick<UseQueryResult, "data" | "error" | "dataUpdatedAt">[] }) {
  const stale = queries.filter(({ data, error }) => error && data !== undefined);
  if (stale.length === 0) return null;
  return <StaleSince since={Math.min(...stale.map(({ dataUpdatedAt }) => dataUpdatedAt))} />;
}

interface ErrorNoteProps {
  error: unknown;
  /** "The calls" → "The calls could not be loaded." */
  what: string;
  retry?: () => void;
}

export function ErrorNote({ error, what, retry }: ErrorNoteProps) {
  const { detail, requestId, status } = asApiError(error);
  return (
    <Alert
      role="alert"
      color="red"
      variant="light"
      icon={<IconAlertTriangle aria-hidden />}
      title={`${what} could not be loaded`}
    >
      <p className={classes.tight}>{detail}</p>
      {requestId && status >= 500 && (
        <p className={classes.tight}>
          Request <code>{requestId}</code> <CopyButton value={requestId} label="Copy the request id" />
        </p>
      )}
      {retry && (
        <Button size="xs" variant="default" onClick={retry} mt="xs">
          Try again
        </Button>
      )}
    </Alert>
  );
}

interface EmptyProps {
  /** What would be here: "calls", "ratings". */
  of: string;
  /** In place of "There are no CALLS yet." */
  title?: string;
  /** What to do, for a page that knows better than "Connect a program". */
  children?: ReactNode;
  height?: CSSProperties["minHeight"];
}

/** Nothing to show: because of the filters or the range (then clear them), or because nothing is there yet (then Connect). */
export function Empty({ of, title, children, height = 160 }: EmptyProps) {
  const { view, clear, change, range } = useView();
  const narrowed = isFiltered(view);
  const scope = [view.project, view.environment].filter((name) => name !== undefined);
  const where = scope.length > 0 ? ` in ${scope.join(", ")}` : "";
  if (narrowed) {
    return (
      <div className={classes.empty} style={{ minHeight: height }}>
        <IconFilterOff aria-hidden />
        <p>
          No {of}
          {where} fit the filters, in {lower(range.label)}.
        </p>
        <Button size="xs" variant="default" onClick={clear}>
          Clear the filters
        </Button>
      </div>
    );
  }
  return (
    <div className={classes.empty} style={{ minHeight: height }}>
      <IconPlugConnected aria-hidden />
      <p>{title ?? `No ${of}${where} in ${lower(range.label)}.`}</p>
      {children ?? (
        <div className={classes.row}>
          {scope.length > 0 && (
            <Button size="xs" variant="default" onClick={() => change({ project: undefined, environment: undefined })}>
              Look at all projects and environments
            </Button>
          )}
          {range.minutes !== 90 * 1440 && (
            <Button
              size="xs"
              variant="default"
              onClick={() => change({ range: "90d", from: undefined, to: undefined })}
            >
              Look at 90 days
            </Button>
          )}
          <Button size="xs" component={Link} to="/connect">
            Connect a program
          </Button>
        </div>
      )}
    </div>
  );
}

function lower(label: string): string {
  return label.startsWith("Last") ? `the l${label.slice(1)}` : label;
}

const GRANTED: Record<Right, string> = {
  viewer: "",
  calls: "Calls hold what people wrote. An admin can give you the right to read them, under Users.",
  admin: "This page is for admins. An admin can make you one, under Users.",
};

/** In place of a page that one may not see: who can grant the right. */
export function NoRight({ right }: { right: Right }) {
  return (
    <div className={classes.empty} style={{ minHeight: "50vh" }}>
      <IconLock aria-hidden />
      <h1>You may not see this page</h1>
      <p>{GRANTED[right]}</p>
      <Button component={Link} to="/overview" variant="default" size="xs">
        Go to the overview
      </Button>
    </div>
  );
}

/** Something is not all there: a budget of time, a limit, "(other)". Says what was cut, with what goes on from there. */
export function Cut({ children, action }: { children: ReactNode; action?: { label: string; run: () => void } }) {
  return (
    <p className={classes.cut}>
      <IconScissors size={16} aria-hidden />
      <span>{children}</span>
      {action && (
        <Button size="compact-xs" variant="default" onClick={action.run}>
          {action.label}
        </Button>
      )}
    </p>
  );
}

/** Children for those who have the right; nothing for others. */
export function For({ right, children }: { right: Right; children: ReactNode }) {
  return useRights().may(right) ? children : null;
}
