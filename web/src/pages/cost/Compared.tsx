/** A comparison with other models as bars, as a table, and as CSV. */
import { UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import type { WhatIf as Answer, ComparedGroup, OtherModel } from "@/api/schema";
import { type BarRow, BarRows } from "@/shared/chart/BarRows";
import { labels } from "@/shared/chart/series";
import { csv } from "@/shared/csv";
import { DataTable } from "@/shared/DataTable";
import { Count, Exact, Money, Name, Unknown } from "@/shared/figures";
import { countExact, counted, money, moneyExact, share } from "@/shared/format";
import type { View } from "@/shared/search";
import { CallsLink, modelView } from "@/shared/view";
import classes from "./cost.module.css";

export const TITLE = "What if";

export function Bars({ answer }: { answer: Answer }) {
  const [open, setOpen] = useState<number | null>(null);
  const { actual } = answer;
  const rows: BarRow[] = [
    {
      key: "actual",
      label: "As it was",
      note: counted(actual.priced_calls, "calls"),
      from: 0,
      to: actual.cost,
      tone: "sum",
      value: <Money value={actual.cost} />,
    },
    ...cheapestFirst(answer.models).map(
      (model): BarRow => ({
        key: String(model.model_id),
        label: (
          <UnstyledButton
            className={classes.open}
            aria-expanded={open === model.model_id}
            onClick={() => setOpen(open === model.model_id ? null : model.model_id)}
          >
            <IconChevronRight size={14} aria-hidden data-open={open === model.model_id || undefined} />
            <Name>{model.name}</Name>
          </UnstyledButton>
        ),
        note: model.notes[0],
        from: 0,
        to: model.cost ?? 0,
        tone: "accent",
        value: model.cost === null ? <Unknown why={model.notes[0] ?? "Not known"} /> : <Money value={model.cost} />,
        aside: <Saving model={model} />,
        below: open === model.model_id ? <Parts model={model} /> : undefined,
      }),
    ),
  ];
  const high = Math.max(actual.cost, ...answer.models.map(({ cost }) => cost ?? 0));
  return <BarRows label={TITLE} rows={rows} high={high} mark={actual.cost} />;
}

function cheapestFirst(models: OtherModel[]): OtherModel[] {
  return [...models].sort((a, b) => (a.cost ?? Number.POSITIVE_INFINITY) - (b.cost ?? Number.POSITIVE_INFINITY));
}

function Saving({ model: { saving, saving_percent: percent } }: { model: OtherModel }) {
  if (saving === null) return null;
  if (saving === 0) return "the same";
  const part = percent === null ? "" : ` · ${share(Math.abs(percent) / 100)}`;
  const text = saving > 0 ? `saves ${money(saving)}${part}` : `${money(-saving)} more${part}`;
  return <Exact short={text} exact={saving > 0 ? `saves ${moneyExact(saving)}` : `${moneyExact(-saving)} more`} />;
}

/** Whose calls it would have been cheaper or dearer for. */
function Parts({ model }: { model: OtherModel }) {
  return (
    <div className={classes.parts}>
      <PartTable title="Calls to" rows={model.by_source_model.filter(({ calls }) => calls > 0)} where={modelView} />
      {model.by_project.length > 1 && (
        <PartTable title="Project" rows={model.by_project} where={({ name }) => ({ project: name })} />
      )}
      {model.unpriced_calls > 0 && (
        <p className={classes.foot}>
          {counted(model.unpriced_calls, "calls")} without a price would have cost {money(model.unpriced_cost)}; that is
          no part of it.
        </p>
      )}
    </div>
  );
}

interface PartTableProps {
  title: string;
  rows: ComparedGroup[];
  where: (row: ComparedGroup) => View;
}

function PartTable({ title, rows, where }: PartTableProps) {
  const names = labels(rows);
  return (
    <DataTable
      label={title}
      rows={rows}
      rowKey={({ name, provider }) => `${provider} ${name}`}
      sortBy="saving"
      first={8}
      columns={[
        {
          key: "name",
          title,
          grow: true,
          cell: (row) => (
            <CallsLink where={where(row)} className={classes.name}>
              <Name>{names[rows.indexOf(row)] ?? row.name}</Name>
            </CallsLink>
          ),
        },
        {
          key: "calls",
          title: "Calls",
          right: true,
          wide: true,
          value: ({ calls }) => calls,
          cell: ({ calls }) => <Count value={calls} of="calls" />,
        },
        {
          key: "actual",
          title: "As it was",
          right: true,
          value: ({ actual_cost }) => actual_cost,
          cell: ({ actual_cost }) => <Money value={actual_cost} />,
        },
        {
          key: "cost",
          title: "What if",
          right: true,
          value: ({ cost }) => cost,
          cell: ({ cost }) => <Told value={cost} />,
        },
        {
          key: "saving",
          title: "Saving",
          right: true,
          value: ({ saving }) => saving,
          cell: ({ saving }) => <Told value={saving} />,
        },
      ]}
    />
  );
}

/** A sum that is null where the other model has no price. */
function Told({ value }: { value: number | null }) {
  return value === null ? <Unknown why="No price of the other model is known" /> : <Money value={value} />;
}

export function Table({ answer: { actual, models } }: { answer: Answer }) {
  return (
    <DataTable
      label={`${TITLE}, table`}
      rows={models}
      rowKey={({ model_id }) => model_id}
      columns={[
        { key: "name", title: "Model", grow: true, value: ({ name }) => name, cell: ({ name }) => <Name>{name}</Name> },
        {
          key: "provider",
          title: "Provider",
          wide: true,
          value: ({ provider }) => provider,
          cell: ({ provider }) => <Name>{provider}</Name>,
        },
        { key: "actual", title: "As it was", right: true, wide: true, cell: () => moneyExact(actual.cost) },
        {
          key: "cost",
          title: "What if",
          right: true,
          value: ({ cost }) => cost,
          cell: ({ cost }) => (cost === null ? <Unknown why="Not known" /> : moneyExact(cost)),
        },
        {
          key: "saving",
          title: "Saving",
          right: true,
          value: ({ saving }) => saving,
          cell: ({ saving }) => (saving === null ? <Unknown why="Not known" /> : moneyExact(saving)),
        },
        {
          key: "percent",
          title: "Saving, %",
          right: true,
          value: ({ saving_percent }) => saving_percent,
          cell: ({ saving_percent: percent }) =>
            percent === null ? (
              <Unknown why="Not known" />
            ) : (
              `${percent < 0 ? "−" : ""}${share(Math.abs(percent) / 100)}`
            ),
        },
        { key: "notes", title: "Notes", wide: true, cell: ({ notes }) => notes.join(" ") },
      ]}
    />
  );
}

export function toCsv({ actual, models }: Answer): string {
  return csv(
    ["model", "provider", "actual_cost", "cost", "saving", "saving_percent", "notes"],
    models.map(({ name, provider, cost, saving, saving_percent, notes }) => [
      name,
      provider,
      actual.cost,
      cost,
      saving,
      saving_percent,
      notes.join(" "),
    ]),
  );
}

/** Which calls it is about: those that have a cost. */
export function Concerned({ answer: { actual } }: { answer: Answer }) {
  const { priced_calls: priced, unpriced_calls: unpriced } = actual;
  return (
    <>
      The tokens of {counted(priced, "calls")}, at each model's prices
      {unpriced > 0 && `; ${countExact(unpriced)} without a price are left out`}
    </>
  );
}
