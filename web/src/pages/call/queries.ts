import { queryOptions } from "@tanstack/react-query";
import { api, data } from "@/api/client";

/** The ratings of one call; for admins. */
export function feedbackOf(id: number) {
  return queryOptions({
    queryKey: ["feedback-of", id],
    queryFn: async ({ signal }) => {
      const query = { llm_call_id: id, limit: 100 };
      return (await data(api.GET("/feedback", { params: { query }, signal }))).items;
    },
  });
}
