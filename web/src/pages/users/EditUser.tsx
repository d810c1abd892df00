import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data } from "@/api/client";
import { asApiError } from "@/api/error";
import type { UserChange, UserOut } from "@/api/schema";
import { useConfirm } from "@/shared/confirm";
import { failureOf } from "@/shared/failure";
import { Time } from "@/shared/figures";
import { FailureNote, Form } from "@/shared/form";
import { useMe } from "@/shared/rights";
import { RightsFields } from "./RightsFields";
import { type Changes, changesOf, rightsOf } from "./rights";
import classes from "./users.module.css";

const FIELDS = ["role", "projects", "can_read_calls"];

export function EditUser({ user, onDone }: { user: UserOut; onDone: () => void }) {
  const [rights, setRights] = useState(() => rightsOf(user));
  const save = useChange(user, onDone);
  const { at, general } = failureOf(save.error, FIELDS);
  const changes = changesOf(user, rights);
  return (
    <>
      <p className={classes.since}>
        Created <Time at={user.created_at} form="ago" />
        {!user.is_active && ". Deactivated: the user cannot log in."}
      </p>
      <Form
        action="Save"
        pending={save.isPending}
        disabled={Object.keys(changes).length === 0}
        general={general}
        onSubmit={() => save.mutate(changes)}
      >
        <RightsFields value={rights} at={at} onChange={setRights} />
      </Form>
      <Ending user={user} onDone={onDone} />
    </>
  );
}

/** What ends a user's access: for a while, or for good. */
function Ending({ user, onDone }: { user: UserOut; onDone: () => void }) {
  const confirm = useConfirm();
  const isMe = useMe()?.id === user.id;
  const queryClient = useQueryClient();
  const activate = useChange(user, onDone);
  const remove = useMutation({
    mutationFn: () => api.DELETE("/users/{id}", { params: { path: { id: user.id } } }),
    onSuccess: () => {
      onDone();
      void queryClient.invalidateQueries({ queryKey: ["users"] });
    },
  });
  const error = activate.error ?? remove.error;
  const deactivate = async () => {
    const question = {
      title: `Deactivate ${user.email}?`,
      children: `${isMe ? "This is you: you" : "The user"} cannot log in any more, and is signed out everywhere. An admin can undo it.`,
      action: "Deactivate user",
    };
    if (await confirm(question)) activate.mutate({ is_active: false });
  };
  const ask = async () => {
    const question = {
      title: `Delete ${user.email}?`,
      children: `${isMe ? "This is you. " : ""}The login is gone for good. Calls and feedback stay, and so does the audit log.`,
      action: "Delete user",
    };
    if (await confirm(question)) remove.mutate();
  };
  return (
    <div className={classes.ending}>
      {error && <FailureNote error={asApiError(error)} />}
      <div className={classes.row}>
        {user.is_active ? (
          <Button variant="default" loading={activate.isPending} onClick={() => void deactivate()}>
            Deactivate user
          </Button>
        ) : (
          <Button variant="default" loading={activate.isPending} onClick={() => activate.mutate({ is_active: true })}>
            Activate user
          </Button>
        )}
        <Button variant="outline" color="red" loading={remove.isPending} onClick={() => void ask()}>
          Delete user
        </Button>
      </div>
    </div>
  );
}

function useChange(user: UserOut, onDone: () => void) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (changes: Changes) => {
      // The generated types ask for whatever has a default; the API does not.
      const body = changes as UserChange;
      return data(api.PATCH("/users/{id}", { params: { path: { id: user.id } }, body }));
    },
    onSuccess: () => {
      onDone();
      void queryClient.invalidateQueries({ queryKey: ["users"] });
      void queryClient.invalidateQueries({ queryKey: ["me"] });
    },
  });
}
