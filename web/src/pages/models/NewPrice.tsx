/** Sets a model's next price, or corrects one that was entered wrongly; and then leads to the calls that it changes. */
import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { asApiError } from "@/api/error";
import type { ModelDetail, PriceDetail, PriceIn } from "@/api/schema";
import { failureOf } from "@/shared/failure";
import { FailureNote, Form } from "@/shared/form";
import { useModelChange, usePriceChange } from "./change";
import classes from "./models.module.css";
import { PriceFields } from "./PriceFields";
import { PRICING_FIELDS, Pricing, type PricingForm, readPricing } from "./Pricing";
import { type Faults, NO_PRICE, readPrice, typed } from "./prices";
import { useReprice } from "./repricing";

interface NewPriceProps {
  model: ModelDetail;
  correcting: PriceDetail | null;
  onDone: () => void;
}

export function NewPrice({ model, correcting, onDone }: NewPriceProps) {
  const [since, setSince] = useState<string | null | undefined>();
  if (correcting) {
    const done = (from: string | null) => {
      setSince(from);
      onDone();
    };
    return <Correction key={correcting.id} model={model} price={correcting} onDone={done} onCancel={onDone} />;
  }
  return (
    <>
      <Setting model={model} onSet={setSince} />
      {since !== undefined && <Concerned model={model} since={since} />}
    </>
  );
}

function Setting({ model, onSet }: { model: ModelDetail; onSet: (since: string | null) => void }) {
  const empty: PricingForm = {
    kind: model.cost_per_1k_tokens === null ? "price" : "flat",
    price: NO_PRICE,
    flat: "",
    flat_from: "",
  };
  const [form, setForm] = useState(empty);
  const [faults, setFaults] = useState<Faults>({});
  const save = useModelChange(model);
  const { at, general } = failureOf(save.error, PRICING_FIELDS, "prices.0.valid_from");
  const submit = () => {
    const read = readPricing(form);
    setFaults("faults" in read ? read.faults : {});
    if ("faults" in read) return;
    // A flat rate goes before all prices, so a price that is to hold takes its place.
    const replaces = read.prices && model.cost_per_1k_tokens !== null;
    const since = read.prices?.[0]?.valid_from ?? read.cost_per_1k_tokens_from ?? null;
    save.mutate(replaces ? { ...read, cost_per_1k_tokens: null } : read, {
      onSuccess: () => {
        setForm({ ...form, price: NO_PRICE, flat: "", flat_from: "" });
        onSet(since);
      },
    });
  };
  const change = (next: PricingForm) => {
    save.reset();
    setForm(next);
  };
  return (
    <Form
      action={form.kind === "flat" ? "Set flat rate" : "Set price"}
      pending={save.isPending}
      general={general}
      aside={
        <span role="status" className={classes.done}>
          {save.isSuccess && "Set."}
        </span>
      }
      onSubmit={submit}
    >
      <Pricing value={form} faults={faults} at={at} onChange={change} />
      <p className={classes.what}>
        {form.kind === "price" && model.cost_per_1k_tokens !== null && "It takes the place of the flat rate. "}
        Calls made before keep their cost until they are priced anew.
      </p>
    </Form>
  );
}

interface CorrectionProps {
  model: ModelDetail;
  price: PriceDetail;
  onDone: (since: string | null) => void;
  onCancel: () => void;
}

function Correction({ model, price, onDone, onCancel }: CorrectionProps) {
  const before = typed(price);
  const [form, setForm] = useState(before);
  const [faults, setFaults] = useState<Faults>({});
  const save = usePriceChange(model, () => onDone(price.valid_from));
  const { at, general } = failureOf(save.error, Object.keys(before), "valid_from");
  const submit = () => {
    const read = readPrice(form);
    setFaults("faults" in read ? read.faults : {});
    if ("faults" in read || price.id === null) return;
    const { valid_from, ...others } = read.price;
    const corrected = { ...others, steps: price.steps, ...(form.valid_from !== before.valid_from && { valid_from }) };
    save.mutate({ price_id: price.id, price: corrected as PriceIn });
  };
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.querySelector("input")?.focus(), []);
  return (
    <div ref={box}>
      <Form
        action="Correct price"
        pending={save.isPending}
        general={general}
        aside={
          <Button variant="default" onClick={onCancel}>
            Leave it as it is
          </Button>
        }
        onSubmit={submit}
      >
        <PriceFields
          value={form}
          at={(field) => faults[field] ?? at(field)}
          onChange={(part) => {
            save.reset();
            setForm({ ...form, ...part });
          }}
        />
      </Form>
    </div>
  );
}

/** A price that holds from a time in the past is that of calls already made: they are shown as they would be. */
function Concerned({ model, since }: { model: ModelDetail; since: string | null }) {
  const begin = useReprice();
  return (
    <div className={classes.concerned}>
      {begin.error && <FailureNote error={asApiError(begin.error)} />}
      <Button
        size="xs"
        variant="default"
        loading={begin.isPending}
        onClick={() => begin.mutate({ model_id: model.id, ...(since && { from: since }), dry_run: true })}
      >
        See what its stored calls would cost
      </Button>
    </div>
  );
}
