import { Switch } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { ModelOut } from "@/api/schema";
import { Name, Quiet, Time, Unknown } from "@/shared/figures";
import { useRights } from "@/shared/rights";
import { VirtualTable } from "@/shared/VirtualTable";
import { useView } from "@/shared/view";
import { useModelChange } from "./change";
import classes from "./models.module.css";
import { type PriceNow, priceNow, rate } from "./prices";

/** The catalogue as rows; a click, or ⏎, opens one. */
export function ModelTable({ models }: { models: ModelOut[] }) {
  const { change } = useView();
  const [at, setAt] = useState(-1);
  return (
    <VirtualTable
      label="Models"
      rows={models}
      rowKey={({ id }) => id}
      height={`min(${models.length * 40 + 34}px, max(360px, calc(100dvh - 290px)))`}
      rowHeight={40}
      rowClass={classes.line}
      header={<Head />}
      at={at}
      onMove={setAt}
      onOpen={({ name, provider }) => change({ model: [name], provider: [provider] })}
    >
      {(model) => <Cells model={model} />}
    </VirtualTable>
  );
}

const HEADS = [
  { title: "Model" },
  { title: "Provider", wide: true },
  { title: "Input", unit: "$ / M", right: true },
  { title: "Output", unit: "$ / M", right: true, wide: true },
  { title: "Since", wide: true },
  { title: "Source", wide: true },
  { title: "Enabled", right: true },
];

function Head() {
  return (
    <div role="row" tabIndex={-1} className={`${classes.line} ${classes.head}`}>
      {HEADS.map(({ title, unit, right, wide }) => (
        <span
          key={title}
          role="columnheader"
          tabIndex={-1}
          data-right={right}
          data-wide={wide}
          data-tip={unit && "Dollars per million tokens"}
        >
          {unit ? `${title}, ${unit}` : title}
        </span>
      ))}
    </div>
  );
}

function Cells({ model }: { model: ModelOut }) {
  const price = priceNow(model, new Date());
  const { name, provider } = model;
  return (
    <>
      <span role="cell" className={classes.model}>
        <Link
          to="."
          search={(view) => ({ ...view, model: [name], provider: [provider] })}
          resetScroll={false}
          onClick={(event) => event.stopPropagation()}
        >
          <Name>{name}</Name>
        </Link>
      </span>
      <span role="cell" data-wide>
        <Name>{provider}</Name>
      </span>
      <PriceCells price={price} />
      <span role="cell" data-right>
        <Enabled model={model} />
      </span>
    </>
  );
}

function PriceCells({ price }: { price: PriceNow }) {
  if (price.kind === "none") {
    return (
      <>
        <span role="cell" data-right className={classes.missing}>
          no price
        </span>
        <span role="cell" data-right data-wide>
          <Quiet>—</Quiet>
        </span>
        <span role="cell" data-wide />
        <span role="cell" data-wide />
      </>
    );
  }
  if (price.kind === "flat") {
    const both = rate(price.per1k * 1000);
    return (
      <>
        <span role="cell" data-right>
          {both}
        </span>
        <span role="cell" data-right data-wide>
          {both}
        </span>
        <span role="cell" data-wide />
        <span role="cell" data-wide>
          flat, {rate(price.per1k)} / 1,000
        </span>
      </>
    );
  }
  const { input, output, valid_from, source } = price.price;
  return (
    <>
      <span role="cell" data-right>
        {input === null ? <Quiet>—</Quiet> : rate(input)}
      </span>
      <span role="cell" data-right data-wide>
        {output === null ? <Quiet>—</Quiet> : rate(output)}
      </span>
      <span role="cell" data-wide>
        {valid_from === null ? (
          <Unknown why="The source does not say since when" />
        ) : (
          <Time at={valid_from} form="ago" />
        )}
      </span>
      <span role="cell" data-wide>
        <Name>{source}</Name>
      </span>
    </>
  );
}

/** The switch in the row; for who may not change it, how it stands. */
function Enabled({ model }: { model: ModelOut }) {
  const { isAdmin } = useRights();
  const change = useModelChange(model);
  if (!isAdmin) return model.enabled ? "on" : <span className={classes.missing}>off</span>;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it keeps the click on the switch from opening the row
    // biome-ignore lint/a11y/useKeyWithClickEvents: the same
    <span onClick={(event) => event.stopPropagation()} data-tip={change.error?.message}>
      <Switch
        size="xs"
        aria-label={`Enable ${model.name} of ${model.provider}`}
        checked={change.isPending ? change.variables.enabled === true : model.enabled}
        onChange={(event) => change.mutate({ enabled: event.currentTarget.checked })}
      />
    </span>
  );
}
