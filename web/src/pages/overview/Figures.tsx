/** The tiles: what a person came for, against the window before. */
import { IconShieldX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { Summary } from "@/api/schema";
import { Sparkline } from "@/shared/chart/Sparkline";
import { Change, Count, Exact, Latency, Money, Share, Unknown } from "@/shared/figures";
import { count, counted, latency, money, share } from "@/shared/format";
import { Tile, Tiles, TilesToCome } from "@/shared/layout";
import { Loaded } from "@/shared/states";
import { callsView, useView } from "@/shared/view";
import { rating, ratingExact } from "./answers";
import type { Asked } from "./asked";
import classes from "./overview.module.css";

const P95 = "Latency p95";
const P50 = "Latency p50";
const FIRST = "Time to first token p50";
const TITLES = ["Calls", "Cost", "Error rate", P95, "Tokens", "Average rating", FIRST, P50];

export function Figures(asked: Asked) {
  return (
    <Loaded query={asked.figures} what="The figures" skeleton={<TilesToCome even={8} titles={TITLES} />} quiet>
      {(now) => <Shown now={now} asked={asked} />}
    </Loaded>
  );
}

function Shown({ now, asked: { errors, costs, latencies, tokens, feedback } }: { now: Summary; asked: Asked }) {
  const before = now.previous;
  const calls = { now: now.calls, before: before.calls };
  const worse = { calls, more: "bad", write: latency } as const;
  const latencyTile = (title: string, of: "p50" | "p95") => {
    const ms = now.latency_ms[of];
    return (
      <Tile
        title={title}
        value={<Latency ms={ms} />}
        change={<Change now={ms} before={before.latency_ms[of]} {...worse} />}
        spark={<Sparkline values={latencies.data?.points.map((point) => point[of]) ?? []} />}
        where={ms === null ? { sort: "latency" } : { sort: "latency", min_latency_ms: Math.floor(ms) }}
      />
    );
  };
  const first = now.time_to_first_token_ms;
  return (
    <Tiles even={8}>
      <Tile
        title="Calls"
        value={<Count value={now.calls} of="calls" />}
        change={<Change now={now.calls} before={before.calls} calls={calls} write={count} />}
        spark={<Sparkline values={errors.data?.points.map((point) => point.calls) ?? []} kind="bars" />}
        where={{}}
        mark={now.violations > 0 && <AgainstPolicy calls={now.violations} />}
      />
      <Tile
        title="Cost"
        value={<Cost now={now} />}
        change={<Change now={now.total_cost} before={before.total_cost} calls={calls} write={money} />}
        spark={<Sparkline values={costs.data?.points.map((point) => point.cost) ?? []} kind="bars" />}
        where={{ sort: "cost" }}
      />
      <Tile
        title="Error rate"
        value={<Share part={now.errors} whole={now.calls} of="calls" />}
        change={<Change now={now.error_rate} before={before.error_rate} calls={calls} more="bad" write={share} />}
        spark={<Sparkline values={errors.data?.points.map((point) => (point.calls ? point.error_rate : null)) ?? []} />}
        where={{ status: ["error", "timeout"] }}
      />
      {latencyTile(P95, "p95")}
      <Tile
        title="Tokens"
        value={<Count value={now.total_tokens} of="tokens" />}
        change={<Change now={now.total_tokens} before={before.total_tokens} calls={calls} write={count} />}
        spark={<Sparkline values={tokens.data?.points.map((point) => point.total_tokens) ?? []} kind="bars" />}
        where={{ sort: "tokens" }}
      />
      <Tile
        title="Average rating"
        value={<Rating value={now.average_rating} ratings={now.ratings} />}
        change={
          <Change
            now={now.average_rating}
            before={before.average_rating}
            calls={{ now: now.ratings, before: before.ratings }}
            more="good"
            write={rating}
          />
        }
        spark={<Sparkline values={feedback.data?.points.map((point) => point.average_rating) ?? []} />}
        where={{}}
      />
      <Tile
        title={FIRST}
        value={<Latency ms={first.p50} />}
        change={<Change now={first.p50} before={before.time_to_first_token_ms.p50} {...worse} />}
        spark={<Sparkline values={latencies.data?.points.map((point) => point.time_to_first_token_ms.p50) ?? []} />}
        where={{}}
      />
      {latencyTile(P50, "p50")}
    </Tiles>
  );
}

/** What has no price is not part of the cost: where nothing has one, the cost is not known. */
function Cost({ now }: { now: Summary }) {
  if (now.unpriced_calls > 0 && now.unpriced_calls === now.calls) return <Unknown why="No call has a known price" />;
  return <Money value={now.total_cost} />;
}

/** How many calls were made against a policy, and the way to them. */
function AgainstPolicy({ calls }: { calls: number }) {
  const { view } = useView();
  return (
    <Link to="/calls" search={callsView(view, { violation: true })} className={classes.against}>
      <IconShieldX size={14} aria-hidden />
      <Exact short={count(calls)} exact={counted(calls, "calls")} />
      <span className={classes.words}> against a policy</span>
    </Link>
  );
}

export function Rating({ value, ratings }: { value: number | null; ratings: number }) {
  if (value === null) return <Unknown why="No ratings" />;
  return <Exact short={rating(value)} exact={ratingExact(value, ratings)} />;
}
