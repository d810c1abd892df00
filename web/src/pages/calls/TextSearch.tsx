/** The search in prompts and answers. What is looked for is in the address (`text`); `/` puts the cursor here. */
import { CloseButton, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type SubmitEvent, useEffect, useRef, useState } from "react";
import { useKeys } from "@/shared/keys";
import { useView } from "@/shared/view";
import classes from "./calls.module.css";

const LABEL = "Search prompts and answers";
const MOST_CHARS = 500;

export function TextSearch() {
  const { view, change } = useView();
  const [text, setText] = useState(view.text ?? "");
  const input = useRef<HTMLInputElement>(null);
  useKeys("Calls", [{ keys: "/", label: LABEL, run: () => input.current?.focus() }]);
  useEffect(() => setText(view.text ?? ""), [view.text]);
  const search = (wanted: string) => {
    // words that are only to be left out, or none at all, find nothing
    if (wanted.trim() !== (view.text ?? "")) change({ text: wanted.trim() || undefined });
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    search(text);
  };
  const clear = () => {
    setText("");
    search("");
    input.current?.focus();
  };
  return (
    <search className={classes.search}>
      <form onSubmit={submit}>
        <TextInput
          ref={input}
          size="xs"
          dir="auto"
          aria-label={LABEL}
          aria-describedby="calls-search-hint"
          placeholder={LABEL}
          maxLength={MOST_CHARS}
          leftSection={<IconSearch size={14} aria-hidden />}
          rightSection={text && <CloseButton size="xs" aria-label="Clear the search" onClick={clear} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.preventDefault();
            setText(view.text ?? "");
            event.currentTarget.blur();
          }}
        />
        <p id="calls-search-hint">
          All words · <code>"a phrase"</code> · <code>refun*</code> for beginnings · <code>-word</code> to leave out · ⏎
        </p>
      </form>
    </search>
  );
}
