/** A name of one's own, such as an Azure deployment's, that stands for a model of the price book. */
import { Autocomplete, Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { asApiError } from "@/api/error";
import { models } from "@/api/queries";
import type { ModelDetail } from "@/api/schema";
import { failureOf } from "@/shared/failure";
import { FailureNote, Form } from "@/shared/form";
import { useModelChange } from "./change";
import classes from "./models.module.css";
import { hasBookPrice, pricedAsKey, readPricedAs } from "./prices";

const FIELDS = ["priced_as"];

export function PricedAs({ model }: { model: ModelDetail }) {
  const [typed, setTyped] = useState("");
  const [fault, setFault] = useState<string>();
  const all = useQuery(models());
  const save = useModelChange(model, () => setTyped(""));
  const { at, general } = failureOf(save.error, FIELDS);
  const submit = () => {
    const read = readPricedAs(typed);
    setFault(read ? undefined : "Must be a provider and a model, such as openai/gpt-4o");
    if (read) save.mutate({ priced_as: read });
  };
  const known = all.data?.filter((one) => one.id !== model.id && hasBookPrice(one)).map(pricedAsKey) ?? [];
  return (
    <Form
      action={model.priced_as ? "Price as this one instead" : "Price as this model"}
      secondary
      pending={save.isPending}
      general={general}
      onSubmit={submit}
    >
      <Autocomplete
        label="Model of the price book"
        description="For a name of your own, such as an Azure deployment's. Prices that you set yourself go before it."
        placeholder="openai/gpt-4o"
        dir="auto"
        limit={30}
        data={known}
        value={typed}
        error={fault ?? at("priced_as")}
        onChange={setTyped}
      />
    </Form>
  );
}

/** What it is priced as, with the way back. */
export function PricedAsNow({ model, isAdmin }: { model: ModelDetail; isAdmin: boolean }) {
  const change = useModelChange(model);
  if (!model.priced_as) return null;
  const { provider, model: name } = model.priced_as;
  return (
    <>
      {change.error && <FailureNote error={asApiError(change.error)} />}
      <div className={classes.flat}>
        <span>
          Priced as <b dir="auto">{name}</b> of <span dir="auto">{provider}</span>
        </span>
        {isAdmin && (
          <Button
            size="compact-xs"
            variant="default"
            loading={change.isPending}
            onClick={() => change.mutate({ priced_as: null })}
          >
            End this
          </Button>
        )}
      </div>
    </>
  );
}
