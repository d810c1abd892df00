import { Button } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { asApiError } from "@/api/error";
import type { CallSummary } from "@/api/schema";
import { Count, Latency, Money, Time } from "@/shared/figures";
import type { Arrival } from "./arrival";
import classes from "./connect.module.css";

/** Waits for the first call, and shows it. */
export function FirstCall({ arrival, waiting }: { arrival: Arrival; waiting: boolean }) {
  const { arrived, call, error } = arrival;
  return (
    <div role="status">
      {call ? (
        <CallCard call={call} />
      ) : arrived ? (
        <Counted />
      ) : (
        <p className={classes.waiting} data-running={waiting || undefined}>
          <i aria-hidden />
          {waiting
            ? "Waiting for the call. It appears here by itself, a moment after the terminal has sent it."
            : "The call will appear here by itself."}
        </p>
      )}
      {error !== null && !arrived && <p className={classes.quiet}>{asApiError(error).detail}</p>}
    </div>
  );
}

function CallCard({ call }: { call: CallSummary }) {
  const { id, model, provider, status, error_message, created_at, latency_ms, estimated_cost, preview } = call;
  const good = status === "success";
  const card = useRef<HTMLElement>(null);
  useEffect(() => {
    // A newer browser answers with a promise, which is no clean-up.
    void card.current?.scrollIntoView({ block: "nearest" });
  }, []);
  return (
    <article ref={card} className={classes.call} aria-label="The first call">
      <header>
        {good ? <IconCircleCheck aria-hidden data-good /> : <IconAlertTriangle aria-hidden data-bad />}
        <b dir="auto">{model}</b>
        <span dir="auto">{provider}</span>
        <span>{status}</span>
        <Time at={created_at} form="ago" />
      </header>
      <dl>
        <div>
          <dt>Latency</dt>
          <dd>
            <Latency ms={latency_ms} />
          </dd>
        </div>
        <div>
          <dt>Tokens in → out</dt>
          <dd>
            <Count value={call.prompt_tokens} of="prompt tokens" /> →{" "}
            <Count value={call.completion_tokens} of="completion tokens" />
          </dd>
        </div>
        <div>
          <dt>Cost</dt>
          <dd>
            <Money value={estimated_cost} model={model} />
          </dd>
        </div>
        <div>
          <dt>Project</dt>
          <dd dir="auto">{call.project}</dd>
        </div>
      </dl>
      {(preview || error_message) && (
        <blockquote dir="auto" data-bad={!good || undefined}>
          {good ? preview : (error_message ?? preview)}
        </blockquote>
      )}
      <div className={classes.next}>
        <Button size="xs" renderRoot={(props) => <Link to="/calls/$id" params={{ id: String(id) }} {...props} />}>
          Open the call
        </Button>
        <Button component={Link} to="/overview" size="xs" variant="default">
          Go to the overview
        </Button>
      </div>
    </article>
  );
}

function Counted() {
  return (
    <article className={classes.call}>
      <header>
        <IconCircleCheck aria-hidden data-good />
        <b>A call has arrived</b>
      </header>
      <p className={classes.quiet}>It is counted in the overview. An admin can give you the right to read calls.</p>
      <div className={classes.next}>
        <Button size="xs" renderRoot={(props) => <Link to="/overview" search={{ range: "1h" }} {...props} />}>
          Go to the overview
        </Button>
      </div>
    </article>
  );
}
