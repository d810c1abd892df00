/** Connect: a key, a snippet, and the first call arriving. From an empty server to a call seen in under a minute. */
import { useState } from "react";
import { Page } from "@/shared/layout";
import { useRights } from "@/shared/rights";
import { useArrival } from "./arrival";
import classes from "./connect.module.css";
import { FirstCall } from "./FirstCall";
import { type ChosenKey, KeyStep } from "./KeyStep";
import { SnippetStep } from "./SnippetStep";
import { Step } from "./Step";

export function Connect() {
  const [key, setKey] = useState<ChosenKey | null>(null);
  const { isAdmin } = useRights();
  const [copied, setCopied] = useState(false);
  const arrival = useArrival(key);
  return (
    <Page title="Connect a program" lead="Three steps, and the first call is on this page.">
      <ol className={classes.steps}>
        <Step number={1} title={isAdmin ? "Create a key" : "Get a key"} done={key !== null}>
          <KeyStep chosen={key} onChoose={setKey} />
        </Step>
        <Step number={2} title="Send a call" done={copied || arrival.arrived}>
          <SnippetStep secret={key?.secret ?? null} onCopied={() => setCopied(true)} />
        </Step>
        <Step number={3} title="See it arrive" done={arrival.arrived}>
          <FirstCall arrival={arrival} waiting={key !== null} />
        </Step>
      </ol>
    </Page>
  );
}
