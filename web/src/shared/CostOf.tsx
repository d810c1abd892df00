/** The cost of a row, and beside it how many of its calls are not part of it, with the way to the model's prices. */
import { IconAlertTriangle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { CostRowOut } from "@/api/schema";
import { Money } from "./figures";
import { countExact } from "./format";
import { useRights } from "./rights";
import classes from "./shared.module.css";
import { modelView } from "./view";

type Row = Pick<CostRowOut, "name" | "provider" | "calls" | "cost" | "unpriced_calls">;

/** Nothing is known of the cost of what has no price: it is sorted last, not as the cheapest. */
export function costKnown(row: Row): number | null {
  return row.calls > 0 && row.unpriced_calls === row.calls ? null : row.cost;
}

/** `label`: its name where another has the same. `many`: the row is not a model, so its prices are those of several. */
export function CostOf({ row, label, many = false }: { row: Row; label: string; many?: boolean }) {
  const { isAdmin } = useRights();
  const unpriced = row.unpriced_calls ?? 0;
  if (unpriced === 0) return <Money value={row.cost} />;
  const all = unpriced === row.calls;
  const why = all ? `No price for ${label}` : `No price for ${countExact(unpriced)} of ${countExact(row.calls)} calls`;
  const mark = <IconAlertTriangle size={14} aria-hidden />;
  return (
    <span className={classes.unpriced}>
      {isAdmin ? (
        <Link
          to="/models"
          search={many ? { tab: "unpriced" } : modelView(row)}
          data-tip={`${why}: set one`}
          aria-label={`Set a price: ${why}`}
        >
          {mark}
          {all && "Set a price"}
        </Link>
      ) : (
        <span data-tip={why}>
          {mark}
          <span className="hidden">{why}</span>
          {all && <span aria-hidden>—</span>}
        </span>
      )}
      {!all && <Money value={row.cost} />}
    </span>
  );
}
