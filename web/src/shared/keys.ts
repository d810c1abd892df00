/**
 * Keyboard shortcuts. A page registers its own with `useKeys`; the help dialog (`?`) lists all that are registered just now.
 * Single letters do nothing while one types, nor while a dialog is open, and can be switched off in the help dialog.
 */
import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Key {
  /** `j`, `g o` (one after the other), `Enter`, `Escape`, `mod+k` (⌘ or Ctrl). */
  keys: string;
  /** What it does, for the help dialog. */
  label: string;
  run: (event: KeyboardEvent) => void;
  /** Also while one types or a dialog is open. */
  anywhere?: boolean;
}

interface Group {
  name: string;
  list: () => Key[];
}

const SWITCH = "callscope.single-keys";
const OPEN = '[role="dialog"][aria-modal="true"], [role="menu"], [role="listbox"]';
const SEQUENCE_MS = 1000;
const groups = new Set<Group>();
const watchers = new Set<() => void>();
let shown: { name: string; keys: Key[] }[] = [];
let first = "";
let firstAt = 0;
let listening = false;

/** Registers shortcuts for as long as the component is there. The last that was registered goes first. */
export function useKeys(name: string, keys: Key[]): void {
  const latest = useRef(keys);
  latest.current = keys;
  const signature = keys.map((key) => `${key.keys} ${key.label}`).join("|");
  // biome-ignore lint/correctness/useExhaustiveDependencies: anew when the keys differ, not when the functions do
  useEffect(() => {
    listen();
    const group = { name, list: () => latest.current };
    groups.add(group);
    changed();
    return () => {
      groups.delete(group);
      changed();
    };
  }, [name, signature]);
}

/** All shortcuts there are now, by the name of their group. */
export function useKeyList(): { name: string; keys: Key[] }[] {
  return useSyncExternalStore(watch, () => shown);
}

export const singleKeys = {
  on: () => {
    try {
      return localStorage.getItem(SWITCH) !== "off";
    } catch {
      return true;
    }
  },
  set: (on: boolean) => {
    try {
      if (on) localStorage.removeItem(SWITCH);
      else localStorage.setItem(SWITCH, "off");
    } catch {
      // They stay on.
    }
  },
};

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

function changed(): void {
  shown = [...groups].map((group) => ({ name: group.name, keys: group.list() }));
  for (const watcher of watchers) watcher();
}

function listen(): void {
  if (listening) return;
  listening = true;
  document.addEventListener("keydown", pressed);
}

function pressed(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
  const name = nameOf(event);
  const sequence = first && Date.now() - firstAt < SEQUENCE_MS ? `${first} ${name}` : "";
  const busy = isBusy(event);
  const single = name.length === 1;
  const found = busy || (single && !singleKeys.on()) ? undefined : (match(sequence) ?? match(name));
  const key =
    found ??
    [...groups]
      .reverse()
      .flatMap((group) => group.list())
      .find((key) => key.anywhere && key.keys === name);
  first = "";
  if (key) {
    if (busy && !key.anywhere) return;
    event.preventDefault();
    key.run(event);
    return;
  }
  if (!busy && single) {
    first = name;
    firstAt = Date.now();
  }
}

function match(name: string): Key | undefined {
  if (!name) return undefined;
  for (const group of [...groups].reverse()) {
    const key = group.list().find((key) => key.keys === name);
    if (key) return key;
  }
  return undefined;
}

function nameOf(event: KeyboardEvent): string {
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.metaKey || event.ctrlKey ? `mod+${name}` : name;
}

/** Whether the key belongs to what has the focus, or to an open dialog or menu. */
function isBusy(event: KeyboardEvent): boolean {
  const target = event.target instanceof HTMLElement ? event.target : null;
  // A closed menu of choices may stay in the page, unseen.
  if ([...document.querySelectorAll(OPEN)].some((element) => element.checkVisibility())) return true;
  if (!target) return false;
  if (target.isContentEditable || target.matches("input, textarea, select, [role=combobox], [role=textbox]"))
    return true;
  // Enter and Space on a button or link are the button's own.
  return (
    (event.key === "Enter" || event.key === " ") && target.matches("button, a, summary, [role=button], [role=switch]")
  );
}
