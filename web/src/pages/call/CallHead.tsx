/** What a call is, in two lines: its name, and the figures that one looks for first. */
import { ActionIcon } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconClockX, IconHandStop, IconMarkdownOff } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { CallOut } from "@/api/schema";
import { CopyButton } from "@/shared/CopyButton";
import { Count, Latency, Money, Name, Time } from "@/shared/figures";
import classes from "./call.module.css";
import { curlOf } from "./curl";
import { useRaw } from "./useRaw";

interface CallHeadProps {
  id: number;
  call: CallOut | undefined;
  /** In the panel the name leads to the whole page. */
  inPanel?: boolean;
  aside?: ReactNode;
}

export function CallHead({ id, call, inPanel = false, aside }: CallHeadProps) {
  const title = call?.name ?? `Call ${id}`;
  return (
    <header className={classes.head} data-panel={inPanel || undefined}>
      <div className={classes.titleLine}>
        {inPanel ? (
          <h2>
            <Link to="/calls/$id" params={{ id: String(id) }} data-tip="Open it whole (⏎)" dir="auto">
              {title}
            </Link>
          </h2>
        ) : (
          <h1 dir="auto">{title}</h1>
        )}
        <div className={classes.actions}>
          {call && <RawSwitch />}
          {call && <Copies call={call} icons={inPanel} />}
          {aside}
        </div>
      </div>
      <div className={classes.figures}>{call && <Figures call={call} />}</div>
    </header>
  );
}

/** Texts as they were written, in place of formatted ones. */
function RawSwitch() {
  const { raw, setRaw } = useRaw();
  return (
    <ActionIcon
      variant={raw ? "light" : "subtle"}
      color={raw ? "blue" : "gray"}
      aria-label="Show texts as written"
      aria-pressed={raw}
      data-tip={raw ? "Format texts" : "Show texts as written"}
      onClick={() => setRaw(!raw)}
    >
      <IconMarkdownOff size={18} />
    </ActionIcon>
  );
}

function Copies({ call, icons }: { call: CallOut; icons: boolean }) {
  const curl = curlOf(call, location.origin);
  const json = () => JSON.stringify(call, null, 2);
  if (icons) return <CopyButton value={json} label="Copy the call as JSON" />;
  return (
    <>
      <span data-tip={`Copies ${curl.about}`} className={classes.curl}>
        <CopyButton value={curl.command} label="Copy as curl" text />
      </span>
      <CopyButton value={json} label="Copy as JSON" text />
    </>
  );
}

function Figures({ call }: { call: CallOut }) {
  return (
    <>
      <StatusMark call={call} />
      <span className={classes.cutName}>
        <Name>{call.model}</Name>
      </span>
      <Latency ms={call.latency_ms} />
      <span>
        <Count value={call.prompt_tokens} of="prompt tokens" /> →{" "}
        <Count value={call.completion_tokens} of="completion tokens" /> tokens
      </span>
      {!call.refused && !call.cache_hit && <Money value={call.estimated_cost} model={call.model} />}
      <Time at={call.created_at} />
    </>
  );
}

const STATUS = {
  success: { Icon: IconCheck, tone: "good" },
  error: { Icon: IconAlertTriangle, tone: "bad" },
  timeout: { Icon: IconClockX, tone: "warn" },
  refused: { Icon: IconHandStop, tone: "warn" },
} as const;

export function StatusMark({ call }: { call: CallOut }) {
  const status = call.refused ? "refused" : call.status;
  const { Icon, tone } = STATUS[status];
  return (
    <span className={classes.statusMark} data-tone={tone}>
      <Icon size={16} aria-hidden /> {status}
    </span>
  );
}
