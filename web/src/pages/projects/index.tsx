import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { projects } from "@/api/queries";
import type { ProjectOut } from "@/api/schema";
import { type Column, DataTable } from "@/shared/DataTable";
import { Name, Quiet, Time } from "@/shared/figures";
import { NothingFound, Panel, SearchBox, useLast } from "@/shared/form";
import { Page } from "@/shared/layout";
import { Loaded, Skeleton } from "@/shared/states";
import { useView } from "@/shared/view";
import { ProjectForm } from "./ProjectForm";
import classes from "./projects.module.css";

const NEW = "new";

export function Projects() {
  const { view, change } = useView();
  const all = useQuery(projects());
  const chosen = useLast(all.data?.find(({ id }) => String(id) === view.tab));
  const close = () => change({ tab: undefined });
  return (
    <Page
      title="Projects"
      lead="The applications that make calls. Users and API keys can be limited to some."
      actions={
        <>
          <SearchBox label="Search projects" />
          <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => change({ tab: NEW })}>
            Add project
          </Button>
        </>
      }
    >
      <Loaded query={all} what="The projects" skeleton={<Skeleton height={180} />}>
        {(found) => <ProjectTable projects={found} q={view.q} />}
      </Loaded>
      <Panel title="Add project" opened={view.tab === NEW} onClose={close}>
        <ProjectForm onDone={close} />
      </Panel>
      <Panel
        title={chosen && <span dir="auto">{chosen.name}</span>}
        opened={chosen !== undefined && String(chosen.id) === view.tab}
        onClose={close}
      >
        {chosen && <ProjectForm project={chosen} onDone={close} />}
      </Panel>
    </Page>
  );
}

function ProjectTable({ projects, q = "" }: { projects: ProjectOut[]; q?: string }) {
  const wanted = q.toLowerCase();
  const fitting = projects.filter(({ name, description }) => `${name}\n${description}`.toLowerCase().includes(wanted));
  if (fitting.length === 0) {
    return <NothingFound title={`No project has “${q}” in its name or description.`} />;
  }
  return <DataTable label="Projects" columns={COLUMNS} rows={fitting} rowKey={({ id }) => id} first={100} />;
}

const COLUMNS: Column<ProjectOut>[] = [
  {
    key: "name",
    title: "Name",
    value: ({ name }) => name,
    cell: ({ id, name }) => (
      <Link
        to="."
        search={(view) => ({ ...view, tab: String(id) })}
        resetScroll={false}
        className={classes.name}
        aria-label={`Edit ${name}`}
      >
        <Name>{name}</Name>
      </Link>
    ),
  },
  {
    key: "description",
    title: "Description",
    wide: true,
    cell: ({ description }) =>
      description ? (
        <span className={classes.description}>
          <Name>{description}</Name>
        </span>
      ) : (
        <Quiet>—</Quiet>
      ),
  },
  {
    key: "created_at",
    title: "Created",
    wide: true,
    value: ({ created_at }) => created_at,
    cell: ({ created_at }) => <Time at={created_at} form="ago" />,
  },
  {
    key: "doors",
    title: "",
    right: true,
    cell: ({ name }) => (
      <span className={classes.doors}>
        <Link to="/overview" search={{ project: name }} aria-label={`Overview of ${name}`}>
          Overview
        </Link>
        <Link to="/connect" search={name === "default" ? {} : { project: name }} aria-label={`Connect to ${name}`}>
          Connect
        </Link>
      </span>
    ),
  },
];
