/** The repricings there were, the newest first. */
import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { repricings } from "@/api/queries";
import type { RepricingOut } from "@/api/schema";
import { type Column, DataTable } from "@/shared/DataTable";
import { Count, Exact, Name, Quiet, Time } from "@/shared/figures";
import { money, moneyExact } from "@/shared/format";
import { Loaded, Skeleton } from "@/shared/states";
import { useView } from "@/shared/view";
import classes from "./models.module.css";
import { extent, progress, subject } from "./repricing";

export function JobTable() {
  const { view } = useView();
  const found = useInfiniteQuery(repricings());
  return (
    <Loaded query={found} what="The repricings" skeleton={<Skeleton height={240} />}>
      {({ pages }) => {
        const jobs = pages.flatMap(({ items }) => items);
        if (jobs.length === 0) {
          return (
            <p className={classes.nothing}>
              No calls were priced anew yet. After a price was corrected, or a model became known, it is done here.
            </p>
          );
        }
        return (
          <>
            <DataTable
              label="Repricings"
              columns={COLUMNS}
              rows={jobs}
              rowKey={({ id }) => id}
              chosen={({ id }) => id === view.repricing}
            />
            {found.hasNextPage && (
              <Button size="compact-xs" variant="subtle" mt={8} onClick={() => void found.fetchNextPage()}>
                Show older ones
              </Button>
            )}
          </>
        );
      }}
    </Loaded>
  );
}

const COLUMNS: Column<RepricingOut>[] = [
  {
    key: "what",
    title: "Calls",
    grow: true,
    cell: (job) => (
      <Link to="/models" search={{ tab: "repricings", repricing: job.id }} className={classes.block}>
        <Name>{`${subject(job)}, ${extent(job)}`}</Name>
      </Link>
    ),
  },
  { key: "state", title: "State", width: "16%", cell: (job) => <State job={job} /> },
  {
    key: "changed",
    title: "Changed",
    right: true,
    width: "12%",
    cell: ({ calls_changed }) => <Count value={calls_changed} of="calls" />,
  },
  {
    key: "cost",
    title: "Change in cost",
    right: true,
    width: "16%",
    cell: ({ cost_before, cost_after }) => {
      const change = cost_after - cost_before;
      return <Exact short={`${change > 0 ? "+" : ""}${money(change)}`} exact={moneyExact(change)} />;
    },
  },
  { key: "by", title: "By", wide: true, width: "18%", cell: ({ created_by }) => <Name>{created_by}</Name> },
  {
    key: "when",
    title: "When",
    wide: true,
    width: "12%",
    cell: ({ created_at }) => <Time at={created_at} form="ago" />,
  },
];

function State({ job }: { job: RepricingOut }) {
  const part = progress(job);
  const text = job.state === "running" && part !== null ? `${job.state}, ${Math.round(part * 100)}\u00a0%` : job.state;
  return (
    <>
      <span className={job.state === "failed" ? classes.missing : undefined}>{text}</span>
      {job.dry_run && <Quiet> dry run</Quiet>}
    </>
  );
}
