import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { api } from "@/api/client";
import { asApiError } from "@/api/error";
import { apiKeys } from "@/api/queries";
import type { KeyOut, NewKeyOut } from "@/api/schema";
import { useConfirm } from "@/shared/confirm";
import { type Column, DataTable } from "@/shared/DataTable";
import { Name, Quiet, Time } from "@/shared/figures";
import { FailureNote, NothingFound, Panel, SearchBox, useLast } from "@/shared/form";
import { ago } from "@/shared/format";
import { Page } from "@/shared/layout";
import { Empty, Loaded, Skeleton } from "@/shared/states";
import { useView } from "@/shared/view";
import { EditKey } from "./EditKey";
import classes from "./keys.module.css";
import { NewKey } from "./NewKey";

const NEW = "new";

export function ApiKeys() {
  const { view, change } = useView();
  const all = useQuery(apiKeys());
  const [made, setMade] = useState<NewKeyOut | null>(null);
  const chosen = useLast(all.data?.find(({ id }) => String(id) === view.tab));
  const opened = view.tab === NEW;
  useEffect(() => {
    // The secret is gone once the panel is closed, whichever way.
    if (!opened) setMade(null);
  }, [opened]);
  const add = () => change({ tab: NEW });
  const close = () => change({ tab: undefined });
  return (
    <Page
      title="API keys"
      lead="What programs send or read data with. A key belongs to one project or to all."
      actions={
        <>
          <SearchBox label="Search keys" />
          <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={add}>
            Create key
          </Button>
        </>
      }
    >
      <Loaded query={all} what="The API keys" skeleton={<Skeleton height={180} />}>
        {(found) => <KeyTable keys={found} q={view.q} onAdd={add} />}
      </Loaded>
      <Panel
        title={made ? <span dir="auto">Key “{made.name}”</span> : "Create key"}
        opened={opened}
        insist={made !== null}
        onClose={close}
      >
        <NewKey made={made} onMade={setMade} onDone={close} />
      </Panel>
      <Panel
        title={chosen && <span dir="auto">{chosen.name}</span>}
        opened={chosen !== undefined && String(chosen.id) === view.tab}
        onClose={close}
      >
        {chosen && <EditKey of={chosen} onDone={close} />}
      </Panel>
    </Page>
  );
}

function KeyTable({ keys, q = "", onAdd }: { keys: KeyOut[]; q?: string; onAdd: () => void }) {
  const revoke = useRevoke();
  const wanted = q.toLowerCase();
  const fitting = keys.filter(({ name, prefix, project }) =>
    [name, prefix, project ?? ""].some((text) => text.toLowerCase().includes(wanted)),
  );
  if (fitting.length === 0) {
    return keys.length === 0 ? (
      <Empty of="keys" title="There are no keys yet. A program needs one to log calls.">
        <Button size="xs" onClick={onAdd}>
          Create key
        </Button>
      </Empty>
    ) : (
      <NothingFound title={`No key has “${q}” in its name, project or prefix.`} />
    );
  }
  const last: Column<KeyOut> = {
    key: "revoke",
    title: "",
    right: true,
    cell: (key) => (
      <Button
        size="compact-xs"
        variant="subtle"
        color="red"
        aria-label={`Delete key ${key.name}`}
        onClick={() => void revoke.ask(key)}
      >
        Delete
      </Button>
    ),
  };
  return (
    <>
      {revoke.error !== null && <FailureNote error={asApiError(revoke.error)} />}
      <DataTable label="API keys" columns={[...COLUMNS, last]} rows={fitting} rowKey={({ id }) => id} first={100} />
    </>
  );
}

function useRevoke() {
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const { mutate, error } = useMutation({
    mutationFn: (key: KeyOut) => api.DELETE("/api-keys/{id}", { params: { path: { id: key.id } } }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["api-keys"] }),
  });
  const ask = async (key: KeyOut) => {
    const used = key.last_used_at ? ` It was last used ${ago(new Date(key.last_used_at))}.` : " It was never used.";
    const question = {
      title: `Delete the key “${key.name}”?`,
      children: `Programs that use it are refused from now on.${used} This can't be undone.`,
      action: "Delete key",
    };
    if (await confirm(question)) mutate(key);
  };
  return { ask, error };
}

const COLUMNS: Column<KeyOut>[] = [
  {
    key: "name",
    title: "Name",
    value: ({ name }) => name,
    cell: ({ id, name }) => (
      <Link
        to="."
        search={(view) => ({ ...view, tab: String(id) })}
        resetScroll={false}
        className={classes.name}
        aria-label={`Edit key ${name}`}
      >
        <Name>{name}</Name>
      </Link>
    ),
  },
  {
    key: "project",
    title: "Project",
    value: ({ project }) => project ?? "",
    cell: ({ project }) =>
      project === null ? (
        "All projects"
      ) : (
        <span className={classes.project}>
          <Name>{project}</Name>
        </span>
      ),
  },
  { key: "scopes", title: "Scopes", wide: true, cell: ({ scopes }) => scopes.join(", ") },
  { key: "prefix", title: "Begins with", wide: true, cell: ({ prefix }) => <code>{prefix}…</code> },
  {
    key: "requests_per_minute",
    title: "Requests a minute",
    right: true,
    wide: true,
    value: ({ requests_per_minute }) => requests_per_minute,
    cell: ({ requests_per_minute: most }) => (most === null ? <Quiet>Any number</Quiet> : most.toLocaleString("en")),
  },
  {
    key: "created_at",
    title: "Created",
    wide: true,
    value: ({ created_at }) => created_at,
    cell: ({ created_at }) => <Time at={created_at} form="ago" />,
  },
  {
    key: "last_used_at",
    title: "Last used",
    wide: true,
    value: ({ last_used_at }) => last_used_at,
    cell: ({ last_used_at }) => (last_used_at ? <Time at={last_used_at} form="ago" /> : <Quiet>Never</Quiet>),
  },
];
