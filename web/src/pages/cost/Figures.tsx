/** The tiles: the sum and how it changed, where the month is going, what a call costs, and what the cache spared. */
import type { Forecast, Summary } from "@/api/schema";
import { Sparkline } from "@/shared/chart/Sparkline";
import { Change, Money, Unknown } from "@/shared/figures";
import { money } from "@/shared/format";
import { Tile, Tiles, TilesToCome } from "@/shared/layout";
import { Loaded, Skeleton } from "@/shared/states";
import type { Asked } from "./asked";
import { monthName } from "./month";

const MONTH = "Forecast";
const PER_CALL = "Cost per call";
const SAVED = "Saved by the cache";
const TITLES = ["Cost", MONTH, PER_CALL, SAVED];

export function Figures({ asked }: { asked: Asked }) {
  return (
    <Loaded query={asked.figures} what="The figures" skeleton={<TilesToCome even={4} titles={TITLES} />} quiet>
      {(now) => <Shown now={now} asked={asked} />}
    </Loaded>
  );
}

function Shown({ now, asked: { costs, month } }: { now: Summary; asked: Asked }) {
  const before = now.previous;
  const calls = { now: now.calls, before: before.calls };
  const points = costs.data?.points ?? [];
  return (
    <Tiles even={4}>
      <Tile
        title="Cost"
        value={<Known now={now} value={now.total_cost} />}
        change={<Change now={now.total_cost} before={before.total_cost} calls={calls} write={money} />}
        spark={<Sparkline values={points.map((point) => point.cost)} kind="bars" />}
        where={{ sort: "cost" }}
      />
      <MonthTile month={month.data} failed={month.isError} />
      <Tile
        title={PER_CALL}
        value={<Known now={now} value={now.average_cost} />}
        change={<Change now={now.average_cost} before={before.average_cost} calls={calls} write={money} />}
        spark={<Sparkline values={points.map(({ cost, calls }) => (calls ? cost / calls : null))} />}
        where={{ sort: "cost" }}
      />
      <Tile
        title={SAVED}
        value={costs.data ? <Money value={costs.data.saved_cost} /> : <Skeleton height={36} width="60%" />}
        where={{ cache_hit: true }}
      />
    </Tiles>
  );
}

/** What the month comes to, and between which bounds; what there is of it leads to its calls. */
function MonthTile({ month, failed }: { month: Forecast | undefined; failed: boolean }) {
  if (!month) {
    const value = failed ? <Unknown why="It could not be loaded" /> : <Skeleton height={36} width="60%" />;
    return <Tile title={MONTH} value={value} />;
  }
  const { forecast, low, high, so_far, reason } = month;
  const between = low !== null && high !== null && `${money(low)} – ${money(high)}, `;
  return (
    <Tile
      title={forecast === null ? `${monthName(month)} so far` : `${MONTH} for ${monthName(month)}`}
      value={<Money value={forecast ?? so_far} />}
      change={
        forecast === null ? (
          <span data-tip={reason}>No forecast yet</span>
        ) : (
          <>
            {between}
            {money(so_far)} so far
          </>
        )
      }
      where={{ range: undefined, from: month.month_start, to: undefined, sort: "cost" }}
    />
  );
}

/** What has no price is not part of the cost: where nothing has one, the cost is not known. */
function Known({ now, value }: { now: Summary; value: number | null }) {
  if (now.unpriced_calls > 0 && now.unpriced_calls === now.calls) return <Unknown why="No call has a known price" />;
  return value === null ? <Unknown why="Nothing was counted" /> : <Money value={value} />;
}
