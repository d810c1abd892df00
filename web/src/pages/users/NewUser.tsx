import { PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data } from "@/api/client";
import type { UserIn } from "@/api/schema";
import { failureOf } from "@/shared/failure";
import { Form } from "@/shared/form";
import { useMe } from "@/shared/rights";
import { RightsFields } from "./RightsFields";
import { NEW_USER, sentRights } from "./rights";
import classes from "./users.module.css";

const FIELDS = ["email", "password", "role", "projects", "can_read_calls"];

export function NewUser({ onDone }: { onDone: () => void }) {
  const queryClient = useQueryClient();
  const me = useMe();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [rights, setRights] = useState(NEW_USER);
  const create = useMutation({
    mutationFn: () => {
      // The generated types ask for whatever has a default; the API does not.
      const body = { email, password, ...sentRights(rights) } as UserIn;
      return data(api.POST("/users", { body }));
    },
    onSuccess: () => {
      onDone();
      // A new admin ends the demo logins: whoever is logged in with one is asked to sign in again.
      void queryClient.invalidateQueries({ queryKey: ["users"] });
      void queryClient.invalidateQueries({ queryKey: ["me"] });
    },
  });
  const { at, general } = failureOf(create.error, FIELDS, "email");
  return (
    <Form action="Create user" pending={create.isPending} general={general} onSubmit={() => create.mutate()}>
      <TextInput
        label="Email"
        type="email"
        autoComplete="off"
        data-autofocus
        value={email}
        error={at("email")}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <PasswordInput
        label="Password"
        description="8 characters or more. Tell it to the user, who can change it under Account."
        autoComplete="new-password"
        value={password}
        error={at("password")}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <RightsFields value={rights} at={at} onChange={setRights} />
      {me?.demo_logins_work && rights.role === "ADMIN" && (
        <p className={classes.note}>
          With an admin of your own the demo logins end. You go on by signing in as that admin.
        </p>
      )}
    </Form>
  );
}
