/** The overview: is it well right now, what does it cost, and where to look. */
import { useMemo } from "react";
import { stacked } from "@/shared/chart/series";
import { slotsOf } from "@/shared/colors";
import { Page, Section } from "@/shared/layout";
import { Empty, Loaded, Skeleton, StaleNote } from "@/shared/states";
import { modelRows } from "./answers";
import { type Asked, useAsked } from "./asked";
import { Charts } from "./Charts";
import { ErrorTable } from "./ErrorTable";
import { Figures } from "./Figures";
import { ModelTable } from "./ModelTable";
import classes from "./overview.module.css";

/** A heading row and eight models. */
const TABLE_HEIGHT = 32 + 8 * 36;

export function Overview() {
  const asked = useAsked();
  const nothing = asked.figures.data?.calls === 0;
  return (
    <Page title="Overview" quietTitle>
      <StaleNote queries={Object.values(asked)} />
      {nothing ? <Empty of="calls" height="60vh" /> : <Shown asked={asked} />}
    </Page>
  );
}

function Shown({ asked }: { asked: Asked }) {
  const groups = asked.costs.data?.groups;
  const costSeries = useMemo(() => stacked(groups ?? [], (point) => point.cost, slotsOf), [groups]);
  return (
    <>
      <Figures {...asked} />
      <Charts asked={asked} costSeries={costSeries} />
      <div className={classes.tables}>
        <Section title="Models">
          <Loaded query={asked.costs} what="The models" skeleton={<Skeleton height={TABLE_HEIGHT} />} quiet>
            {(found) => (
              <ModelTable rows={modelRows(found, asked.latencies.data, asked.feedback.data)} costSeries={costSeries} />
            )}
          </Loaded>
        </Section>
        <Section title="Kinds of error">
          <Loaded query={asked.errors} what="The errors" skeleton={<Skeleton height={TABLE_HEIGHT} />} quiet>
            {(found) => <ErrorTable found={found} />}
          </Loaded>
        </Section>
      </div>
    </>
  );
}
