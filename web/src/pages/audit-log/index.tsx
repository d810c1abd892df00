import { Autocomplete, Button, Select } from "@mantine/core";
import { IconArrowRight } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Fragment, useEffect, useState } from "react";
import { auditLog, projects, users } from "@/api/queries";
import type { AuditEntryOut } from "@/api/schema";
import { Quiet, Time } from "@/shared/figures";
import { Page } from "@/shared/layout";
import { rangeLabel, readRange } from "@/shared/range";
import type { View } from "@/shared/search";
import { Loaded, Skeleton } from "@/shared/states";
import { useView } from "@/shared/view";
import classes from "./audit.module.css";
import { actionWords, type FieldChange, fieldChanges, KINDS, subjectWords } from "./words";

const RANGES = ["24h", "7d", "30d", "90d"];
const MINUTE_MS = 60_000;

export function AuditLog() {
  const { view } = useView();
  const found = useInfiniteQuery(auditLog(filtersOf(view)));
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = found;
  return (
    <Page title="Audit log" lead="Who changed what, when, from what to what." actions={<AuditFilters />}>
      <Loaded query={found} what="The audit log" skeleton={<Skeleton height={400} />}>
        {({ pages }) => (
          <>
            <Entries entries={pages.flatMap(({ items }) => items)} />
            {hasNextPage && (
              <Button
                size="xs"
                variant="default"
                mt="md"
                loading={isFetchingNextPage}
                onClick={() => void fetchNextPage()}
              >
                Show older changes
              </Button>
            )}
          </>
        )}
      </Loaded>
    </Page>
  );
}

/** The address as the API's filters. A range up to now is cut to the minute, so that it is one question for that long. */
function filtersOf(view: View) {
  const action = KINDS.find(({ value }) => value === view.tab)?.value;
  const { from, to, range, q } = view;
  if (from !== undefined) return { action, actor: q, from, to };
  if (range === undefined) return { action, actor: q };
  const now = new Date(Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS);
  return { action, actor: q, from: readRange({ range }, now).from.toISOString() };
}

function AuditFilters() {
  const { view, change } = useView();
  const own = view.from !== undefined ? [{ value: "own", label: readRange(view).label }] : [];
  const named = view.range && !RANGES.includes(view.range) ? [...RANGES, view.range] : RANGES;
  return (
    <>
      <Select
        size="xs"
        aria-label="What was changed"
        placeholder="All kinds"
        clearable
        clearButtonProps={{ "aria-label": "All kinds" }}
        data={[...KINDS]}
        value={view.tab ?? null}
        className={classes.kind}
        onChange={(kind) => change({ tab: kind ?? undefined })}
      />
      <Actor />
      <Select
        size="xs"
        aria-label="When"
        placeholder="Any time"
        clearable
        clearButtonProps={{ "aria-label": "Any time" }}
        data={[...own, ...named.map((value) => ({ value, label: rangeLabel(value) }))]}
        value={view.from !== undefined ? "own" : (view.range ?? null)}
        className={classes.when}
        onChange={(range) => change({ range: range ?? undefined, from: undefined, to: undefined })}
      />
    </>
  );
}

/** Who made the changes: a user there is, or a name as it stands in the entries. */
function Actor() {
  const { view, change } = useView();
  const [asked, setAsked] = useState(false);
  const all = useQuery({ ...users(), enabled: asked });
  const [text, setText] = useState(view.q ?? "");
  useEffect(() => setText(view.q ?? ""), [view.q]);
  const emails = all.data?.map(({ email }) => email) ?? [];
  const choose = (name: string) => change({ q: name.trim() || undefined });
  return (
    <Autocomplete
      size="xs"
      aria-label="Who changed it"
      placeholder="By anybody"
      clearable
      clearButtonProps={{ "aria-label": "By anybody" }}
      data={emails}
      value={text}
      className={classes.actor}
      onFocus={() => setAsked(true)}
      onChange={setText}
      onOptionSubmit={choose}
      onClear={() => choose("")}
      onBlur={() => choose(text)}
      onKeyDown={(event) => {
        if (event.key === "Enter") choose(event.currentTarget.value);
      }}
    />
  );
}

function Entries({ entries }: { entries: AuditEntryOut[] }) {
  const { view, change } = useView();
  const all = useQuery(projects());
  const names = new Map(all.data?.map(({ id, name }) => [id, name]));
  const projectName = (id: number) => names.get(id) ?? "a project that is gone";
  if (entries.length === 0) {
    const isNarrowed = [view.tab, view.q, view.range, view.from].some((value) => value !== undefined);
    return (
      <div className={classes.none}>
        <p>{isNarrowed ? "No changes fit the filters." : "Nothing has been changed yet."}</p>
        {isNarrowed && (
          <Button
            size="xs"
            variant="default"
            onClick={() => change({ tab: undefined, q: undefined, range: undefined, from: undefined, to: undefined })}
          >
            Clear the filters
          </Button>
        )}
      </div>
    );
  }
  return (
    <ol className={classes.entries} aria-label="Changes, the newest first">
      {entries.map((entry) => (
        <li key={entry.id}>
          <span className={classes.time}>
            <Time at={entry.created_at} />
          </span>
          <span className={classes.who} dir="auto">
            {entry.actor}
          </span>
          <span className={classes.what}>
            {actionWords(entry.action)} <b dir="auto">{subjectWords(entry)}</b>
            <Changes changes={fieldChanges(entry, projectName)} />
          </span>
        </li>
      ))}
    </ol>
  );
}

function Changes({ changes }: { changes: FieldChange[] }) {
  if (changes.length === 0) return null;
  return (
    <dl className={classes.changes}>
      {changes.map(({ field, before, after }) => (
        <Fragment key={field}>
          <dt>{field}</dt>
          <dd dir="auto">
            {before !== undefined && (
              <>
                {after === undefined ? <Quiet>{before}</Quiet> : <del>{before}</del>}
                {after !== undefined && <IconArrowRight size={12} aria-label="to" />}
              </>
            )}
            {after !== undefined && <ins>{after}</ins>}
          </dd>
        </Fragment>
      ))}
    </dl>
  );
}
