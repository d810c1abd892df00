/** Who and what caused the cost: models, projects, environments, API keys, and end users when they are asked for. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { cost } from "@/api/queries";
import type { Cost, CostRowOut } from "@/api/schema";
import { CopyButton } from "@/shared/CopyButton";
import { CostOf, costKnown } from "@/shared/CostOf";
import { labels } from "@/shared/chart/series";
import { csv } from "@/shared/csv";
import { type Column, DataTable } from "@/shared/DataTable";
import { Count, Money, Name, Share } from "@/shared/figures";
import { day } from "@/shared/format";
import { Section } from "@/shared/layout";
import { useRights } from "@/shared/rights";
import type { View } from "@/shared/search";
import { Loaded, Skeleton } from "@/shared/states";
import { CallsLink, modelView, useView } from "@/shared/view";
import classes from "./cost.module.css";

const FIRST = 6;

interface Part {
  title: string;
  /** What a row is: "Model". */
  one: string;
  rows: CostRowOut[];
  total: number;
  /** The calls of a row; null where no filter tells them. */
  where: ((row: CostRowOut) => View) | null;
  /** Of whole UTC days, where it is another range than the page's. */
  days?: { from: string; to: string };
}

export function Breakdown({ found }: { found: Cost }) {
  const { total_cost: total } = found;
  const parts: Part[] = [
    { title: "Models", one: "Model", rows: found.by_model, total, where: modelView },
    { title: "Projects", one: "Project", rows: found.by_project, total, where: ({ name }) => ({ project: name }) },
    {
      title: "Environments",
      one: "Environment",
      rows: found.by_environment,
      total,
      where: ({ name }) => ({ environment: name }),
    },
    ...(found.by_api_key?.length ? [sidePart("API keys", "API key", found.by_api_key, found, null)] : []),
  ];
  return (
    <div className={classes.tables}>
      {parts.map((part) => (
        <Section key={part.title} title={part.title} aside={<CopyRows part={part} />}>
          <Rows part={part} />
        </Section>
      ))}
      <EndUsers />
    </div>
  );
}

/** API keys and end users are counted by whole UTC days: a share is that of their own sum. */
function sidePart(title: string, one: string, rows: CostRowOut[], found: Cost, where: Part["where"]): Part {
  const { side_from: from, side_to: to } = found;
  const total = rows.reduce((sum, row) => sum + row.cost, 0);
  return { title, one, rows, total, where, days: from && to ? { from, to } : undefined };
}

function Rows({ part }: { part: Part }) {
  const names = labels(part.rows);
  const label = (row: CostRowOut) => names[part.rows.indexOf(row)] ?? row.name;
  return (
    <>
      <DataTable
        label={part.title}
        columns={columnsOf(part, label)}
        rows={part.rows}
        rowKey={(row) => `${row.provider ?? ""} ${row.name} ${row.id}`}
        sortBy="cost"
        first={part.rows.length <= FIRST + 1 ? undefined : FIRST}
      />
      {part.days && <Days {...part.days} />}
    </>
  );
}

function Days({ from, to }: { from: string; to: string }) {
  const last = new Date(new Date(to).getTime() - 1);
  const first = new Date(from);
  const days = utcDay(first) === utcDay(last) ? utcDay(first) : `${utcDay(first)} – ${utcDay(last)}`;
  return <p className={classes.foot}>Counted by whole UTC days: {days}</p>;
}

function utcDay(time: Date): string {
  return day(new Date(time.getTime() + time.getTimezoneOffset() * 60_000));
}

function columnsOf(part: Part, label: (row: CostRowOut) => string): Column<CostRowOut>[] {
  const { where, total, one } = part;
  const share = (row: CostRowOut) => (total === 0 || costKnown(row) === null ? null : row.cost / total);
  return [
    {
      key: "name",
      title: one,
      grow: true,
      value: label,
      cell: (row) =>
        where ? (
          <CallsLink where={{ ...where(row), sort: "cost" }} className={classes.name}>
            <Name>{label(row)}</Name>
          </CallsLink>
        ) : (
          <Name>{label(row)}</Name>
        ),
    },
    {
      key: "cost",
      title: "Cost",
      right: true,
      bar: true,
      width: "22%",
      value: costKnown,
      cell: (row) => <CostOf row={row} label={label(row)} many={one !== "Model"} />,
    },
    {
      key: "share",
      title: "Share",
      right: true,
      wide: true,
      width: "13%",
      value: share,
      cell: (row) => <Share value={share(row)} />,
    },
    {
      key: "calls",
      title: "Calls",
      right: true,
      width: "13%",
      value: (row) => row.calls,
      cell: (row) => <Count value={row.calls} of="calls" />,
    },
    {
      key: "average",
      title: "Per call",
      right: true,
      wide: true,
      width: "14%",
      value: (row) => row.average_cost,
      cell: (row) => <Money value={row.average_cost} />,
    },
  ];
}

function CopyRows({ part }: { part: Part }) {
  const head = [part.one.toLowerCase(), "provider", "cost", "calls", "unpriced_calls", "errors", "total_tokens"];
  const rows = () =>
    part.rows.map((row) => [
      row.name,
      row.provider ?? null,
      row.cost,
      row.calls,
      row.unpriced_calls ?? null,
      row.errors,
      row.total_tokens,
    ]);
  return <CopyButton value={() => csv(head, rows())} label={`Copy ${part.title.toLowerCase()} as CSV`} />;
}

/** They take longer than all else, and name people: asked for by a button, by who may read calls. */
function EndUsers() {
  const { readsCalls } = useRights();
  const { view, change } = useView();
  if (!readsCalls) return null;
  const wanted = view.tab === "end_user";
  return (
    <Section title="End users">
      {wanted ? (
        <EndUserRows />
      ) : (
        <Button size="xs" variant="default" onClick={() => change({ tab: "end_user" }, { replace: true })}>
          Show the end users that cost most
        </Button>
      )}
    </Section>
  );
}

function EndUserRows() {
  const { view } = useView();
  const found = useQuery(cost(view, { by: "end_user" }));
  return (
    <Loaded query={found} what="The end users" skeleton={<Skeleton height={200} />}>
      {(answer) =>
        answer.by_end_user ? (
          <Rows
            part={sidePart("End users", "End user", answer.by_end_user, answer, ({ name }) => ({ end_user: name }))}
          />
        ) : (
          <p className={classes.foot}>End users are told only where no model, environment or status is chosen.</p>
        )
      }
    </Loaded>
  );
}
