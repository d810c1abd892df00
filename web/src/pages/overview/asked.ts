/** Everything that the overview asks for: six requests, each shared by the parts that show it. */
import { useQuery } from "@tanstack/react-query";
import { cost, errorRate, feedbackSummary, latency, summary, tokenUsage } from "@/api/queries";
import { useView } from "@/shared/view";

export function useAsked() {
  const { view } = useView();
  return {
    figures: useQuery(summary(view)),
    errors: useQuery(errorRate(view)),
    costs: useQuery(cost(view, { by: "model" })),
    latencies: useQuery(latency(view, { by: "model" })),
    tokens: useQuery(tokenUsage(view)),
    feedback: useQuery(feedbackSummary(view)),
  };
}

export type Asked = ReturnType<typeof useAsked>;
