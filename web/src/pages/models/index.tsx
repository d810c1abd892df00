/** Models: the catalogue with what each costs; for admins the switch, the prices, what has none, and pricing calls anew. */
import { Button, Select } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { models } from "@/api/queries";
import type { ModelOut } from "@/api/schema";
import { NothingFound, Panel, SearchBox, useLast } from "@/shared/form";
import { Page } from "@/shared/layout";
import { useRights } from "@/shared/rights";
import type { View } from "@/shared/search";
import { For, Loaded, Skeleton } from "@/shared/states";
import { useView } from "@/shared/view";
import { JobPanel } from "./JobPanel";
import { JobTable } from "./JobTable";
import { ModelPanel } from "./ModelPanel";
import { ModelTable } from "./ModelTable";
import classes from "./models.module.css";
import { NewModel } from "./NewModel";
import { fitting, named, SHOWN, type Shown } from "./prices";
import { RepriceForm } from "./RepriceForm";
import { UnpricedTable } from "./UnpricedTable";

const NEW = "new";
const REPRICE = "reprice";
const SHOWN_LABELS: Record<Shown, string> = {
  all: "All models",
  no_price: "Without a price",
  off: "Switched off",
  own: "Priced by an admin",
};

export function Models() {
  const { view, change } = useView();
  const { isAdmin } = useRights();
  const all = useQuery(models());
  const name = view.model?.[0];
  const found = name && all.data ? named(all.data, name, view.provider?.[0]) : undefined;
  const chosen = useLast(found);
  const job = useLast(isAdmin ? view.repricing : undefined);
  const part = partOf(view, isAdmin);
  useUnknownName(name, all.data);
  const close = () =>
    change({ model: undefined, provider: undefined, repricing: undefined, tab: isForm(view) ? TABS[part] : view.tab });
  return (
    <Page
      title="Models"
      lead="What calls may use, and what each costs."
      actions={<For right="admin">{part === "catalogue" ? <Add /> : part === "repricings" && <Reprice />}</For>}
    >
      <For right="admin">
        <Parts part={part} />
      </For>
      {part === "unpriced" && <UnpricedTable />}
      {part === "repricings" && <JobTable />}
      {part === "catalogue" && (
        <Loaded query={all} what="The models" skeleton={<Skeleton height={600} />}>
          {(list) => <Catalogue models={list} />}
        </Loaded>
      )}
      <Panel title="Add model" opened={isAdmin && view.tab === NEW} onClose={close}>
        <NewModel providers={[...new Set(all.data?.map(({ provider }) => provider))].sort()} onDone={close} />
      </Panel>
      <Panel title="Price stored calls anew" opened={isAdmin && view.tab === REPRICE} onClose={close}>
        <RepriceForm />
      </Panel>
      <Panel title={chosen && <span dir="auto">{chosen.name}</span>} opened={found !== undefined} onClose={close}>
        {chosen && <ModelPanel key={chosen.id} model={chosen} />}
      </Panel>
      <Panel title={`Repricing ${job}`} opened={isAdmin && view.repricing !== undefined} onClose={close}>
        {job !== undefined && <JobPanel key={job} id={job} />}
      </Panel>
    </Page>
  );
}

type PartName = "catalogue" | "unpriced" | "repricings";
const PART_LABELS: Record<PartName, string> = {
  catalogue: "Catalogue",
  unpriced: "Calls without a price",
  repricings: "Repricings",
};
/** What `tab` is in the address for each. */
const TABS: Record<PartName, string> = { catalogue: "all", unpriced: "unpriced", repricings: "repricings" };

function partOf({ tab }: View, isAdmin: boolean): PartName {
  if (!isAdmin) return "catalogue";
  return tab === "unpriced" ? tab : tab === "repricings" || tab === REPRICE ? "repricings" : "catalogue";
}

/** The tab is that of a panel with a form. */
function isForm({ tab }: View): boolean {
  return tab === NEW || tab === REPRICE;
}

function Parts({ part }: { part: PartName }) {
  return (
    <nav className={classes.tabs} aria-label="Parts of the page">
      {(Object.keys(PART_LABELS) as PartName[]).map((name) => (
        <Link key={name} to="/models" search={{ tab: TABS[name] }} aria-current={name === part ? "page" : false}>
          {PART_LABELS[name]}
        </Link>
      ))}
    </nav>
  );
}

function Add() {
  const { change } = useView();
  return (
    <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => change({ tab: NEW })}>
      Add model
    </Button>
  );
}

function Reprice() {
  const { change } = useView();
  return (
    <Button size="xs" onClick={() => change({ tab: REPRICE })}>
      Price calls anew
    </Button>
  );
}

/** A name that the catalogue does not have becomes what is searched for. */
function useUnknownName(name: string | undefined, models: ModelOut[] | undefined) {
  const { change } = useView();
  const isUnknown = name !== undefined && models !== undefined && named(models, name) === undefined;
  useEffect(() => {
    if (isUnknown) change({ model: undefined, provider: undefined, q: name }, { replace: true });
  }, [isUnknown, name, change]);
}

function Catalogue({ models }: { models: ModelOut[] }) {
  const { view, change } = useView();
  const shown = SHOWN.find((one) => one === view.tab) ?? "all";
  const found = fitting(models, { q: view.q, shown }, new Date());
  return (
    <div>
      <div className={classes.bar}>
        <SearchBox label="Search name or provider" />
        <Select
          size="xs"
          aria-label="Which models"
          data={SHOWN.map((value) => ({ value, label: SHOWN_LABELS[value] }))}
          value={shown}
          allowDeselect={false}
          onChange={(value) => change({ tab: value === "all" ? undefined : (value ?? undefined) }, { replace: true })}
        />
        <span className={classes.count} role="status">
          {found.length === models.length ? `${models.length} models` : `${found.length} of ${models.length} models`}
        </span>
      </div>
      {found.length > 0 ? (
        <ModelTable models={found} />
      ) : view.q ? (
        <NothingFound title={`No model has “${view.q}” in its name or provider.`} />
      ) : (
        <p className={classes.nothing}>{NOTHING[shown]}</p>
      )}
    </div>
  );
}

const NOTHING: Record<Shown, string> = {
  all: "There are no models yet. The first call adds its own.",
  no_price: "Every model has a price.",
  off: "No model is switched off.",
  own: "All prices are the price book's.",
};
