import { Button, Checkbox, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data } from "@/api/client";
import { projects } from "@/api/queries";
import type { NewKeyOut, Scope } from "@/api/schema";
import { failureOf } from "@/shared/failure";
import { Form, Secret } from "@/shared/form";
import { PerMinute, type PerMinuteProps } from "@/shared/PerMinute";
import classes from "./keys.module.css";
import { SCOPES } from "./scopes";

const ALL = "*";

interface NewKeyProps {
  made: NewKeyOut | null;
  onMade: (key: NewKeyOut) => void;
  onDone: () => void;
}

export function NewKey({ made, onMade, onDone }: NewKeyProps) {
  return made ? <Made secret={made.secret} onDone={onDone} /> : <KeyForm onMade={onMade} />;
}

function KeyForm({ onMade }: { onMade: (key: NewKeyOut) => void }) {
  const queryClient = useQueryClient();
  const all = useQuery(projects());
  const [name, setName] = useState("");
  const [project, setProject] = useState("default");
  const [scopes, setScopes] = useState<Scope[]>(["ingest"]);
  const [requests, setRequests] = useState<number | null>(null);
  const create = useMutation({
    mutationFn: () => {
      const body = { name, scopes, project: project === ALL ? null : project, requests_per_minute: requests };
      return data(api.POST("/api-keys", { body }));
    },
    onSuccess: (key) => {
      onMade(key);
      void queryClient.invalidateQueries({ queryKey: ["api-keys"] });
    },
  });
  const { at, general } = failureOf(create.error, ["name", "scopes", "project", "requests_per_minute"]);
  const names = all.data?.map((one) => ({ value: one.name, label: one.name })) ?? [];
  return (
    <Form action="Create key" pending={create.isPending} general={general} onSubmit={() => create.mutate()}>
      <KeyName value={name} error={at("name")} onChange={setName} />
      <Select
        label="Project"
        description="What the key logs and reads."
        data={[...names, { value: ALL, label: "All projects" }]}
        value={project}
        allowDeselect={false}
        searchable={names.length > 8}
        error={at("project")}
        onChange={(chosen) => setProject(chosen ?? ALL)}
      />
      <Checkbox.Group
        label="Scopes"
        value={scopes}
        error={at("scopes")}
        onChange={(chosen) => setScopes(SCOPES.map(({ value }) => value).filter((scope) => chosen.includes(scope)))}
      >
        <div className={classes.scopes}>
          {SCOPES.map(({ value, label, what }) => (
            <Checkbox key={value} value={value} label={label} description={what} />
          ))}
        </div>
      </Checkbox.Group>
      <RequestsPerMinute value={requests} error={at("requests_per_minute")} onChange={setRequests} />
    </Form>
  );
}

interface KeyNameProps {
  value: string;
  error: string | undefined;
  onChange: (name: string) => void;
}

export function KeyName({ onChange, ...field }: KeyNameProps) {
  return (
    <TextInput
      {...field}
      label="Name"
      description="The program that uses it."
      dir="auto"
      data-autofocus
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

/** How many requests a key may send. */
export function RequestsPerMinute(props: Pick<PerMinuteProps, "value" | "error" | "onChange">) {
  return (
    <PerMinute
      label="Requests a minute"
      description="More than that are refused for now. Empty: any number."
      {...props}
    />
  );
}

function Made({ secret, onDone }: { secret: string; onDone: () => void }) {
  return (
    <div className={classes.made}>
      <p>Keep the secret where your program finds it. It is not shown again.</p>
      <Secret value={secret} label="Copy the secret" />
      <p>
        Programs send it as <code>Authorization: Bearer cs_…</code>.
      </p>
      <div>
        <Button onClick={onDone}>Done</Button>
      </div>
    </div>
  );
}
