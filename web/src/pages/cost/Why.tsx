/** Why the cost changed against the window before: a waterfall, and what drove each part. */
import { useQuery } from "@tanstack/react-query";
import { costWhy } from "@/api/queries";
import type { Driver as DriverOut, Part, WhyCost } from "@/api/schema";
import { type BarRow, BarRows } from "@/shared/chart/BarRows";
import { ChartBox } from "@/shared/chart/ChartBox";
import { csv } from "@/shared/csv";
import { DataTable } from "@/shared/DataTable";
import { Exact, Money, Name } from "@/shared/figures";
import { day, moneyExact } from "@/shared/format";
import type { View } from "@/shared/search";
import { Loaded, Skeleton } from "@/shared/states";
import { CallsLink, modelView, useView } from "@/shared/view";
import classes from "./cost.module.css";
import { FACTORS, nameOf, scale, signed, steps, story } from "./why";

/** A title, a sentence, two sums and six parts. */
export const WHY_HEIGHT = 28 + 36 + 2 * 45 + 6 * 53;
const TITLE = "Why it changed";
const DRIVERS = 2;

export function Why() {
  const { view } = useView();
  const found = useQuery(costWhy(view));
  return (
    <Loaded query={found} what="Why the cost changed" skeleton={<Skeleton height={WHY_HEIGHT} />} quiet>
      {(why) => <Shown why={why} />}
    </Loaded>
  );
}

function Shown({ why }: { why: WhyCost }) {
  return (
    <ChartBox
      title={TITLE}
      above={<p className={classes.story}>{story(why)}</p>}
      table={<Drivers why={why} />}
      csv={() => csv(["factor", "of", "name", "provider", "amount"], lines(why).map(toCells))}
      foot={scale(why).low > 0 ? "The bars of both sums are cut at the left" : undefined}
    >
      <Waterfall why={why} />
    </ChartBox>
  );
}

function Waterfall({ why }: { why: WhyCost }) {
  const { range } = useView();
  const { low, high } = scale(why);
  const sum = (key: string, label: string, from: string, to: string, cost: number): BarRow => ({
    key,
    label,
    note: span(from, to),
    from: Math.min(low, 0),
    to: cost,
    tone: "sum",
    value: <Money value={cost} />,
  });
  const rows: BarRow[] = [
    sum("before", "The window before", why.previous.from, why.previous.to, why.previous_cost),
    ...steps(why).map(
      ({ part, from, to }): BarRow => ({
        key: part.factor,
        label: <span data-tip={FACTORS[part.factor].what}>{nameOf(part, why)}</span>,
        note: <Mostly part={part} />,
        from,
        to,
        tone: part.amount > 0 ? "more" : "less",
        value: <Exact short={signed(part.amount)} exact={moneyExact(part.amount)} />,
      }),
    ),
    sum("now", range.label, why.from, why.to, why.cost),
  ];
  return <BarRows label={TITLE} rows={rows} low={low} high={high} />;
}

function span(from: string, to: string): string {
  const [first, last] = [day(new Date(from)), day(new Date(new Date(to).getTime() - 1))];
  return first === last ? first : `${first} – ${last}`;
}

/** The models and projects that drove a part most, each a door to its calls. */
function Mostly({ part }: { part: Part }) {
  const drivers = [...part.models.map(ofModel), ...part.projects.map(ofProject)]
    .filter(({ where, amount }) => where && Math.abs(amount) * 20 >= Math.abs(part.amount) && amount !== 0)
    .sort((a, b) => Math.abs(b.amount) - Math.abs(a.amount))
    .slice(0, DRIVERS);
  return drivers.map(({ key, name, where, amount }) => (
    <span key={key} className={classes.driver}>
      <CallsLink where={where ?? {}} className={classes.name}>
        <Name>{name}</Name>
      </CallsLink>
      <span>{signed(amount)}</span>
    </span>
  ));
}

interface Driver {
  key: string;
  name: string;
  amount: number;
  /** Null for "(other)", which no filter tells. */
  where: View | null;
}

function ofModel({ name, provider, amount }: DriverOut): Driver {
  return { key: `model ${provider} ${name}`, name, amount, where: provider ? modelView({ name, provider }) : null };
}

function ofProject({ name, amount }: DriverOut): Driver {
  return { key: `project ${name}`, name, amount, where: name.startsWith("(") ? null : { project: name } };
}

interface Line {
  key: string;
  factor: string;
  of: "all" | "model" | "project";
  name: string;
  provider: string | null;
  amount: number;
}

/** Every figure of the answer as a row: each part, and under it what drove it. */
function lines(why: WhyCost): Line[] {
  return why.parts.flatMap((part) => {
    const factor = nameOf(part, why);
    const line = (of: Line["of"], name: string, provider: string | null, amount: number): Line => {
      return { key: `${part.factor} ${of} ${provider} ${name}`, factor, of, name, provider, amount };
    };
    return [
      line("all", "", null, part.amount),
      ...part.models.map(({ name, provider, amount }) => line("model", name, provider ?? null, amount)),
      ...part.projects.map(({ name, amount }) => line("project", name, null, amount)),
    ];
  });
}

function toCells({ factor, of, name, provider, amount }: Line) {
  return [factor, of, name, provider, amount];
}

function Drivers({ why }: { why: WhyCost }) {
  return (
    <DataTable
      label={`${TITLE}, table`}
      rows={lines(why)}
      rowKey={({ key }) => key}
      columns={[
        { key: "factor", title: "Part", cell: ({ factor, of }) => (of === "all" ? <b>{factor}</b> : factor) },
        { key: "of", title: "Of", wide: true, cell: ({ of }) => of },
        { key: "name", title: "Name", grow: true, cell: ({ name }) => <Name>{name}</Name> },
        { key: "amount", title: "Amount", right: true, cell: ({ amount }) => moneyExact(amount) },
      ]}
    />
  );
}
