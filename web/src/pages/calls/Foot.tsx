/** Below the last row: more is coming, why there is no more, or that one must say whether to look further. */
import { dayAndClock } from "@/shared/format";
import { Cut, Empty, ErrorNote } from "@/shared/states";
import { useView } from "@/shared/view";
import classes from "./calls.module.css";
import type { CallQuery } from "./list";

interface FootProps {
  query: CallQuery;
  rows: number;
}

export function Foot({ query, rows }: FootProps) {
  const { data, error, hasNextPage, isFetching, fetchNextPage } = query;
  const scanned = data?.pages.at(-1)?.scanned_to ?? null;
  const { view } = useView();
  const more = () => void fetchNextPage();
  if (error) {
    return (
      <div className={classes.foot}>
        <ErrorNote error={error} what={rows > 0 ? "More calls" : "The calls"} retry={more} />
      </div>
    );
  }
  if (isFetching && (hasNextPage || rows === 0)) return <Line>Loading more calls…</Line>;
  if (scanned !== null && hasNextPage) {
    const time = dayAndClock(new Date(scanned));
    return (
      <div className={classes.foot}>
        <Cut action={{ label: "Continue", run: more }}>
          {rows === 0 && "Nothing found yet. "}
          {view.text ? "Searched" : "Scanned"} to {time}
        </Cut>
      </div>
    );
  }
  if (rows === 0) return <Empty of="calls" height="100%" />;
  // Keeps the height of what stood here while more was coming.
  return <Line>{hasNextPage ? "" : "That is all."}</Line>;
}

function Line({ children }: { children: string }) {
  return <p className={classes.foot}>{children}</p>;
}
