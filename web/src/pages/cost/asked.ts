/** What the page asks for at once; why the cost changed, what-if and end users are asked for by the parts that show them. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { cost, forecast, summary } from "@/api/queries";
import { useView } from "@/shared/view";

export const KINDS = ["model", "project", "environment"] as const;
export type Kind = (typeof KINDS)[number];

/** What the chart is stacked by; the address says it. */
export function useKind(): Kind {
  const { view } = useView();
  return KINDS.find((kind) => kind === view.by) ?? "model";
}

export function useAsked() {
  const { view } = useView();
  const kind = useKind();
  const costs = useQuery(cost(view, { by: kind }));
  return {
    figures: useQuery(summary(view)),
    costs,
    month: useQuery(forecast(view)),
    kind: useLastUnless(costs.isPlaceholderData, kind),
  };
}

/** The value that goes with what is shown: while another is waited for, the one before. */
function useLastUnless<T>(waiting: boolean, value: T): T {
  const [last, setLast] = useState(value);
  if (!waiting && last !== value) setLast(value);
  return waiting ? last : value;
}

export type Asked = ReturnType<typeof useAsked>;
