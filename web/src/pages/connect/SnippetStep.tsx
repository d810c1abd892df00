import { Button, SegmentedControl } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { copyText } from "@/shared/CopyButton";
import { useView } from "@/shared/view";
import classes from "./connect.module.css";
import { isWay, PLACEHOLDER, snippet, WAYS, type Way } from "./snippets";

interface SnippetStepProps {
  secret: string | null;
  onCopied: () => void;
}

const SHOWN_MS = 2000;

export function SnippetStep({ secret, onCopied }: SnippetStepProps) {
  const { view, change } = useView();
  const narrow = useMediaQuery("(max-width: 767px)", window.innerWidth < 768);
  const way = isWay(view.tab) ? view.tab : "curl";
  const text = snippet(way, location.origin, secret ?? PLACEHOLDER);
  return (
    <>
      <SegmentedControl
        aria-label="How your program calls models"
        size="xs"
        orientation={narrow ? "vertical" : "horizontal"}
        data={WAYS.map(({ value, label }) => ({ value, label }))}
        value={way}
        onChange={(value) => change({ tab: value === "curl" ? undefined : value }, { replace: true })}
      />
      <div className={classes.code}>
        <pre tabIndex={0}>{text}</pre>
        <CopySnippet text={text} disabled={secret === null} onCopied={onCopied} />
      </div>
      <Hints way={way} ready={secret !== null} />
    </>
  );
}

const FOLDER = "/path/to/callscope";

function Hints({ way, ready }: { way: Way; ready: boolean }) {
  const found = WAYS.find(({ value }) => value === way);
  if (!found) return null;
  const [install, variable] = found.needs;
  return (
    <p className={classes.quiet}>
      {ready
        ? `Paste it into a terminal (bash or zsh). ${found.next} `
        : "It can be copied once the key is filled in. "}
      {install && (
        <>
          It needs <code>{install}</code>
          {install.includes(FOLDER) && ", the folder that Callscope was cloned into,"}
          {variable && (
            <>
              {" "}
              and <code>{variable}</code> in the environment
            </>
          )}
          .{" "}
        </>
      )}
      {found.example && (
        <>
          More is in <code>examples/{found.example}</code> and the files beside it.{" "}
        </>
      )}
    </p>
  );
}

function CopySnippet({ text, disabled, onCopied }: { text: string; disabled: boolean; onCopied: () => void }) {
  const [said, setSaid] = useState<"Copied" | "Could not be copied" | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = window.setTimeout(() => setSaid(null), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [said]);
  const button = useFocusWhenReady(disabled);
  const copy = () =>
    copyText(text).then(
      () => {
        setSaid("Copied");
        onCopied();
      },
      () => setSaid("Could not be copied"),
    );
  return (
    <div className={classes.copy}>
      <Button
        ref={button}
        size="xs"
        disabled={disabled}
        leftSection={said === "Copied" ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
        onClick={() => void copy()}
      >
        {said ?? "Copy"}
      </Button>
      <span className="hidden" role="status">
        {said}
      </span>
    </div>
  );
}

/** The button that made the key is gone with it, and the focus would be nowhere: it goes to what comes next. */
function useFocusWhenReady(disabled: boolean) {
  const button = useRef<HTMLButtonElement>(null);
  const before = useRef(disabled);
  useEffect(() => {
    if (before.current && !disabled && document.activeElement === document.body) button.current?.focus();
    before.current = disabled;
  }, [disabled]);
  return button;
}
