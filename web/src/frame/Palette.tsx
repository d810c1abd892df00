import { Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useId, useMemo, useState } from "react";
import { choices, projects } from "@/api/queries";
import { useRights } from "@/shared/rights";
import classes from "./frame.module.css";
import { open, opens } from "./open";
import { GROUPS } from "./pages";
import { useKeptView } from "./Rail";

interface Entry {
  label: string;
  hint: string;
  run: () => void;
}

const MOST_SHOWN = 12;

/** ⌘K: a page, a project, a model, a call by its number. */
export function Palette() {
  const [opened, setOpened] = useState(false);
  useEffect(() => opens("palette", () => setOpened(true)), []);
  return (
    <Modal
      opened={opened}
      onClose={() => setOpened(false)}
      withCloseButton={false}
      padding={0}
      size={560}
      yOffset="12vh"
      attributes={{ content: { "aria-label": "Search or jump" } }}
    >
      <Search onDone={() => setOpened(false)} />
    </Modal>
  );
}

function Search({ onDone }: { onDone: () => void }) {
  const id = useId();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const entries = useEntries(typed.trim());
  const chosen = Math.min(at, entries.length - 1);
  const run = (entry: Entry | undefined) => {
    if (!entry) return;
    onDone();
    entry.run();
  };
  const key = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt((chosen + step + entries.length) % Math.max(entries.length, 1));
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      run(entries[chosen]);
    }
  };
  return (
    <div className={classes.palette}>
      <input
        data-autofocus
        role="combobox"
        aria-expanded
        aria-controls={id}
        aria-activedescendant={entries.length > 0 ? `${id}-${chosen}` : undefined}
        aria-label="Search or jump"
        placeholder="A page, a project, a model, the number of a call"
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={key}
      />
      <div role="listbox" id={id} aria-label="Found">
        {entries.map((entry, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the input above has the focus and the keys
          <div
            key={`${entry.hint} ${entry.label}`}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            onClick={() => run(entry)}
            onPointerMove={() => setAt(index)}
          >
            <span dir="auto">{entry.label}</span>
            <span>{entry.hint}</span>
          </div>
        ))}
      </div>
      {entries.length === 0 && <p role="status">Nothing has this name.</p>}
    </div>
  );
}

function useEntries(typed: string): Entry[] {
  const navigate = useNavigate();
  const { may, readsCalls } = useRights();
  const kept = useKeptView();
  const names = useQuery(choices()).data;
  const all = useQuery(projects()).data;
  return useMemo(() => {
    const pages = GROUPS.flat()
      .filter((page) => may(page.right))
      .map(({ to, label, data }) => ({
        label,
        hint: "page",
        run: () => void navigate({ to, search: data ? kept : {} }),
      }));
    const account = [
      { label: "Account", hint: "page", run: () => void navigate({ to: "/account" }) },
      { label: "Keyboard", hint: "help", run: () => open("help") },
    ];
    const ofProjects = (all ?? []).map(({ name }) => ({
      label: name,
      hint: "project",
      run: () => void navigate({ to: "/overview", search: { ...kept, project: name } }),
    }));
    const ofModels = (names?.model ?? []).map((model) => ({
      label: model,
      hint: "model",
      run: () => void navigate({ to: readsCalls ? "/calls" : "/overview", search: { ...kept, model: [model] } }),
    }));
    const number = /^#?(\d{1,15})$/.exec(typed)?.[1];
    const byNumber =
      number && readsCalls
        ? [
            {
              label: `Call ${number}`,
              hint: "open",
              run: () => void navigate({ to: "/calls/$id", params: { id: number } }),
            },
          ]
        : [];
    const words = typed.toLowerCase().split(/\s+/);
    const fitting = [...pages, ...account, ...ofProjects, ...ofModels].filter(({ label }) =>
      words.every((word) => label.toLowerCase().includes(word)),
    );
    return [...byNumber, ...fitting].slice(0, MOST_SHOWN);
  }, [typed, all, names, kept, may, readsCalls, navigate]);
}
