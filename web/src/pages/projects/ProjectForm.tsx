import { Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data } from "@/api/client";
import type { ProjectOut } from "@/api/schema";
import { useConfirm } from "@/shared/confirm";
import { failureOf } from "@/shared/failure";
import { Form } from "@/shared/form";
import { PerMinute } from "@/shared/PerMinute";
import { type Days, daysOf, Retention, wouldDelete } from "./Retention";

interface ProjectFormProps {
  /** The project to change; without it a new one is made. */
  project?: ProjectOut;
  onDone: () => void;
}

const DEFAULT = "default";
const FIELDS = ["name", "description", "payload_days", "row_days", "calls_per_minute"];

export function ProjectForm({ project, onDone }: ProjectFormProps) {
  const queryClient = useQueryClient();
  const [name, setName] = useState(project?.name ?? "");
  const [description, setDescription] = useState(project?.description ?? "");
  const before: Days = project ? daysOf(project) : { payload_days: null, row_days: null };
  const [days, setDays] = useState(before);
  const [calls, setCalls] = useState(project?.calls_per_minute ?? null);
  const confirm = useConfirm();
  const sameDays = days.payload_days === before.payload_days && days.row_days === before.row_days;
  const save = useMutation({
    /** Gives whether it was saved: what would be deleted is asked about first. */
    mutationFn: async () => {
      const body = { name, description };
      if (!project) {
        await data(api.POST("/projects", { body }));
        return true;
      }
      const lost = sameDays ? null : await wouldDelete(project, days);
      if (lost !== null && !(await confirm(deleting(project.name, lost)))) return false;
      const changes = { ...body, calls_per_minute: calls, ...(sameDays ? {} : days) };
      await data(api.PATCH("/projects/{id}", { params: { path: { id: project.id } }, body: changes }));
      return true;
    },
    onSuccess: async (saved) => {
      if (!saved) return;
      onDone();
      // Its name is in lists of users and keys, too.
      await queryClient.invalidateQueries();
    },
  });
  const { at, general } = failureOf(save.error, FIELDS, "name");
  const isDefault = project?.name === DEFAULT;
  const same =
    sameDays && name === project?.name && description === project.description && calls === project.calls_per_minute;
  return (
    <Form
      action={project ? "Save" : "Create project"}
      pending={save.isPending}
      disabled={same}
      general={general}
      onSubmit={() => save.mutate()}
    >
      <TextInput
        label="Name"
        description={
          isDefault
            ? "Calls that name no project are filed here, so it keeps its name."
            : project
              ? "Its calls stay with it. Programs that name it must use the new name."
              : "As programs name it when they log a call."
        }
        dir="auto"
        readOnly={isDefault}
        data-autofocus={isDefault ? undefined : true}
        value={name}
        error={at("name")}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Textarea
        label="Description"
        description="What it is, for those who see it in a list."
        dir="auto"
        autosize
        minRows={2}
        maxRows={8}
        data-autofocus={isDefault ? true : undefined}
        value={description}
        error={at("description")}
        onChange={(event) => setDescription(event.currentTarget.value)}
      />
      {project && <Retention days={days} at={at} onChange={setDays} />}
      {project && (
        <PerMinute
          label="Calls a minute"
          description="More than that are refused, and sent again later by the Python client. Empty: any number."
          value={calls}
          error={at("calls_per_minute")}
          onChange={setCalls}
        />
      )}
    </Form>
  );
}

function deleting(name: string, lost: string) {
  return {
    title: `Delete what “${name}” keeps no longer?`,
    children: `That is ${lost}. They are deleted within minutes and cannot be brought back; totals stay.`,
    action: "Save and delete",
  };
}
