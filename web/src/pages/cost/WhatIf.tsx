/** What the same tokens would have cost on other models. */
import { Button, MultiSelect } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { models, whatIf } from "@/api/queries";
import type { Cost, ModelOut } from "@/api/schema";
import { ChartBox } from "@/shared/chart/ChartBox";
import { Section } from "@/shared/layout";
import { Loaded, Skeleton } from "@/shared/states";
import { useView } from "@/shared/view";
import { Bars, Concerned, Table, TITLE, toCsv } from "./Compared";
import classes from "./cost.module.css";
import { cheaper, inUse, keyOf, MOST_MODELS } from "./presets";

const BARS_HEIGHT = 6 * 45;
export const WHAT_IF_HEIGHT = 28 + 76 + BARS_HEIGHT;

interface WhatIfProps {
  found: Cost;
  /** Which share of the tokens went in. */
  promptShare: number;
}

export function WhatIf({ found, promptShare }: WhatIfProps) {
  const { view } = useView();
  const used = inUse(found.by_model);
  const chosen = view.what_if?.slice(0, MOST_MODELS) ?? used;
  const answer = useQuery({ ...whatIf(view, chosen), enabled: chosen.length > 0 });
  const choice = <Choice found={found} promptShare={promptShare} chosen={chosen} used={used} />;
  if (answer.data === undefined) {
    return (
      <Section title={TITLE}>
        {choice}
        {chosen.length === 0 ? (
          <p className={classes.foot}>No model in use has a price yet. Choose one to compare with.</p>
        ) : (
          <Loaded query={answer} what="What other models would have cost" skeleton={<Skeleton height={BARS_HEIGHT} />}>
            {() => null}
          </Loaded>
        )}
      </Section>
    );
  }
  return (
    <Loaded query={answer} what="What other models would have cost" skeleton={null} quiet>
      {(compared) => (
        <ChartBox
          title={TITLE}
          above={choice}
          table={<Table answer={compared} />}
          csv={() => toCsv(compared)}
          foot={<Concerned answer={compared} />}
        >
          <Bars answer={compared} />
        </ChartBox>
      )}
    </Loaded>
  );
}

interface ChoiceProps extends WhatIfProps {
  chosen: string[];
  used: string[];
}

/** Which models it is compared with: picked from the catalogue, which is asked for when the list opens, or a preset. */
function Choice({ found, promptShare, chosen, used }: ChoiceProps) {
  const { change } = useView();
  const queryClient = useQueryClient();
  const [opened, setOpened] = useState(false);
  const catalogue = useQuery({ ...models(), enabled: opened });
  const choose = (keys: string[] | undefined) => change({ what_if: keys }, { replace: true });
  const known = catalogue.data?.filter(isPriced).map(keyOf) ?? [];
  const suggest = async () => {
    const all = await queryClient.ensureQueryData(models());
    choose(cheaper(found.by_model, all, promptShare));
  };
  return (
    <div className={classes.choice}>
      <MultiSelect
        size="xs"
        className={classes.pick}
        aria-label="Models to compare with"
        placeholder={chosen.length < MOST_MODELS ? "Add a model" : undefined}
        data={[...new Set([...chosen, ...known])]}
        value={chosen}
        maxValues={MOST_MODELS}
        limit={60}
        searchable
        clearable={false}
        nothingFoundMessage={catalogue.isLoading ? "Loading…" : "No priced model has this name"}
        onDropdownOpen={() => setOpened(true)}
        onChange={(keys) => choose(keys.length > 0 ? keys : undefined)}
      />
      <Button size="xs" variant="default" onClick={() => void suggest()}>
        Cheaper of the same family
      </Button>
      <Button size="xs" variant="default" disabled={chosen.join() === used.join()} onClick={() => choose(undefined)}>
        Models in use
      </Button>
    </div>
  );
}

function isPriced({ cost_per_1k_tokens, prices }: ModelOut): boolean {
  return cost_per_1k_tokens !== null || prices.length > 0;
}
