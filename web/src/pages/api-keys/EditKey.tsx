import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data } from "@/api/client";
import type { KeyOut } from "@/api/schema";
import { failureOf } from "@/shared/failure";
import { Form } from "@/shared/form";
import { KeyName, RequestsPerMinute } from "./NewKey";

export function EditKey({ of, onDone }: { of: KeyOut; onDone: () => void }) {
  const queryClient = useQueryClient();
  const [name, setName] = useState(of.name);
  const [requests, setRequests] = useState(of.requests_per_minute);
  const save = useMutation({
    mutationFn: () => {
      const body = { name, requests_per_minute: requests };
      return data(api.PATCH("/api-keys/{id}", { params: { path: { id: of.id } }, body }));
    },
    onSuccess: () => {
      onDone();
      void queryClient.invalidateQueries({ queryKey: ["api-keys"] });
    },
  });
  const { at, general } = failureOf(save.error, ["name", "requests_per_minute"]);
  return (
    <Form
      action="Save"
      pending={save.isPending}
      disabled={name === of.name && requests === of.requests_per_minute}
      general={general}
      onSubmit={() => save.mutate()}
    >
      <KeyName value={name} error={at("name")} onChange={setName} />
      <RequestsPerMinute value={requests} error={at("requests_per_minute")} onChange={setRequests} />
    </Form>
  );
}
