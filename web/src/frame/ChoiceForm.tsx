/** Choosing among the values that a field has: with how many calls each, and a search for those that are not shown. */
import { TextInput, UnstyledButton } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconCheck } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { asApiError } from "@/api/error";
import { choices, facets } from "@/api/queries";
import * as format from "@/shared/format";
import { useRights } from "@/shared/rights";
import { useView } from "@/shared/view";
import { type Choice, choicesOf, type Field, facetOf } from "./filters";

const TYPING_MS = 150;

export function ChoiceForm({ field, onDone }: { field: Field; onDone: () => void }) {
  const { view, change } = useView();
  const [typed, setTyped] = useState("");
  const sought = typed.trim();
  const found = useValues(field, sought);
  const held = view[field.key];
  const chosen = Array.isArray(held) ? held : held === undefined ? [] : [String(held)];
  const listed = choicesOf(field, found.values ?? [], chosen, sought);
  const choose = (value: string) => {
    if (field.kind === "value") {
      change({ [field.key]: chosen.includes(value) ? undefined : field.key === "api_key_id" ? Number(value) : value });
      onDone();
      return;
    }
    const next = chosen.includes(value) ? chosen.filter((other) => other !== value) : [...chosen, value];
    change({ [field.key]: next.length > 0 ? next : undefined });
  };
  return (
    <>
      {field.values === undefined && (
        <TextInput
          size="xs"
          aria-label={`Search ${field.label}`}
          placeholder="Type to search"
          data-autofocus
          dir="auto"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            const first = listed[0];
            if (event.key === "Enter" && !event.nativeEvent.isComposing && sought && first) choose(first.value);
          }}
        />
      )}
      {found.values === undefined && !found.error && <p>Loading…</p>}
      {found.error !== null && <p role="alert">The values could not be counted. {asApiError(found.error).detail}</p>}
      {found.values !== undefined && listed.length === 0 && <p>No call in this range has {sought ? "this" : "one"}.</p>}
      <ul aria-busy={found.values === undefined && !found.error}>
        {listed.map((choice) => (
          <li key={`${choice.typed ? "typed " : ""}${choice.value}`}>
            <UnstyledButton
              role={field.kind === "choice" ? "checkbox" : undefined}
              aria-checked={field.kind === "choice" ? chosen.includes(choice.value) : undefined}
              aria-current={field.kind === "value" && chosen.includes(choice.value) ? "true" : undefined}
              onClick={() => choose(choice.value)}
            >
              <span dir="auto" title={choice.label}>
                {choice.typed ? `Exactly “${choice.label}”` : choice.label}
              </span>
              {chosen.includes(choice.value) && <IconCheck size={14} aria-hidden />}
              {choice.count !== undefined && (
                <small data-tip={format.counted(choice.count, "calls")}>
                  {" "}
                  {format.count(choice.count)}
                  <span className="hidden"> calls</span>
                </small>
              )}
            </UnstyledButton>
          </li>
        ))}
      </ul>
      {found.note && <p>{found.note}</p>}
    </>
  );
}

interface Values {
  values: Choice[] | undefined;
  error: unknown;
  note?: string;
}

/** What there is to choose from. Whoever may not read calls is offered the names that the metrics tell. */
function useValues(field: Field, sought: string): Values {
  const { view } = useView();
  const { readsCalls } = useRights();
  const facet = facetOf(field);
  const [q] = useDebouncedValue(sought, TYPING_MS);
  const counted = useQuery({
    ...facets(facet ?? "model", view, field.values ? "" : q),
    enabled: facet !== null && readsCalls,
    placeholderData: keepPreviousData,
  });
  const names = useQuery({ ...choices(view.project), enabled: !readsCalls && field.values === undefined });
  if (!readsCalls) {
    const known =
      field.values ?? (field.key === "model" || field.key === "provider" ? names.data?.[field.key] : undefined);
    const words = sought.toLowerCase();
    return {
      values: known?.filter((name) => name.toLowerCase().includes(words)).map((name) => ({ value: name, label: name })),
      error: names.error,
    };
  }
  const { data, error } = counted;
  const values = data?.values.map(({ value, label, count }) => ({ value, label: label ?? value, count }));
  const more = data?.more ? "There are more: type a part of the name." : undefined;
  const note = data?.sampled ? `Counted among the newest ${format.counted(data.sampled, "calls")}.` : more;
  return { values, error: data ? null : error, note };
}
