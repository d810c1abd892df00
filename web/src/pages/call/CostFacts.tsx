import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { CallOut } from "@/api/schema";
import { Count, Money } from "@/shared/figures";
import { useRights } from "@/shared/rights";
import { modelView } from "@/shared/view";
import classes from "./call.module.css";
import { costParts, pricePerMillion } from "./parts";

const SOURCES = {
  reported: "As the program reported it.",
  override: "By the price that an admin set.",
  catalogue: "By the provider's price at that time.",
};

/** The cost in parts, and where its prices come from. */
export function CostFacts({ call }: { call: CallOut }) {
  const { estimated_cost, price_source, refused, saved_cost } = call;
  if (refused) return <p className={classes.note}>Refused: it cost nothing.</p>;
  if (call.cache_hit && !estimated_cost) {
    return (
      <p className={classes.note}>
        Answered from the cache: it cost nothing
        {saved_cost !== null && (
          <>
            , and saved <Money value={saved_cost} />
          </>
        )}
        .
      </p>
    );
  }
  if (estimated_cost === null) return <NoPrice call={call} />;
  const parts = costParts(call);
  return (
    <>
      {price_source !== "reported" && parts.length > 0 && (
        <table className={classes.sums}>
          <caption className="hidden">Parts of the cost</caption>
          <tbody>
            {parts.map(({ label, cost, tokens, perMillion }) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td>
                  {perMillion !== null && (
                    <span className={classes.quiet}>
                      <Count value={tokens} of="tokens" /> × {pricePerMillion(perMillion)}/M
                    </span>
                  )}
                </td>
                <td>
                  <Money value={cost} />
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">total</th>
              <td />
              <td>
                <Money value={estimated_cost} />
              </td>
            </tr>
          </tfoot>
        </table>
      )}
      {price_source === "reported" && (
        <p className={classes.big}>
          <Money value={estimated_cost} />
        </p>
      )}
      <p className={classes.note}>{price_source && SOURCES[price_source]}</p>
    </>
  );
}

/** Unknown is not nothing: it is said what is missing, and how it is mended. */
function NoPrice({ call: { model, provider, unpriced_reason } }: { call: CallOut }) {
  const { isAdmin } = useRights();
  return (
    <div className={classes.unpriced}>
      <p>
        — <span dir="auto">no price for {model}</span>
      </p>
      {unpriced_reason && (
        <p className={classes.note} dir="auto">
          {unpriced_reason}
        </p>
      )}
      {isAdmin ? (
        <Button
          size="compact-xs"
          variant="default"
          renderRoot={(props) => <Link {...props} to="/models" search={modelView({ name: model, provider })} />}
        >
          Set a price
        </Button>
      ) : (
        <p className={classes.note}>An admin can set one, under Models.</p>
      )}
    </div>
  );
}
