/** Where the cost of this month is going: its sum so far, and to the month's end. */
import type { Forecast } from "@/api/schema";
import { TimeChart } from "@/shared/chart/TimeChart";
import classes from "./cost.module.css";
import { course, HIGH, LOW, monthName } from "./month";

export function Month({ found }: { found: Forecast }) {
  return (
    <>
      <TimeChart
        title={`${monthName(found)}, summed up`}
        kind="lines"
        bucket="day"
        starts={found.days.map(({ start }) => start)}
        series={course(found)}
        band={[LOW, HIGH]}
        unit="money"
        none="No call of this month has a known price"
        door={{ from: found.month_start, to: found.month_end }}
      />
      <p className={classes.foot}>{found.reason ?? found.method}</p>
    </>
  );
}
