/** Changing a model and its prices. Each change puts the model as it is since into what is shown. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import { model as modelQuery, models } from "@/api/queries";
import type { ModelDetail, ModelOut, ModelPatch, PriceIn } from "@/api/schema";

type Named = Pick<ModelOut, "id">;

/** Switches a model, sets or removes what it costs. */
export function useModelChange({ id }: Named, onDone?: () => void) {
  const queryClient = useQueryClient();
  const refresh = useRefresh(id);
  return useMutation({
    mutationFn: (changes: Partial<ModelPatch>) => {
      // The generated types ask for whatever has a default; the API does not.
      const body = changes as ModelPatch;
      return data(api.PATCH("/llm/models/{model_id}", { params: { path: { model_id: id } }, body }));
    },
    onSuccess: async (changed) => {
      queryClient.setQueryData(models().queryKey, (before) =>
        before?.map((one) => (one.id === changed.id ? changed : one)),
      );
      await refresh();
      onDone?.();
    },
  });
}

/** Puts a price in the place of one that was entered wrongly, or removes that one. */
export function usePriceChange({ id }: Named, onDone?: () => void) {
  const queryClient = useQueryClient();
  const refresh = useRefresh(id);
  return useMutation({
    mutationFn: ({ price_id, price }: { price_id: number; price: PriceIn | null }) => {
      const params = { path: { model_id: id, price_id } };
      const path = "/llm/models/{model_id}/prices/{price_id}";
      return data<ModelDetail>(price ? api.PUT(path, { params, body: price }) : api.DELETE(path, { params }));
    },
    onSuccess: async (changed) => {
      queryClient.setQueryData(modelQuery(id).queryKey, changed);
      await refresh();
      onDone?.();
    },
  });
}

/** Claude Haiku 4.5 is switched in all its versions, and in the settings; what has a price now is not unpriced any more. */
function useRefresh(id: number) {
  const queryClient = useQueryClient();
  return () => {
    for (const queryKey of [["models"], ["settings"], ["unpriced"]]) void queryClient.invalidateQueries({ queryKey });
    return queryClient.invalidateQueries({ queryKey: ["model", id] });
  };
}
