/** What was said: the messages that went in, and the answer or the error that came out. */
import { Button } from "@mantine/core";
import { IconAlertTriangle, IconClockX, IconHandStop } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import type { CallOut } from "@/api/schema";
import { countExact } from "@/shared/format";
import { Cut } from "@/shared/states";
import classes from "./call.module.css";
import { answerMessages, type Message, promptMessages } from "./conversation";
import { MessageView } from "./MessageView";
import { Written } from "./Written";

/** Of a long conversation the beginning and the end are shown at first. */
const SHORT = 12;
const FIRST = 2;
const LAST = 8;

export function Conversation({ call }: { call: CallOut }) {
  const asked = useMemo(() => promptMessages(call.prompt), [call.prompt]);
  const answered = useMemo(() => answerMessages(call.response), [call.response]);
  const silent = asked.length === 0 && answered.length === 0;
  return (
    <section className={classes.conversation} aria-label="Conversation">
      <Fault call={call} />
      <Messages messages={asked} />
      <CutNote call={call} part="prompt" />
      <Messages messages={answered} />
      <CutNote call={call} part="response" />
      {silent && <p className={classes.nothing}>No prompt and no response are kept of this call.</p>}
      {!silent && answered.length === 0 && call.status === "success" && !call.refused && (
        <p className={classes.nothing}>The answer was not logged.</p>
      )}
    </section>
  );
}

function Messages({ messages }: { messages: Message[] }) {
  const [all, setAll] = useState(false);
  if (all || messages.length <= SHORT) {
    return messages.map((message, index) => <MessageView key={index} message={message} />);
  }
  const last = messages.length - LAST;
  return (
    <>
      {messages.slice(0, FIRST).map((message, index) => (
        <MessageView key={index} message={message} />
      ))}
      <Button className={classes.between} size="compact-xs" variant="default" onClick={() => setAll(true)}>
        Show the {last - FIRST} messages between
      </Button>
      {messages.slice(last).map((message, index) => (
        <MessageView key={last + index} message={message} />
      ))}
    </>
  );
}

/** What was longer than is kept. */
function CutNote({ call, part }: { call: CallOut; part: "prompt" | "response" }) {
  const whole = call.cut[part];
  if (whole === undefined) return null;
  const value = call[part];
  const kept = typeof value === "string" ? value.length : 0;
  return (
    <Cut>
      The {part} was cut: {countExact(kept)} of {countExact(whole)} characters are kept.
    </Cut>
  );
}

const ICONS = { error: IconAlertTriangle, timeout: IconClockX, success: IconHandStop };

/** What went wrong, first of all: it is what one looks for, and a conversation may be long. */
function Fault({ call }: { call: CallOut }) {
  const { status, error_type, error_kind, error_message, refused } = call;
  if (status === "success" && !refused) return null;
  const Icon = refused ? IconHandStop : ICONS[status];
  const what = refused ? "Refused" : status === "timeout" ? "Timeout" : "Error";
  const type = error_type ?? (["other", status].includes(error_kind ?? "") ? null : error_kind);
  return (
    <div className={classes.fault} data-status={refused ? "refused" : status}>
      <h2>
        <Icon size={16} aria-hidden /> {what}
        {type && <code>{type}</code>}
      </h2>
      {refused && <p dir="auto">A policy kept this call from the provider: {refused}</p>}
      {error_message && <Written text={error_message} />}
    </div>
  );
}
