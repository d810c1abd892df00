import { ActionIcon, Button } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useState } from "react";

interface CopyButtonProps {
  /** What is copied, or what makes it when it is asked for. */
  value: string | (() => string);
  /** What the button does: "Copy the id". */
  label: string;
  /** With its label in view, as a button of its own; otherwise an icon. */
  text?: boolean;
}

const SHOWN_MS = 2000;

export function CopyButton({ value, label, text = false }: CopyButtonProps) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");
  useEffect(() => {
    if (state === "idle") return;
    const timer = window.setTimeout(() => setState("idle"), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [state]);
  const copy = () => {
    copyText(typeof value === "string" ? value : value()).then(
      () => setState("copied"),
      () => setState("failed"),
    );
  };
  const icon = state === "copied" ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />;
  const said = state === "copied" ? "Copied" : state === "failed" ? "Could not be copied" : label;
  return (
    <>
      {text ? (
        <Button size="xs" variant="default" leftSection={icon} onClick={copy}>
          {said}
        </Button>
      ) : (
        <ActionIcon size="sm" variant="subtle" color="gray" aria-label={label} data-tip={said} onClick={copy}>
          {icon}
        </ActionIcon>
      )}
      <span className="hidden" role="status">
        {state === "idle" ? "" : said}
      </span>
    </>
  );
}

/** Copies a text, also over plain HTTP, where browsers have no clipboard. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("readonly", "");
  area.style.position = "fixed";
  area.style.opacity = "0";
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  if (!copied) throw new Error("The browser does not allow copying.");
}
