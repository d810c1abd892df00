/** Models whose calls have no cost: why, how many calls and tokens that concerns, and the way to mend it. */
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { UNPRICED_DAYS, unpriced } from "@/api/queries";
import type { UnpricedModel, UnpricedModels } from "@/api/schema";
import { type Column, DataTable } from "@/shared/DataTable";
import { Count, Exact, Name } from "@/shared/figures";
import { count, countExact } from "@/shared/format";
import { Cut, Loaded, Skeleton } from "@/shared/states";
import { CallsLink, modelView } from "@/shared/view";
import classes from "./models.module.css";

export function UnpricedTable() {
  const found = useQuery(unpriced());
  return (
    <Loaded query={found} what="The models without a price" skeleton={<Skeleton height={300} />}>
      {(answer) => <Found answer={answer} />}
    </Loaded>
  );
}

function Found({ answer: { models, model_count, calls } }: { answer: UnpricedModels }) {
  if (models.length === 0) {
    return <p className={classes.nothing}>Every call of the last {UNPRICED_DAYS} days has a price.</p>;
  }
  return (
    <div>
      <p className={classes.intro}>
        {countExact(calls)} call{calls === 1 ? "" : "s"} of the last {UNPRICED_DAYS} days {calls === 1 ? "has" : "have"}{" "}
        no cost. Set a price, or say which model it is; then price the calls anew.
      </p>
      <DataTable
        label="Models without a price"
        columns={COLUMNS}
        rows={models}
        rowKey={({ model_id }) => model_id}
        sortBy="calls"
        first={50}
      />
      {models.length < model_count && <Cut>Those with most calls, of {countExact(model_count)} models.</Cut>}
    </div>
  );
}

const naming = ({ model, provider }: UnpricedModel) => ({ name: model, provider });

const COLUMNS: Column<UnpricedModel>[] = [
  {
    key: "model",
    title: "Model",
    grow: true,
    value: ({ model }) => model,
    cell: (row) => (
      <Link to="/models" search={{ ...modelView(naming(row)), tab: "unpriced" }} className={classes.block}>
        <Name>{row.model}</Name>
      </Link>
    ),
  },
  { key: "provider", title: "Provider", wide: true, width: "10%", cell: ({ provider }) => <Name>{provider}</Name> },
  { key: "reason", title: "Why", wide: true, width: "26%", cell: ({ reason }) => <span dir="auto">{reason}</span> },
  {
    key: "projects",
    title: "Projects",
    wide: true,
    width: "14%",
    cell: ({ projects, project_count }) => (
      <Name>
        {projects.join(", ") + (project_count > projects.length ? ` and ${project_count - projects.length} more` : "")}
      </Name>
    ),
  },
  {
    key: "calls",
    title: "Calls",
    right: true,
    bar: true,
    width: "9%",
    value: ({ calls }) => calls,
    cell: (row) => (
      <CallsLink where={{ ...modelView(naming(row)), unpriced: true, range: `${UNPRICED_DAYS}d` }}>
        <Count value={row.calls} of="calls" />
      </CallsLink>
    ),
  },
  {
    key: "tokens",
    title: "Tokens",
    right: true,
    width: "9%",
    value: ({ total_tokens }) => total_tokens,
    cell: ({ total_tokens: tokens, prompt_tokens, completion_tokens }) => (
      <Exact short={count(tokens)} exact={`${countExact(prompt_tokens)} in, ${countExact(completion_tokens)} out`} />
    ),
  },
  {
    key: "mend",
    title: "",
    right: true,
    wide: true,
    cell: (row) => (
      <Button
        size="compact-xs"
        variant="default"
        renderRoot={(props) => <Link {...props} to="/models" search={{ ...modelView(naming(row)), tab: "unpriced" }} />}
        aria-label={`Set a price of ${row.model}`}
      >
        Set a price
      </Button>
    ),
  },
];
