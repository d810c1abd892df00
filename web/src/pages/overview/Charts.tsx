/** Four charts over the same buckets, under one crosshair. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Cost } from "@/api/schema";
import type { Door } from "@/shared/chart/door";
import { labels, type Series } from "@/shared/chart/series";
import { CHART_HEIGHT, TimeChart, type TimeChartProps } from "@/shared/chart/TimeChart";
import { Loaded, Skeleton } from "@/shared/states";
import { modelView } from "@/shared/view";
import { outcomes, tokenKinds } from "./answers";
import type { Asked } from "./asked";
import classes from "./overview.module.css";

interface ChartsProps {
  asked: Asked;
  /** Cost by model, as it is coloured in the table too. */
  costSeries: Series[];
}

export function Charts({ asked: { errors, costs, latencies, tokens }, costSeries }: ChartsProps) {
  return (
    <div className={classes.charts}>
      <Part query={errors} title="Calls and errors">
        {(found) => (
          <TimeChart
            {...over(found, { where: (name) => ({ status: name === "success" ? ["success"] : ["error", "timeout"] }) })}
            title="Calls and errors"
            kind="bars"
            series={outcomes(found.points)}
            unit="count"
          />
        )}
      </Part>
      <Part query={costs} title="Cost by model">
        {(found) => (
          <TimeChart
            {...over(found, { where: (name) => viewOf(found, name) })}
            title="Cost by model"
            kind="bars"
            series={costSeries}
            unit="money"
            none="No call has a known price"
          />
        )}
      </Part>
      <Part query={latencies} title="Latency percentiles">
        {(found) => (
          <TimeChart
            {...over(found, { where: (_, ms) => ({ sort: "latency", min_latency_ms: Math.floor(ms) }) })}
            title="Latency percentiles"
            kind="lines"
            series={[
              { name: "p50", values: found.points.map(({ p50 }) => p50), color: "step0" },
              { name: "p95", values: found.points.map(({ p95 }) => p95), color: "step1" },
              { name: "p99", values: found.points.map(({ p99 }) => p99), color: "step2" },
            ]}
            unit="latency"
            none="No latency was measured"
            logarithmic
          />
        )}
      </Part>
      <Part query={tokens} title="Tokens by kind">
        {(found) => (
          <TimeChart
            {...over(found)}
            title="Tokens by kind"
            kind="bars"
            series={tokenKinds(found.points)}
            unit="count"
          />
        )}
      </Part>
    </div>
  );
}

interface PartProps<T> {
  query: UseQueryResult<T>;
  title: string;
  children: (found: T) => ReactNode;
}

/** A place of a chart's height, whatever is in it. */
function Part<T>({ query, title, children }: PartProps<T>) {
  return (
    <div style={{ minHeight: CHART_HEIGHT }}>
      <Loaded query={query} what={title} skeleton={<Skeleton height={CHART_HEIGHT} />} quiet>
        {children}
      </Loaded>
    </div>
  );
}

interface OverTime {
  from: string;
  to: string;
  bucket: string;
  points: { start: string }[];
}

function over(
  { from, to, bucket, points }: OverTime,
  door: Pick<Door, "where"> = {},
): Pick<TimeChartProps, "bucket" | "starts" | "door"> {
  return { bucket, starts: points.map(({ start }) => start), door: { from, to, ...door } };
}

/** The calls of the model of that label; "other" is none. */
function viewOf(cost: Cost, label: string) {
  const groups = cost.groups ?? [];
  const group = groups[labels(groups).indexOf(label)];
  return group ? modelView(group) : null;
}
