/** Models side by side: what each costs, how fast and how well it answers. */
import { useMemo } from "react";
import { CostOf, costKnown } from "@/shared/CostOf";
import type { Series } from "@/shared/chart/series";
import { type Column, DataTable } from "@/shared/DataTable";
import { Count, Latency, Name, Share, Swatch } from "@/shared/figures";
import { CallsLink, modelView } from "@/shared/view";
import type { ModelRow } from "./answers";
import { Rating } from "./Figures";
import classes from "./overview.module.css";

const FIRST = 8;
/** Of a column with bars: the same for each, so that they can be compared. */
const WIDTH = "15%";

export function ModelTable({ rows, costSeries }: { rows: ModelRow[]; costSeries: Series[] }) {
  const columns = useMemo(() => {
    const colors = new Map(costSeries.map(({ name, color }) => [name, color]));
    return columnsOf((label) => {
      const color = colors.get(label);
      return typeof color === "number" ? `var(--cs-series-${color + 1})` : "var(--cs-other)";
    });
  }, [costSeries]);
  return (
    <DataTable
      label="Models"
      columns={columns}
      rows={rows}
      rowKey={(row) => row.label}
      sortBy="cost"
      first={rows.length <= FIRST + 2 ? undefined : FIRST}
    />
  );
}

/** `color`: that of the model in the chart. */
function columnsOf(color: (label: string) => string): Column<ModelRow>[] {
  return [
    {
      key: "label",
      title: "Model",
      grow: true,
      value: (row) => row.label,
      cell: (row) => (
        <CallsLink where={modelView(row)} className={classes.model}>
          <Swatch color={color(row.label)} />
          <Name>{row.label}</Name>
        </CallsLink>
      ),
    },
    {
      key: "calls",
      title: "Calls",
      right: true,
      bar: true,
      width: WIDTH,
      value: (row) => row.calls,
      cell: (row) => <Count value={row.calls} of="calls" />,
    },
    {
      key: "cost",
      title: "Cost",
      right: true,
      bar: true,
      width: WIDTH,
      value: costKnown,
      cell: (row) => <CostOf row={row} label={row.label} />,
    },
    {
      key: "p95",
      title: "p95",
      right: true,
      bar: true,
      width: WIDTH,
      value: (row) => row.p95,
      cell: (row) => (
        <CallsLink where={{ ...modelView(row), sort: "latency" }} className={classes.figure}>
          <Latency ms={row.p95} />
        </CallsLink>
      ),
    },
    {
      key: "errors",
      title: "Errors",
      right: true,
      bar: true,
      width: WIDTH,
      value: (row) => row.error_rate,
      cell: (row) => (
        <CallsLink where={{ ...modelView(row), status: ["error", "timeout"] }} className={classes.figure}>
          <Share part={row.errors} whole={row.calls} of="calls" />
        </CallsLink>
      ),
    },
    {
      key: "rating",
      title: "Rating",
      right: true,
      width: "9%",
      value: (row) => row.average_rating,
      cell: (row) => <Rating value={row.average_rating} ratings={row.ratings} />,
    },
  ];
}
