import { Anchor, Button, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data } from "@/api/client";
import { apiKeys, projects } from "@/api/queries";
import { failureOf } from "@/shared/failure";
import { FailureNote, Secret } from "@/shared/form";
import { dayAndClock } from "@/shared/format";
import { useRights } from "@/shared/rights";
import { useView } from "@/shared/view";
import classes from "./connect.module.css";
import { isKey } from "./snippets";

export interface ChosenKey {
  secret: string;
  /** Its number, where it is known here. */
  id: number | null;
  /** The project that it logs into; null: any. Undefined: not known here. */
  project?: string | null;
}

interface KeyStepProps {
  chosen: ChosenKey | null;
  onChoose: (key: ChosenKey | null) => void;
}

const DEFAULT = "default";
const PREFIX_LENGTH = 10;

export function KeyStep({ chosen, onChoose }: KeyStepProps) {
  const { isAdmin } = useRights();
  const [pasting, setPasting] = useState(false);
  if (chosen?.project !== undefined) return <MadeKey secret={chosen.secret} project={chosen.project} />;
  if (isAdmin && !pasting) {
    return (
      <>
        <MakeKey onMade={onChoose} />
        <Anchor component="button" type="button" fz="sm" onClick={() => setPasting(true)}>
          I have a key already
        </Anchor>
      </>
    );
  }
  return (
    <>
      {!isAdmin && <p>An admin can make a key for you, under API keys. Paste it here to fill it into the next step.</p>}
      <PasteKey onPaste={onChoose} />
      {isAdmin && (
        <Anchor component="button" type="button" fz="sm" onClick={() => setPasting(false)}>
          Create a new one instead
        </Anchor>
      )}
    </>
  );
}

/** The one button: a key that can log calls, and nothing else. */
function MakeKey({ onMade }: { onMade: (key: ChosenKey) => void }) {
  const { view, change } = useView();
  const queryClient = useQueryClient();
  const all = useQuery(projects());
  const names = all.data?.map(({ name }) => name) ?? [DEFAULT];
  const project = view.project && names.includes(view.project) ? view.project : DEFAULT;
  const make = useMutation({
    mutationFn: () => {
      const name = `Connect, ${dayAndClock(new Date(), new Date(0))}`;
      return data(api.POST("/api-keys", { body: { name, scopes: ["ingest"], project } }));
    },
    onSuccess: (made) => {
      onMade({ secret: made.secret, id: made.id, project: made.project });
      void queryClient.invalidateQueries({ queryKey: ["api-keys"] });
    },
  });
  const { at, general } = failureOf(make.error, ["project"]);
  return (
    <>
      {general && <FailureNote error={general} />}
      <div className={classes.make}>
        <Select
          label="Project"
          data={names}
          value={project}
          allowDeselect={false}
          searchable={names.length > 8}
          error={at("project")}
          onChange={(name) =>
            change({ project: name === DEFAULT ? undefined : (name ?? undefined) }, { replace: true })
          }
        />
        <Button loading={make.isPending} onClick={() => make.mutate()}>
          Create key
        </Button>
      </div>
      <p className={classes.quiet}>It can log calls of this project, and read nothing.</p>
    </>
  );
}

function MadeKey({ secret, project }: { secret: string; project: string | null }) {
  return (
    <>
      <Secret value={secret} label="Copy the key" />
      <p className={classes.quiet}>
        It is filled in below and shown this once; keep it where your program finds it. It logs into{" "}
        {project === null ? "any project" : <b dir="auto">{project}</b>}.
      </p>
    </>
  );
}

function PasteKey({ onPaste }: { onPaste: (key: ChosenKey | null) => void }) {
  const { isAdmin } = useRights();
  const known = useQuery({ ...apiKeys(), enabled: isAdmin });
  const [text, setText] = useState("");
  const wrong = text !== "" && !isKey(text.trim());
  const paste = (pasted: string) => {
    setText(pasted);
    const secret = pasted.trim();
    const own = known.data?.filter(({ prefix }) => prefix === secret.slice(0, PREFIX_LENGTH)) ?? [];
    onPaste(isKey(secret) ? { secret, id: own.length === 1 ? (own[0]?.id ?? null) : null } : null);
  };
  return (
    <TextInput
      label="API key"
      placeholder="cs_…"
      autoComplete="off"
      spellCheck={false}
      className={classes.paste}
      classNames={{ input: "mono" }}
      value={text}
      error={wrong ? "An API key starts with cs_ and has letters, digits, - and _ alone." : undefined}
      onChange={(event) => paste(event.currentTarget.value)}
    />
  );
}
