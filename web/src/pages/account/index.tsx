import { Button, PasswordInput } from "@mantine/core";
import { IconLogout } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { api, data } from "@/api/client";
import { ApiError } from "@/api/error";
import type { MeUser } from "@/api/schema";
import { useSignOut } from "@/frame/MeMenu";
import { failureOf } from "@/shared/failure";
import { Time } from "@/shared/figures";
import { Form } from "@/shared/form";
import { Page, Section } from "@/shared/layout";
import { useMe } from "@/shared/rights";
import classes from "./account.module.css";

export function Account() {
  const me = useMe();
  const signOut = useSignOut();
  if (!me) return null;
  return (
    <Page
      title="Account"
      narrow
      actions={
        <Button
          size="xs"
          variant="default"
          leftSection={<IconLogout size={14} aria-hidden />}
          loading={signOut.isPending}
          onClick={() => signOut.mutate()}
        >
          Sign out
        </Button>
      }
    >
      <Rights me={me} />
      <Section title="Change your password">
        <PasswordForm email={me.email} />
      </Section>
    </Page>
  );
}

function Rights({ me }: { me: MeUser }) {
  const isAdmin = me.role === "ADMIN";
  return (
    <dl className={classes.facts}>
      <Fact name="Email">{me.email}</Fact>
      <Fact name="Role">
        {isAdmin ? "Admin: sees everything, and changes settings, users, keys and prices" : "Viewer"}
      </Fact>
      {!isAdmin && (
        <>
          <Fact name="Projects">{me.projects === null ? "All" : me.projects.join(", ") || "None"}</Fact>
          <Fact name="Calls">
            {me.can_read_calls
              ? "May be read, with what people wrote"
              : "Not to be read. You see figures; an admin can give you the right, under Users."}
          </Fact>
        </>
      )}
      <Fact name="Created">
        <Time at={me.created_at} form="ago" />
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd dir="auto">{children}</dd>
    </div>
  );
}

const EMPTY = { current_password: "", new_password: "" };
const WRONG_PASSWORD = 403;

function PasswordForm({ email }: { email: string }) {
  const queryClient = useQueryClient();
  const [form, setForm] = useState(EMPTY);
  const save = useMutation({
    mutationFn: () => data(api.POST("/auth/password", { body: form })),
    onSuccess: () => {
      setForm(EMPTY);
      void queryClient.invalidateQueries({ queryKey: ["me"] });
    },
  });
  const isWrong = save.error instanceof ApiError && save.error.status === WRONG_PASSWORD;
  const { at, general } = failureOf(save.error, ["current_password", "new_password"]);
  const set = (part: Partial<typeof form>) => {
    save.reset();
    setForm({ ...form, ...part });
  };
  return (
    <Form
      action="Change password"
      pending={save.isPending}
      general={isWrong ? null : general}
      aside={
        <span role="status" className={classes.done}>
          {save.isSuccess && "Password changed. Your other sessions have ended."}
        </span>
      }
      onSubmit={() => save.mutate()}
    >
      <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />
      <PasswordInput
        label="Current password"
        autoComplete="current-password"
        className={classes.password}
        value={form.current_password}
        error={isWrong ? save.error?.message : at("current_password")}
        onChange={(event) => set({ current_password: event.currentTarget.value })}
      />
      <PasswordInput
        label="New password"
        description="8 characters or more"
        autoComplete="new-password"
        className={classes.password}
        value={form.new_password}
        error={at("new_password")}
        onChange={(event) => set({ new_password: event.currentTarget.value })}
      />
    </Form>
  );
}
