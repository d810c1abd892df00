/** How the server does: what is not well first, then the database, the queue and the versions. */
import { Alert } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { serverDetails } from "@/api/queries";
import type { DetailsOut } from "@/api/schema";
import { countExact } from "@/shared/format";
import { Page, Section } from "@/shared/layout";
import { Loaded, Skeleton } from "@/shared/states";
import classes from "./health.module.css";
import { bytes, share, troubled } from "./words";

export function Health() {
  const state = useQuery(serverDetails());
  return (
    <Page
      title="Server"
      lead="How this server does just now. Figures over time are Prometheus' business: GET /metrics."
    >
      <Loaded query={state} what="The state of the server" skeleton={<Skeleton height={320} />}>
        {(found) => <State state={found} />}
      </Loaded>
    </Page>
  );
}

function State({ state }: { state: DetailsOut }) {
  const { database, queue, lag_seconds } = state;
  const troubles = troubled(state);
  return (
    <div className={classes.parts}>
      {troubles.length === 0 ? (
        <p className={classes.well}>
          <IconCircleCheck size={18} aria-hidden /> All is well: the database can be written, and the queue has room.
        </p>
      ) : (
        <Alert color="red" variant="light" icon={<IconAlertTriangle aria-hidden />} title="Something is not well">
          {troubles.map((trouble) => (
            <p key={trouble}>{trouble}</p>
          ))}
        </Alert>
      )}
      <Section title="Database">
        <Facts>
          <Fact name="Kind">{database.kind === "sqlite" ? "SQLite" : "PostgreSQL"}</Fact>
          <Fact name="Size">{bytes(database.size_bytes)}</Fact>
          {database.wal_bytes !== null && <Fact name="Log not yet in the file">{bytes(database.wal_bytes)}</Fact>}
          {database.disk_free_bytes !== null && (
            <Fact name="Free on its disk">
              {bytes(database.disk_free_bytes)} of {bytes(database.disk_bytes)}
            </Fact>
          )}
          <Fact name="Version of its tables">{database.schema_version}</Fact>
        </Facts>
      </Section>
      <Section title="Logging">
        <Facts>
          <Fact name="Waiting to be written">
            {countExact(queue.rows)} of {countExact(queue.max_rows)} calls, {share(queue.size_bytes, queue.max_bytes)}{" "}
            of the memory for it
          </Fact>
          <Fact name="Written since the start">{countExact(state.rows_stored)}</Fact>
          {Object.entries(lag_seconds).map(([follower, seconds]) => (
            <Fact key={follower} name={`The ${follower} is behind by`}>
              {seconds.toFixed(1)} s
            </Fact>
          ))}
        </Facts>
      </Section>
      <Section title="Program">
        <Facts>
          <Fact name="Callscope">{state.version}</Fact>
          <Fact name="Price list of">{state.prices ?? "not loaded yet"}</Fact>
          <Fact name="Processes">{state.processes}</Fact>
          <Fact name="Memory">{bytes(state.memory_bytes)}</Fact>
        </Facts>
      </Section>
    </div>
  );
}

function Facts({ children }: { children: ReactNode }) {
  return <dl className={classes.facts}>{children}</dl>;
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
