import { Autocomplete, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data } from "@/api/client";
import type { ModelIn } from "@/api/schema";
import { failureOf } from "@/shared/failure";
import { Form } from "@/shared/form";
import { PRICING_FIELDS, Pricing, type PricingForm, readPricing } from "./Pricing";
import { type Faults, NO_PRICE } from "./prices";

interface NewModelProps {
  providers: string[];
  onDone: () => void;
}

const EMPTY: PricingForm = { kind: "price", price: NO_PRICE, flat: "", flat_from: "" };

export function NewModel({ providers, onDone }: NewModelProps) {
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const [provider, setProvider] = useState("");
  const [pricing, setPricing] = useState(EMPTY);
  const [faults, setFaults] = useState<Faults>({});
  const create = useMutation({
    // The generated types ask for whatever has a default; the API does not.
    mutationFn: (body: Partial<ModelIn>) => data(api.POST("/llm/models", { body: body as ModelIn })),
    onSuccess: () => {
      onDone();
      void queryClient.invalidateQueries({ queryKey: ["models"] });
    },
  });
  const { at, general } = failureOf(create.error, ["name", "provider", ...PRICING_FIELDS], "name");
  const submit = () => {
    const read = readPricing(pricing);
    setFaults("faults" in read ? read.faults : {});
    if (!("faults" in read)) create.mutate({ name, provider, ...read });
  };
  return (
    <Form action="Add model" pending={create.isPending} general={general} onSubmit={submit}>
      <TextInput
        label="Name"
        description="As programs name it when they log a call. One that is not here is also added by its first call."
        dir="auto"
        data-autofocus
        value={name}
        error={at("name")}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Autocomplete
        label="Provider"
        description="Who answers: openai, anthropic, or a server of your own."
        data={providers}
        value={provider}
        error={at("provider")}
        onChange={setProvider}
      />
      <Pricing value={pricing} optional faults={faults} at={at} onChange={setPricing} />
    </Form>
  );
}
