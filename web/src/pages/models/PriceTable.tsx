/** One price: a row for what holds as a rule, for long prompts and for each service tier, a column for each kind of token. */
import type { PriceDetail } from "@/api/schema";
import { countExact } from "@/shared/format";
import classes from "./models.module.css";
import { type Amount, KINDS, rate } from "./prices";

export function PriceTable({ price }: { price: PriceDetail }) {
  const rows = variants(price);
  const kinds = KINDS.filter(({ key }) => rows.some((row) => row.rates[key] !== null));
  return (
    // A part that may scroll must be reached by keyboard
    <section className={classes.rates} tabIndex={0} aria-label="Prices by kind">
      <table>
        <thead>
          <tr>
            {rows.length > 1 && <td />}
            {kinds.map(({ key, label, each }) => (
              <th key={key} scope="col" data-tip={each ? "Dollars each" : "Dollars per million tokens"}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, rates }) => (
            <tr key={name}>
              {rows.length > 1 && <th scope="row">{name}</th>}
              {kinds.map(({ key }) => {
                const amount = rates[key];
                return <td key={key}>{amount === null ? "—" : rate(amount)}</td>;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

type Rates = Record<Amount, number | null>;

function variants(price: PriceDetail): { name: string; rates: Rates }[] {
  const above = (tokens: number) => `above ${countExact(tokens)} tokens`;
  return [
    { name: "standard", rates: price },
    ...price.steps.map((step) => ({ name: above(step.above), rates: step })),
    ...Object.entries(price.tiers).flatMap(([tier, rates]) => [
      { name: tier, rates },
      ...rates.steps.map((step) => ({ name: `${tier}, ${above(step.above)}`, rates: step })),
    ]),
  ];
}
