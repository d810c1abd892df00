import { Button, Switch } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { asApiError } from "@/api/error";
import { model as modelQuery } from "@/api/queries";
import type { ModelDetail, ModelOut, PriceDetail } from "@/api/schema";
import { useConfirm } from "@/shared/confirm";
import { Disclosure } from "@/shared/Disclosure";
import { FailureNote } from "@/shared/form";
import { day } from "@/shared/format";
import { Section } from "@/shared/layout";
import { useRights } from "@/shared/rights";
import { Loaded, Skeleton } from "@/shared/states";
import { CallsLink, modelView } from "@/shared/view";
import { useModelChange, usePriceChange } from "./change";
import classes from "./models.module.css";
import { NewPrice } from "./NewPrice";
import { PricedAs, PricedAsNow } from "./PricedAs";
import { PriceList } from "./PriceList";
import { rate } from "./prices";
import { RepriceForm } from "./RepriceForm";

const HAIKU_45 = "claude-haiku-4-5";

/** One model: whether it may be used, what it costs and did, and for admins the next price. */
export function ModelPanel({ model }: { model: ModelOut }) {
  const { readsCalls } = useRights();
  const found = useQuery(modelQuery(model.id));
  return (
    <div className={classes.panel}>
      <p className={classes.under}>
        <span dir="auto">{model.provider}</span>
        {readsCalls && <CallsLink where={modelView(model)}>Its calls</CallsLink>}
      </p>
      <Enabled model={model} />
      <Loaded query={found} what="Its prices" skeleton={<Skeleton height={160} />}>
        {(detail) => <Prices model={detail} />}
      </Loaded>
    </div>
  );
}

function Enabled({ model }: { model: ModelOut }) {
  const { isAdmin } = useRights();
  const change = useModelChange(model);
  const isHaiku = model.name.toLowerCase().startsWith(HAIKU_45);
  return (
    <div>
      {change.error && <FailureNote error={asApiError(change.error)} />}
      <Switch
        label={model.enabled ? "Programs may use it" : "Programs may not use it"}
        checked={model.enabled}
        disabled={!isAdmin || change.isPending}
        onChange={(event) => change.mutate({ enabled: event.currentTarget.checked })}
      />
      <p className={classes.what}>
        While it is off, its calls are still recorded, and marked as against the policy.
        {isHaiku && " Claude Haiku 4.5 is switched in all its versions, and under Settings."}
      </p>
    </div>
  );
}

function Prices({ model }: { model: ModelDetail }) {
  const { isAdmin } = useRights();
  const confirm = useConfirm();
  const [correcting, setCorrecting] = useState<PriceDetail | null>(null);
  const remove = usePriceChange(model);
  const isUnpriced = model.unpriced_reason !== null;
  const ask = async (price: PriceDetail) => {
    const question = {
      title: `Remove this price of ${model.name}?`,
      children:
        "What held before it holds on in its place. Calls keep their cost until they are priced anew. The audit log keeps the price.",
      action: "Remove price",
    };
    if (price.id !== null && (await confirm(question))) remove.mutate({ price_id: price.id, price: null });
  };
  return (
    <div className={classes.panel}>
      <Section title="What it costs">
        {remove.error && <FailureNote error={asApiError(remove.error)} />}
        {model.cost_per_1k_tokens !== null && <FlatRate model={model} per1k={model.cost_per_1k_tokens} />}
        {isUnpriced && <p className={classes.note}>{model.unpriced_reason} Its calls have no cost.</p>}
        <PricedAsNow model={model} isAdmin={isAdmin} />
        {model.prices.length > 0 && (
          <PriceList
            prices={model.prices}
            onCorrect={isAdmin ? setCorrecting : undefined}
            onRemove={isAdmin ? (price) => void ask(price) : undefined}
          />
        )}
      </Section>
      {isAdmin && (
        <>
          <Section title={correcting ? "Correct a price" : "Set a price"}>
            <NewPrice model={model} correcting={correcting} onDone={() => setCorrecting(null)} />
          </Section>
          <Disclosure title="It is another model under a name of your own" open={isUnpriced && !model.priced_as}>
            <PricedAs model={model} />
          </Disclosure>
          <Disclosure title="Price its stored calls anew">
            <RepriceForm model={model} />
          </Disclosure>
        </>
      )}
    </div>
  );
}

function FlatRate({ model, per1k }: { model: ModelDetail; per1k: number }) {
  const { isAdmin } = useRights();
  const confirm = useConfirm();
  const change = useModelChange(model);
  const ask = async () => {
    const question = {
      title: `Remove the flat rate of ${model.name}?`,
      children:
        "Calls from now on are priced by the model's prices, or by the price book. Calls made before keep their cost.",
      action: "Remove flat rate",
    };
    if (await confirm(question)) change.mutate({ cost_per_1k_tokens: null });
  };
  const from = model.cost_per_1k_tokens_from;
  return (
    <>
      {change.error && <FailureNote error={asApiError(change.error)} />}
      <div className={classes.flat}>
        <span>
          <b>{rate(per1k)}</b> per 1,000 tokens, for prompt and completion alike
          {from && `, since ${day(new Date(from))}`}
        </span>
        {isAdmin && (
          <Button size="compact-xs" variant="default" loading={change.isPending} onClick={() => void ask()}>
            Remove flat rate
          </Button>
        )}
      </div>
    </>
  );
}
