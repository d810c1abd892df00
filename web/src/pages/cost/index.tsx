/** Cost: how much, where it is going, who and what caused it, why it changed, and what it would be on other models. */
import { CHART_HEIGHT } from "@/shared/chart/TimeChart";
import { Page } from "@/shared/layout";
import { Empty, Loaded, Skeleton, StaleNote } from "@/shared/states";
import { WhenSeen } from "@/shared/WhenSeen";
import { type Asked, useAsked } from "./asked";
import { Breakdown } from "./Breakdown";
import classes from "./cost.module.css";
import { Figures } from "./Figures";
import { Month } from "./Month";
import { OverTime } from "./OverTime";
import { WHAT_IF_HEIGHT, WhatIf } from "./WhatIf";
import { WHY_HEIGHT, Why } from "./Why";

/** A heading row and six models. */
const TABLE_HEIGHT = 36 + 32 + 6 * 36;

export function Cost() {
  const asked = useAsked();
  const nothing = asked.figures.data?.calls === 0;
  return (
    <Page title="Cost" quietTitle>
      <StaleNote queries={[asked.figures, asked.costs, asked.month]} />
      {nothing ? <Empty of="calls" height="60vh" /> : <Shown asked={asked} />}
    </Page>
  );
}

function Shown({ asked }: { asked: Asked }) {
  const { figures, costs } = asked;
  const promptShare = figures.data ? figures.data.prompt_tokens / (figures.data.total_tokens || 1) : 0;
  return (
    <>
      <Figures asked={asked} />
      <div className={classes.charts}>
        <Loaded query={costs} what="The cost over time" skeleton={<Skeleton height={CHART_HEIGHT} />} quiet>
          {(found) => <OverTime found={found} kind={asked.kind} />}
        </Loaded>
        <Loaded query={asked.month} what="The forecast" skeleton={<Skeleton height={CHART_HEIGHT} />} quiet>
          {(found) => <Month found={found} />}
        </Loaded>
      </div>
      <WhenSeen height={WHY_HEIGHT}>
        <Why />
      </WhenSeen>
      <Loaded query={costs} what="What caused the cost" skeleton={<Skeleton height={TABLE_HEIGHT} />} quiet>
        {(found) => <Breakdown found={found} />}
      </Loaded>
      <WhenSeen height={WHAT_IF_HEIGHT}>
        {costs.data && <WhatIf found={costs.data} promptShare={promptShare} />}
      </WhenSeen>
    </>
  );
}
