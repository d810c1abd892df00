/** Pricing stored calls anew: asking for it, following it, and saying what came of it. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import { repricing } from "@/api/queries";
import type { RepricingIn, RepricingOut } from "@/api/schema";
import { countExact, day } from "@/shared/format";
import { useView } from "@/shared/view";

/** Begins a repricing, or a dry run of it, and leads to it. */
export function useReprice() {
  const { change } = useView();
  const queryClient = useQueryClient();
  return useMutation({
    // The generated types ask for whatever has a default; the API does not.
    mutationFn: (body: Partial<RepricingIn>) => data(api.POST("/llm/repricings", { body: body as RepricingIn })),
    onSuccess: (job) => {
      queryClient.setQueryData(repricing(job.id).queryKey, job);
      void queryClient.invalidateQueries({ queryKey: ["repricings"] });
      change({ repricing: job.id, tab: "repricings", model: undefined, provider: undefined, q: undefined });
    },
  });
}

/** What a dry run was about, to be done in earnest. */
export function inEarnest({ model_id, project, from, to }: RepricingOut): Partial<RepricingIn> {
  return {
    ...(model_id !== null && { model_id }),
    ...(project !== null && { project }),
    ...(from !== null && { from }),
    ...(to !== null && { to }),
    ...(model_id === null && from === null && to === null && { all: true }),
    dry_run: false,
  };
}

/** "gpt-4o", "all models" */
export function subject({ model }: Pick<RepricingOut, "model">): string {
  return model ?? "all models";
}

/** "calls of shop since 3 Nov" */
export function extent({ project, from, to }: Pick<RepricingOut, "project" | "from" | "to">): string {
  const start = from && day(new Date(from));
  const end = to && day(new Date(new Date(to).getTime() - 1));
  const when = start && end ? ` from ${start} to ${end}` : start ? ` since ${start}` : end ? ` up to ${end}` : "";
  return `${when ? "calls" : "all calls"}${project ? ` of ${project}` : ""}${when}`;
}

/** How far it is, between 0 and 1; null while nobody knows. The total is an estimate: it may be passed. */
export function progress({ state, calls_done, calls_total }: RepricingOut): number | null {
  if (state === "done") return 1;
  if (!calls_total) return null;
  return Math.min(calls_done / calls_total, 0.99);
}

/** "47,211 of 120,000 calls get another cost." */
export function outcome({ dry_run, calls_changed, calls_done, state }: RepricingOut): string {
  const calls = `call${calls_done === 1 ? "" : "s"}`;
  if (calls_done === 0) return "There are no such calls.";
  if (calls_changed === 0)
    return `None of ${countExact(calls_done)} ${calls} ${dry_run ? "would get" : "got"} another cost.`;
  const verb = dry_run ? "would get" : state === "done" ? "got" : "have got";
  return `${countExact(calls_changed)} of ${countExact(calls_done)} ${calls} ${verb} another cost.`;
}
