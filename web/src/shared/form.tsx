/** Forms: one column, saved by one button, in the page or in a panel at the right. */
import { Alert, Button, Drawer, TextInput } from "@mantine/core";
import { IconAlertTriangle, IconSearch } from "@tabler/icons-react";
import { type ReactNode, type SubmitEvent, useEffect, useRef, useState } from "react";
import type { ApiError } from "@/api/error";
import { CopyButton } from "./CopyButton";
import classes from "./form.module.css";
import { useKeys } from "./keys";
import { useView } from "./view";

interface FormProps {
  /** What the one button does: "Create key". */
  action: string;
  pending: boolean;
  /** What went wrong and belongs to no field. */
  general: ApiError | null;
  /** Nothing to save. */
  disabled?: boolean;
  /** Not what the page or panel is there for first. */
  secondary?: boolean;
  /** Beside the button: what was done, or another way out. */
  aside?: ReactNode;
  onSubmit: () => void;
  children: ReactNode;
}

export function Form({ action, pending, general, disabled = false, secondary, aside, onSubmit, children }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!pending && !disabled) onSubmit();
  };
  useFocusOnFault(form, pending);
  return (
    <form ref={form} className={classes.form} onSubmit={submit} noValidate>
      {general && <FailureNote error={general} />}
      {children}
      <div className={classes.buttons}>
        <Button type="submit" variant={secondary ? "default" : "filled"} loading={pending} disabled={disabled}>
          {action}
        </Button>
        {aside}
      </div>
    </form>
  );
}

/** After an attempt that failed, the focus goes to the first field that is wrong, or to the note above. */
function useFocusOnFault(form: { current: HTMLFormElement | null }, pending: boolean) {
  const before = useRef(pending);
  useEffect(() => {
    if (before.current && !pending) {
      form.current?.querySelector<HTMLElement>('[aria-invalid="true"], [role="alert"]')?.focus();
    }
    before.current = pending;
  }, [form, pending]);
}

export function FailureNote({ error }: { error: ApiError }) {
  return (
    <Alert role="alert" tabIndex={-1} color="red" variant="light" icon={<IconAlertTriangle aria-hidden />}>
      {error.detail}
      {error.retryAfter !== null && ` Try again in ${error.retryAfter} s.`}
      {error.requestId && error.status >= 500 && (
        <span className={classes.request}>
          Request <code>{error.requestId}</code> <CopyButton value={error.requestId} label="Copy the request id" />
        </span>
      )}
    </Alert>
  );
}

interface PanelProps {
  title: ReactNode;
  opened: boolean;
  onClose: () => void;
  /** It closes by its own buttons only: what it shows can't be had again. */
  insist?: boolean;
  children: ReactNode;
}

/** A panel over the right side of the page. Escape closes it, and the focus goes back to where it came from. */
export function Panel({ title, opened, onClose, insist = false, children }: PanelProps) {
  return (
    <Drawer
      opened={opened}
      onClose={() => {
        if (!document.querySelector("[data-asking] [role=dialog]")) onClose();
      }}
      title={title}
      position="right"
      size={520}
      padding="lg"
      transitionProps={{ duration: 120 }}
      overlayProps={{ backgroundOpacity: 0.25 }}
      closeOnClickOutside={!insist}
      closeOnEscape={!insist}
      withCloseButton={!insist}
      closeButtonProps={{ "aria-label": "Close" }}
      classNames={{ title: classes.panelTitle }}
    >
      {children}
    </Drawer>
  );
}

/** Keeps the last value there was, so that a panel does not change while it closes. */
export function useLast<T>(value: T | undefined): T | undefined {
  const last = useRef(value);
  if (value !== undefined) last.current = value;
  return last.current;
}

const TYPING_MS = 200;

/** The search box of a page; what is in it is in the address (`q`). `/` puts the cursor there. */
export function SearchBox({ label }: { label: string }) {
  const { view, change } = useView();
  const [text, setText] = useState(view.q ?? "");
  const sent = useRef(view.q ?? "");
  const input = useRef<HTMLInputElement>(null);
  useKeys("This page", [{ keys: "/", label: label, run: () => input.current?.focus() }]);
  useEffect(() => {
    // Somebody else changed the address: a link, the way back.
    if ((view.q ?? "") !== sent.current) {
      sent.current = view.q ?? "";
      setText(sent.current);
    }
  }, [view.q]);
  useEffect(() => {
    if (text.trim() === sent.current) return;
    const timer = window.setTimeout(() => {
      sent.current = text.trim();
      change({ q: sent.current || undefined }, { replace: true });
    }, TYPING_MS);
    return () => window.clearTimeout(timer);
  }, [text, change]);
  return (
    <TextInput
      ref={input}
      type="search"
      size="xs"
      className={classes.search}
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={14} aria-hidden />}
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
    />
  );
}

/** A secret that is shown this once. */
export function Secret({ value, label }: { value: string; label: string }) {
  return (
    <div className={classes.secret}>
      <code>{value}</code>
      <CopyButton value={value} label={label} text />
    </div>
  );
}

/** In place of a list whose search finds nothing: `title` says what was looked for where. */
export function NothingFound({ title }: { title: string }) {
  const { change } = useView();
  return (
    <div className={classes.nothing}>
      <p dir="auto">{title}</p>
      <Button size="xs" variant="default" onClick={() => change({ q: undefined })}>
        Clear the search
      </Button>
    </div>
  );
}
