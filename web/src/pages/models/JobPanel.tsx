/** One repricing: how far it is, the sums before and after, and what can be done next. */
import { Button, Progress } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import { asApiError } from "@/api/error";
import { isUnderWay, repricing } from "@/api/queries";
import type { RepricingOut } from "@/api/schema";
import { useConfirm } from "@/shared/confirm";
import { Count, Exact, Money, Time } from "@/shared/figures";
import { FailureNote } from "@/shared/form";
import { countExact, money, moneyExact } from "@/shared/format";
import { Loaded, Skeleton } from "@/shared/states";
import { useView } from "@/shared/view";
import classes from "./models.module.css";
import { extent, inEarnest, outcome, progress, subject, useReprice } from "./repricing";

export function JobPanel({ id }: { id: number }) {
  const found = useQuery(repricing(id));
  return (
    <Loaded query={found} what="The repricing" skeleton={<Skeleton height={260} />}>
      {(job) => <Job job={job} />}
    </Loaded>
  );
}

function Job({ job }: { job: RepricingOut }) {
  return (
    <div className={classes.panel}>
      <p className={classes.under}>
        <span>
          <span dir="auto">{subject(job)}</span>, {extent(job)}
          <br />
          {job.dry_run && "A dry run: nothing is changed. "}Asked for by <span dir="auto">{job.created_by}</span>,{" "}
          <Time at={job.created_at} form="ago" />
        </span>
      </p>
      <Course job={job} />
      {job.error && <p className={classes.note}>{job.error}</p>}
      {(job.calls_done > 0 || !isUnderWay(job)) && <Sums job={job} />}
      <Next job={job} />
    </div>
  );
}

const STATES: Record<RepricingOut["state"], string> = {
  queued: "Waiting for its turn",
  running: "Running",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled; what it had changed stays",
};

function Course({ job }: { job: RepricingOut }) {
  const part = progress(job);
  const state = job.dry_run && job.state === "cancelled" ? "Cancelled" : STATES[job.state];
  const of = job.calls_total === null ? "" : ` of ${isUnderWay(job) ? "about " : ""}${countExact(job.calls_total)}`;
  return (
    <div className={classes.course}>
      <p role="status">
        <b data-state={job.state}>{state}</b>
        <span>{job.state === "done" ? "" : `${countExact(job.calls_done)}${of} calls looked at`}</span>
      </p>
      <Progress
        aria-label="Progress"
        value={(part ?? 0) * 100}
        color={job.state === "failed" ? "red" : "blue"}
        striped={job.state === "running"}
        animated={job.state === "running"}
      />
    </div>
  );
}

function Sums({ job }: { job: RepricingOut }) {
  const change = job.cost_after - job.cost_before;
  return (
    <div>
      <p className={classes.outcome}>{outcome(job)}</p>
      <table className={classes.sums}>
        <caption className="hidden">Sums before and after</caption>
        <thead>
          <tr>
            <td />
            <th scope="col">Before</th>
            <th scope="col">{job.dry_run ? "Would be" : "After"}</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Cost</th>
            <td>
              <Money value={job.cost_before} />
            </td>
            <td>
              <Money value={job.cost_after} />
            </td>
            <td>
              <Exact short={`${change > 0 ? "+" : ""}${money(change)}`} exact={moneyExact(change)} />
            </td>
          </tr>
          <tr>
            <th scope="row">Without a price</th>
            <td>
              <Count value={job.unpriced_before} of="calls" />
            </td>
            <td>
              <Count value={job.unpriced_after} of="calls" />
            </td>
            <td>{signedCount(job.unpriced_after - job.unpriced_before)}</td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

/** −47,211 · +3 · 0 */
function signedCount(change: number): string {
  return `${change < 0 ? "−" : change > 0 ? "+" : ""}${countExact(Math.abs(change))}`;
}

/** What follows: stop it, do what the dry run showed, or go back to the model. */
function Next({ job }: { job: RepricingOut }) {
  const { change } = useView();
  const confirm = useConfirm();
  const queryClient = useQueryClient();
  const begin = useReprice();
  const cancel = useMutation({
    mutationFn: () =>
      data(api.DELETE("/llm/repricings/{repricing_id}", { params: { path: { repricing_id: job.id } } })),
    onSuccess: (stopped) => queryClient.setQueryData(repricing(job.id).queryKey, stopped),
  });
  const start = async () => {
    const question = {
      title: `Write the new cost of ${countExact(job.calls_changed)} call${job.calls_changed === 1 ? "" : "s"}?`,
      children: "The costs that these calls have now are not kept. The sums before and after go to the audit log.",
      action: "Price calls anew",
      danger: false,
    };
    if (await confirm(question)) begin.mutate(inEarnest(job));
  };
  const error = cancel.error ?? begin.error;
  return (
    <div className={classes.next}>
      {error && <FailureNote error={asApiError(error)} />}
      {isUnderWay(job) && (
        <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
          {job.dry_run ? "Stop" : "Cancel repricing"}
        </Button>
      )}
      {job.dry_run && job.state === "done" && job.calls_changed > 0 && (
        <Button loading={begin.isPending} onClick={() => void start()}>
          Price {countExact(job.calls_changed)} call{job.calls_changed === 1 ? "" : "s"} anew
        </Button>
      )}
      {job.model !== null && !isUnderWay(job) && (
        <Button
          variant="default"
          onClick={() =>
            change({
              repricing: undefined,
              model: [job.model ?? ""],
              provider: job.provider ? [job.provider] : undefined,
            })
          }
        >
          Back to the model
        </Button>
      )}
    </div>
  );
}
