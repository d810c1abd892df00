import { Alert, Button, PasswordInput, TextInput } from "@mantine/core";
import { type SubmitEvent, useEffect, useRef, useState } from "react";
import { asApiError } from "@/api/error";
import classes from "./door.module.css";
import type { Credentials } from "./enter";

interface CredentialsFormProps {
  action: string;
  /** A password that is being chosen, not one that is known. */
  fresh?: boolean;
  pending: boolean;
  error: unknown;
  onSubmit: (credentials: Credentials) => void;
}

export function CredentialsForm({ action, fresh = false, pending, error, onSubmit }: CredentialsFormProps) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const note = useRef<HTMLDivElement>(null);
  const failure = error ? asApiError(error) : null;
  useEffect(() => {
    if (error) note.current?.focus();
  }, [error]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onSubmit({ email, password });
  };
  return (
    <form onSubmit={submit} className={classes.form}>
      {failure && (
        <Alert ref={note} tabIndex={-1} role="alert" color="red" variant="light">
          {failure.detail}
          {failure.retryAfter !== null && ` Try again in ${failure.retryAfter} s.`}
        </Alert>
      )}
      <TextInput
        label="Email"
        type="email"
        name="email"
        autoComplete="username"
        required
        withAsterisk={false}
        autoFocus
        value={email}
        error={failure?.field("email")}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <PasswordInput
        label="Password"
        name="password"
        description={fresh ? "8 characters or more" : undefined}
        autoComplete={fresh ? "new-password" : "current-password"}
        minLength={fresh ? 8 : undefined}
        required
        withAsterisk={false}
        value={password}
        error={failure?.field("password")}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Button type="submit" loading={pending} fullWidth>
        {action}
      </Button>
    </form>
  );
}
