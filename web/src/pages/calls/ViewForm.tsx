/** Saving what is shown under a name, or changing a view that there is. */
import { Button, Checkbox, TextInput, UnstyledButton } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data } from "@/api/client";
import { savedViews } from "@/api/queries";
import type { ViewOut } from "@/api/schema";
import { useConfirm } from "@/shared/confirm";
import { failureOf } from "@/shared/failure";
import { Form } from "@/shared/form";
import type { View } from "@/shared/search";
import classes from "./calls.module.css";
import { listView } from "./list";

interface ViewFormProps {
  saved?: ViewOut;
  /** What is shown now. */
  view: View;
  columns: readonly string[];
  onBack: () => void;
}

export function ViewForm({ saved, view, columns, onBack }: ViewFormProps) {
  const [name, setName] = useState(saved?.name ?? "");
  const [shared, setShared] = useState(saved?.shared ?? false);
  const [withColumns, setWithColumns] = useState(saved ? saved.columns !== null : false);
  const [anew, setAnew] = useState(saved === undefined);
  const { save, remove } = useChanges(saved, onBack);
  const confirm = useConfirm();
  const { at, general } = failureOf(save.error ?? remove.error, ["name"], "name");
  const project = anew ? view.project : (saved?.filters.project ?? undefined);
  const submit = () => {
    const kept = saved?.columns && !anew ? saved.columns : [...columns];
    save.mutate({
      name,
      shared,
      columns: withColumns ? kept : null,
      ...(anew && { filters: listView(view) }),
    });
  };
  const ask = async () => {
    const title = `Delete the view “${saved?.name}”?`;
    const children = saved?.shared ? "It is gone for everybody who uses it." : "Its filters are gone. No call is.";
    if (await confirm({ title, children, action: "Delete view" })) remove.mutate();
  };
  return (
    <div className={classes.viewForm}>
      <UnstyledButton className={classes.back} onClick={onBack}>
        <IconArrowLeft size={14} aria-hidden /> {saved ? "Edit the view" : "Save this view"}
      </UnstyledButton>
      <Form
        action="Save view"
        pending={save.isPending || remove.isPending}
        general={general}
        disabled={name.trim() === ""}
        onSubmit={submit}
        aside={
          saved && (
            <Button variant="subtle" color="red" onClick={() => void ask()}>
              Delete
            </Button>
          )
        }
      >
        <TextInput
          size="xs"
          label="Name"
          dir="auto"
          data-autofocus
          maxLength={100}
          value={name}
          error={at("name")}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {saved && (
          <Checkbox
            size="xs"
            label="Take over what is shown now"
            description="Range, filters, order"
            checked={anew}
            onChange={(event) => setAnew(event.currentTarget.checked)}
          />
        )}
        <Checkbox
          size="xs"
          label="With the columns as they are now"
          checked={withColumns}
          onChange={(event) => setWithColumns(event.currentTarget.checked)}
        />
        <Checkbox
          size="xs"
          label="Share it"
          description={
            project
              ? `With all who may read the calls of ${project}`
              : "With all who may read the calls of all projects"
          }
          checked={shared}
          onChange={(event) => setShared(event.currentTarget.checked)}
        />
      </Form>
    </div>
  );
}

interface Changes {
  name: string;
  shared: boolean;
  columns: string[] | null;
  filters?: View;
}

function useChanges(saved: ViewOut | undefined, onDone: () => void) {
  const queryClient = useQueryClient();
  const onSuccess = async () => {
    await queryClient.invalidateQueries(savedViews());
    onDone();
  };
  const save = useMutation({
    mutationFn: ({ filters, ...body }: Changes) => {
      if (saved === undefined) return data(api.POST("/views", { body: { ...body, filters: filters ?? {} } }));
      return data(
        api.PATCH("/views/{view_id}", { params: { path: { view_id: saved.id } }, body: { ...body, filters } }),
      );
    },
    onSuccess,
  });
  const remove = useMutation({
    mutationFn: async () => {
      if (saved) await api.DELETE("/views/{view_id}", { params: { path: { view_id: saved.id } } });
    },
    onSuccess,
  });
  return { save, remove };
}
