/** Which stored calls are to be priced anew. A dry run shows the sums first. */
import { Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { projects } from "@/api/queries";
import type { ModelOut } from "@/api/schema";
import { failureOf } from "@/shared/failure";
import { Form } from "@/shared/form";
import classes from "./models.module.css";
import { useReprice } from "./repricing";

const FIELDS = ["from", "to", "project"];

/** Of one model, or of all. */
export function RepriceForm({ model }: { model?: ModelOut }) {
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [project, setProject] = useState<string | null>(null);
  const [asked, setAsked] = useState(false);
  const names = useQuery({ ...projects(), enabled: asked });
  const begin = useReprice();
  const { at, general } = failureOf(begin.error, FIELDS);
  const submit = () =>
    begin.mutate({
      ...(model && { model_id: model.id }),
      ...(project && { project }),
      ...(from && { from: new Date(from).toISOString() }),
      ...(to && { to: new Date(to).toISOString() }),
      ...(!model && !from && !to && { all: true }),
      dry_run: true,
    });
  return (
    <Form
      action="Show what would change"
      secondary={model !== undefined}
      pending={begin.isPending}
      general={general}
      onSubmit={submit}
    >
      <p className={classes.what}>
        Each call gets what it costs by the price of its own time. What a program reported itself stays.
      </p>
      <div className={classes.pair}>
        <TextInput
          type="datetime-local"
          label="Calls from"
          description="Empty: since the first."
          value={from}
          error={at("from")}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          label="Up to"
          description="Empty: up to now."
          value={to}
          error={at("to")}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
      </div>
      <Select
        label="Project"
        placeholder="All projects"
        data={names.data?.map(({ name }) => name) ?? []}
        clearable
        value={project}
        error={at("project")}
        onDropdownOpen={() => setAsked(true)}
        onChange={setProject}
      />
    </Form>
  );
}
