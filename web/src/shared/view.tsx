/** `useView()`: the range and filters of the address, and how to change them; and links that keep them. */
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type MouseEventHandler, type ReactNode, useCallback, useMemo } from "react";
import { type Range, readRange } from "./range";
import { useRights } from "./rights";
import { CALL_FILTERS, SHARED, type View, without } from "./search";

const MEMORY = "callscope.view";

export interface ViewHandle {
  view: View;
  range: Range;
  /** Changes some of it; undefined takes a filter away. `replace` leaves no step to go back to. */
  change: (part: View, options?: { replace?: boolean }) => void;
  /** Takes all filters away, keeps range, project and environment. */
  clear: () => void;
}

export function useView(): ViewHandle {
  const view = useSearch({ strict: false }) as View;
  const navigate = useNavigate();
  const change = useCallback(
    (part: View, { replace = false } = {}) => {
      void navigate({
        to: ".",
        search: (before: View) => without({ ...before, ...part }),
        replace,
        resetScroll: false,
      });
    },
    [navigate],
  );
  const clear = useCallback(() => {
    void navigate({
      to: ".",
      search: ({ range, from, to, project, environment, sort }: View) =>
        without({ range, from, to, project, environment, sort }),
      resetScroll: false,
    });
  }, [navigate]);
  const { range, from, to } = view;
  // Up to now: which "now" it is matters to nobody but labels, so it is that of the last change.
  const read = useMemo(() => readRange({ range, from, to }), [range, from, to]);
  return { view, range: read, change, clear };
}

/** The part of a view that goes along to another page about data. */
export function shared(view: View): View {
  return without(Object.fromEntries(SHARED.map((key) => [key, view[key]])));
}

/** A view for /calls: range and filters as they are now, narrowed by `where`. */
export function callsView(view: View, where: View = {}): View {
  const own = Object.fromEntries(CALL_FILTERS.map((key) => [key, view[key]]));
  return without({ ...shared(view), ...own, ...where });
}

/** What narrows a view to one model. */
export function modelView({ name, provider }: { name: string; provider?: string | null }): View {
  return { model: [name], provider: provider ? [provider] : undefined };
}

/** Whether the view narrows beyond range, project and environment. */
export function isFiltered(view: View): boolean {
  return [...CALL_FILTERS, "model", "provider", "status"].some((key) => view[key as keyof View] !== undefined);
}

/** Keeps the view for pages that have none in their address (settings, users), so that coming back finds it. */
export function remember(view: View): void {
  try {
    sessionStorage.setItem(MEMORY, JSON.stringify(shared(view)));
  } catch {
    // Then one comes back to the default range.
  }
}

export function remembered(): View {
  try {
    const read: unknown = JSON.parse(sessionStorage.getItem(MEMORY) ?? "{}");
    return typeof read === "object" && read !== null ? (read as View) : {};
  } catch {
    return {};
  }
}

interface CallsLinkProps {
  /** Narrows the calls: `{model: ["gpt-4o"], status: ["error"]}`. */
  where?: View;
  children: ReactNode;
  className?: string;
  /** What a screen reader says, where the text alone does not tell. */
  label?: string;
  onClick?: MouseEventHandler;
}

/** The door behind a figure: the calls that make it up. For who may not see calls it is the figure alone. */
export function CallsLink({ where, children, className, label, onClick }: CallsLinkProps) {
  const { view } = useView();
  const { readsCalls } = useRights();
  if (!readsCalls) return <span className={className}>{children}</span>;
  return (
    <Link to="/calls" search={callsView(view, where)} className={className} aria-label={label} onClick={onClick}>
      {children}
    </Link>
  );
}
