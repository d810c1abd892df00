/** What is known of a call, beside what was said. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { CallOut } from "@/api/schema";
import { CopyButton } from "@/shared/CopyButton";
import type { View } from "@/shared/search";
import { CostFacts } from "./CostFacts";
import classes from "./call.module.css";
import { Fact, FactList, FactSection } from "./FactList";
import { Feedback } from "./Feedback";
import { Structure } from "./MessageView";
import { TimingLine } from "./TimingLine";
import { TokenBar } from "./TokenBar";

export function Facts({ call }: { call: CallOut }) {
  return (
    <aside className={classes.facts} aria-label="Facts">
      <FactSection title="Cost">
        <CostFacts call={call} />
      </FactSection>
      <FactSection title="Tokens">
        <TokenBar call={call} />
      </FactSection>
      <FactSection title="Time">
        <TimingLine call={call} />
      </FactSection>
      <About call={call} />
      <Feedback call={call} />
      {isFilled(call.request_params) && (
        <FactSection title="Parameters">
          <Structure value={call.request_params} />
        </FactSection>
      )}
      {isFilled(call.metadata) && (
        <FactSection title="Metadata">
          <Structure value={call.metadata} />
        </FactSection>
      )}
      <Ids call={call} />
    </aside>
  );
}

function About({ call }: { call: CallOut }) {
  const { model, request_model, provider, project, environment, service_tier, tags, policy_violation, witnesses } =
    call;
  return (
    <FactSection title="About">
      <FactList>
        <Fact name="Model">
          <Calls where={{ model: [model] }}>{model}</Calls>
        </Fact>
        {request_model && request_model !== model && <Fact name="Asked for">{request_model}</Fact>}
        <Fact name="Provider">{provider}</Fact>
        <Fact name="Project">{project}</Fact>
        <Fact name="Environment">{environment}</Fact>
        {service_tier !== "standard" && <Fact name="Service tier">{service_tier}</Fact>}
        {call.end_user && (
          <Fact name="End user">
            <Calls where={{ end_user: call.end_user, ...long(call) }}>{call.end_user}</Calls>
          </Fact>
        )}
        {tags.length > 0 && (
          <Fact name="Tags">
            <span className={classes.tags}>
              {tags.map((tag) => (
                <Calls key={tag} where={{ tag }}>
                  {tag}
                </Calls>
              ))}
            </span>
          </Fact>
        )}
        {call.cache_hit && <Fact name="Cache">answered without the provider</Fact>}
        {policy_violation.length > 0 && <Fact name="Against policy">{policy_violation.map(spoken).join(", ")}</Fact>}
        {witnesses > 1 && <Fact name="Reported">{witnesses} times, counted once</Fact>}
      </FactList>
    </FactSection>
  );
}

function Ids({ call }: { call: CallOut }) {
  const { session_id, trace_id } = call;
  const around = long(call);
  return (
    <FactSection title="Ids">
      <FactList>
        <Id name="Call" value={String(call.id)} />
        {session_id && <Id name="Session" value={session_id} where={{ session_id, ...around }} />}
        {trace_id && <Id name="Trace" value={trace_id} where={{ trace_id, ...around }} />}
        {call.span_id && <Id name="Span" value={call.span_id} />}
        {call.parent_span_id && <Id name="Parent span" value={call.parent_span_id} />}
        {call.response_id && <Id name="Response" value={call.response_id} />}
        {call.user_id !== null && <Id name="User" value={String(call.user_id)} />}
        {call.api_key_id !== null && <Id name="API key" value={String(call.api_key_id)} />}
      </FactList>
    </FactSection>
  );
}

/** Around the call, for what may have begun days before: from its day on at the latest. */
function long(call: CallOut): View {
  const old = Date.now() - new Date(call.created_at).getTime() > 80 * 86_400_000;
  return old
    ? { from: new Date(new Date(call.created_at).getTime() - 7 * 86_400_000).toISOString() }
    : { range: "90d" };
}

function Id({ name, value, where }: { name: string; value: string; where?: View }) {
  return (
    <Fact name={name}>
      <span className={classes.id}>
        <span className={classes.idText} data-tip={value.length > 20 ? value : undefined} dir="auto">
          {where ? <Calls where={where}>{value}</Calls> : value}
        </span>
        <CopyButton value={value} label={`Copy the ${name.toLowerCase()} id`} />
      </span>
    </Fact>
  );
}

/** The calls that share this with it. */
function Calls({ where, children }: { where: View; children: ReactNode }) {
  return (
    <Link to="/calls" search={where} dir="auto">
      {children}
    </Link>
  );
}

function spoken(name: string): string {
  return name.replaceAll("_", " ");
}

function isFilled(value: Record<string, unknown> | null): value is Record<string, unknown> {
  return value !== null && Object.keys(value).length > 0;
}
