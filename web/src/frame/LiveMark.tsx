import { UnstyledButton } from "@mantine/core";
import { useIsFetching, useQueryClient } from "@tanstack/react-query";
import { useMatches } from "@tanstack/react-router";
import { useConnection } from "@/api/connection";
import { clock } from "@/shared/format";
import { refreshEvery } from "@/shared/range";
import { useView } from "@/shared/view";
import classes from "./frame.module.css";

/** Whether the figures are kept up to date; a click asks for new ones. */
export function LiveMark() {
  const { view } = useView();
  const data = useMatches().at(-1)?.staticData.data;
  const { lost, answeredAt } = useConnection();
  const fetching = useIsFetching() > 0;
  const queryClient = useQueryClient();
  const over = data && refreshEvery(view) === false;
  const state = lost ? "stale" : over ? "past" : "live";
  const words = { stale: "Stale", past: "Past", live: "Live" }[state];
  const at = answeredAt === null ? "" : ` The server last answered at ${clock(new Date(answeredAt))}.`;
  const tip = {
    stale: `The server does not answer.${at} Click to try again.`,
    past: `The range is over: nothing new comes in.${at} Click to ask again.`,
    live: `New figures come in by themselves.${at} Click to ask now.`,
  }[state];
  return (
    <>
      <UnstyledButton
        className={classes.live}
        data-state={state}
        data-busy={fetching || undefined}
        data-tip={tip}
        aria-label={`${words}: refresh`}
        onClick={() => void queryClient.refetchQueries({ type: "active" })}
      >
        <i aria-hidden />
        <span>{words}</span>
      </UnstyledButton>
      <span className="hidden" role="status">
        {lost ? "The server does not answer" : ""}
      </span>
    </>
  );
}
