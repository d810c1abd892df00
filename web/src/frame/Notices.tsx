import { CloseButton } from "@mantine/core";
import { IconAlertCircle } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useMatches } from "@tanstack/react-router";
import { type ReactNode, useState, useSyncExternalStore } from "react";
import { summary } from "@/api/queries";
import { count } from "@/shared/format";
import { useMe, useRights } from "@/shared/rights";
import { callsView, useView } from "@/shared/view";
import classes from "./frame.module.css";

/** What somebody should know who runs this server: one quiet line each, with its remedy. */
export function Notices() {
  const user = useMe();
  const { isAdmin, readsCalls } = useRights();
  const { view } = useView();
  const unpriced = useUnpriced();
  return (
    <>
      {user?.demo_logins_work && (
        <Notice id="demo">
          The demo logins work with their well-known passwords.{" "}
          {isAdmin ? (
            <>
              <Link to="/users">Make an admin of your own</Link>, and they end.
            </>
          ) : (
            "They end when an admin has a login of his own."
          )}
        </Notice>
      )}
      {unpriced > 0 && (
        <Notice id="unpriced">
          {unpriced === 1 ? "1 call has" : `${count(unpriced)} calls have`} no known price and{" "}
          {unpriced === 1 ? "is" : "are"} not part of the cost.{" "}
          {readsCalls && (
            <>
              <Link to="/calls" search={callsView(view, { unpriced: true })}>
                See which
              </Link>
              {isAdmin && " · "}
            </>
          )}
          {isAdmin && (
            <Link to="/models" search={{ tab: "unpriced" }}>
              Set prices
            </Link>
          )}
        </Notice>
      )}
    </>
  );
}

function Notice({ id, children }: { id: string; children: ReactNode }) {
  const key = `callscope.notice.${id}`;
  const [away, setAway] = useState(() => sessionStorage.getItem(key) !== null);
  if (away) return null;
  const dismiss = () => {
    sessionStorage.setItem(key, "away");
    setAway(true);
  };
  return (
    <div className={classes.notice} role="note">
      <IconAlertCircle size={16} aria-hidden />
      <span>{children}</span>
      <CloseButton size="xs" aria-label="Hide this until the next visit" onClick={dismiss} />
    </div>
  );
}

/**
 * The unpriced calls of the range, if the page has asked for its summary anyway: a notice is no reason for a request. Until
 * a new range is there it says what it said, so that the page does not jump up and down.
 */
function useUnpriced(): number {
  const { view } = useView();
  const data = useMatches().at(-1)?.staticData.data;
  const cache = useQueryClient().getQueryCache();
  const { queryKey } = summary(view);
  const read = () => (cache.find({ queryKey })?.state.data as { unpriced_calls: number } | undefined)?.unpriced_calls;
  const found = useSyncExternalStore((changed) => cache.subscribe(changed), read);
  const [last, setLast] = useState(0);
  if (found !== undefined && found !== last) setLast(found);
  return data ? (found ?? last) : 0;
}
