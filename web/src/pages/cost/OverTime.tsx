/** Cost over time, stacked by what caused it. */
import { SegmentedControl } from "@mantine/core";
import { useMemo } from "react";
import type { Cost } from "@/api/schema";
import { labels, stacked } from "@/shared/chart/series";
import { TimeChart } from "@/shared/chart/TimeChart";
import { slotsOf } from "@/shared/colors";
import type { View } from "@/shared/search";
import { modelView, useView } from "@/shared/view";
import { KINDS, type Kind } from "./asked";
import classes from "./cost.module.css";

const LABELS: Record<Kind, string> = { model: "Model", project: "Project", environment: "Environment" };

export function OverTime({ found, kind }: { found: Cost; kind: Kind }) {
  const { change } = useView();
  const groups = found.groups ?? [];
  const series = useMemo(
    () => stacked(groups, (point) => point.cost, kind === "model" ? slotsOf : byName),
    [groups, kind],
  );
  return (
    <TimeChart
      title={`Cost by ${kind}`}
      kind="bars"
      bucket={found.bucket}
      starts={found.points.map(({ start }) => start)}
      series={series}
      unit="money"
      none="No call has a known price"
      door={{ from: found.from, to: found.to, where: (name) => where(found, kind, name) }}
      aside={
        <SegmentedControl
          size="xs"
          className={classes.by}
          aria-label="Stacked by"
          data={KINDS.map((value) => ({ value, label: LABELS[value] }))}
          value={kind}
          onChange={(by) => change({ by: by === "model" ? undefined : by }, { replace: true })}
        />
      }
    />
  );
}

/** Models keep their colours on every page; what there is few of has them in the order of names. */
function byName(names: string[]): ReadonlyMap<string, number> {
  return new Map([...names].sort().map((name, slot) => [name, slot]));
}

/** The calls of the group of that label; "other" is none. */
function where(cost: Cost, kind: Kind, label: string): View | null {
  const groups = cost.groups ?? [];
  const group = groups[labels(groups).indexOf(label)];
  if (!group) return null;
  return kind === "model" ? modelView(group) : { [kind]: group.name };
}
