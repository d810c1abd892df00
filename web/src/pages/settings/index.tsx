import { Switch, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { api, data } from "@/api/client";
import { settings } from "@/api/queries";
import type { SettingsOut, SettingsPatch } from "@/api/schema";
import { failureOf } from "@/shared/failure";
import { Quiet, Time } from "@/shared/figures";
import { Form } from "@/shared/form";
import { Page } from "@/shared/layout";
import { Loaded, Skeleton } from "@/shared/states";
import { type Changes, changesOf, formOf, readNumber } from "./form";
import classes from "./settings.module.css";

export function Settings() {
  const found = useQuery(settings());
  return (
    <Page title="Settings" lead="They hold for everybody, and each change is in the audit log." narrow>
      <Loaded query={found} what="The settings" skeleton={<Skeleton height={320} />}>
        {(now) => <SettingsFields key={now.updated_at} settings={now} />}
      </Loaded>
    </Page>
  );
}

const FIELDS = ["claude_haiku_45_enabled", "max_tokens_per_request", "enable_caching", "cache_ttl_seconds"];

function SettingsFields({ settings: now }: { settings: SettingsOut }) {
  const queryClient = useQueryClient();
  const [form, setForm] = useState(() => formOf(now));
  const save = useMutation({
    // The generated types ask for whatever has a default; the API does not.
    mutationFn: (changes: Changes) => data(api.PUT("/settings", { body: changes as SettingsPatch })),
    onSuccess: (saved) => {
      queryClient.setQueryData(settings().queryKey, saved);
      void queryClient.invalidateQueries({ queryKey: ["models"] });
    },
  });
  const { at, general } = failureOf(save.error, FIELDS);
  const changes = changesOf(now, form);
  const set = (part: Partial<typeof form>) => {
    save.reset();
    setForm({ ...form, ...part });
  };
  return (
    <Form
      action="Save settings"
      pending={save.isPending}
      disabled={changes === undefined || Object.keys(changes).length === 0}
      general={general}
      aside={<LastChange settings={now} />}
      onSubmit={() => changes && save.mutate(changes)}
    >
      <Setting
        what={
          <>
            Whether programs may use Claude Haiku 4.5, however they spell it. While it is off, programs that use
            Callscope's client refuse it within two seconds; calls that others log are recorded, and marked as against
            the policy. It is the same switch as on <Link to="/models">Models</Link>.
          </>
        }
      >
        <Switch
          label="Claude Haiku 4.5"
          checked={form.claude_haiku_45_enabled}
          error={at("claude_haiku_45_enabled")}
          onChange={(event) => set({ claude_haiku_45_enabled: event.currentTarget.checked })}
        />
      </Setting>
      <TextInput
        label="Tokens per request, at most"
        description="The most tokens that one call may use, prompt and completion together. Programs that use Callscope's client refuse a call that would be over it; one that others log is recorded, and marked as against the policy. Empty: no cap."
        inputWrapperOrder={["label", "input", "description", "error"]}
        inputMode="numeric"
        placeholder="No cap"
        className={classes.cap}
        classNames={{ description: classes.what }}
        value={form.max_tokens_per_request}
        error={
          readNumber(form.max_tokens_per_request) === undefined
            ? "Must be a whole number, or empty for no cap"
            : at("max_tokens_per_request")
        }
        onChange={(event) => set({ max_tokens_per_request: event.currentTarget.value })}
      />
      <Setting
        what="Whether programs of one project may answer a repeated request from the response cache that they share, at no
          cost, instead of asking the provider. It concerns programs whose client has such a cache."
      >
        <Switch
          label="Response caching"
          checked={form.enable_caching}
          error={at("enable_caching")}
          onChange={(event) => set({ enable_caching: event.currentTarget.checked })}
        />
      </Setting>
      <TextInput
        label="Cached answers hold for, in seconds"
        description="How long a program may use an answer again, at most a week (604,800 seconds)."
        inputWrapperOrder={["label", "input", "description", "error"]}
        inputMode="numeric"
        className={classes.cap}
        classNames={{ description: classes.what }}
        value={form.cache_ttl_seconds}
        error={
          typeof readNumber(form.cache_ttl_seconds) === "number"
            ? at("cache_ttl_seconds")
            : "Must be a whole number of seconds"
        }
        onChange={(event) => set({ cache_ttl_seconds: event.currentTarget.value })}
      />
    </Form>
  );
}

function Setting({ what, children }: { what: ReactNode; children: ReactNode }) {
  return (
    <div className={classes.setting}>
      {children}
      <p>{what}</p>
    </div>
  );
}

function LastChange({ settings: { updated_at, updated_by } }: { settings: SettingsOut }) {
  return (
    <span role="status">
      <Quiet>
        {updated_at === null ? (
          "Never changed"
        ) : (
          <>
            Last changed <Time at={updated_at} form="ago" />
            {updated_by && (
              <>
                {" "}
                by <span dir="auto">{updated_by}</span>
              </>
            )}
          </>
        )}
      </Quiet>
    </span>
  );
}
