import { Menu, UnstyledButton } from "@mantine/core";
import { IconCheck, IconChevronDown } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useMatches } from "@tanstack/react-router";
import { useState } from "react";
import { choices, projects } from "@/api/queries";
import { useRights } from "@/shared/rights";
import { useView } from "@/shared/view";
import classes from "./frame.module.css";

/** Which project and environment a page about data is about. */
export function ScopePickers() {
  const data = useMatches().at(-1)?.staticData.data;
  if (!data) return <div className={classes.scope} />;
  return (
    <div className={classes.scope}>
      <ProjectPicker />
      <EnvironmentPicker />
    </div>
  );
}

function ProjectPicker() {
  const { view, change } = useView();
  const { projects: limited } = useRights();
  const [opened, setOpened] = useState(false);
  const all = useQuery({ ...projects(), enabled: opened });
  const names = all.data?.map((project) => project.name) ?? limited ?? [];
  return (
    <Picker
      what="Project"
      all="All projects"
      chosen={view.project}
      names={names}
      loading={opened && all.isLoading}
      onOpen={setOpened}
      onChoose={(project) => change({ project })}
    />
  );
}

function EnvironmentPicker() {
  const { view, change } = useView();
  const [opened, setOpened] = useState(false);
  const found = useQuery({ ...choices(view.project), enabled: opened });
  return (
    <Picker
      what="Environment"
      all="All environments"
      chosen={view.environment}
      names={found.data?.environment ?? []}
      loading={opened && found.isLoading}
      onOpen={setOpened}
      onChoose={(environment) => change({ environment })}
    />
  );
}

interface PickerProps {
  what: string;
  all: string;
  chosen: string | undefined;
  names: string[];
  loading: boolean;
  onOpen: (opened: boolean) => void;
  onChoose: (name: string | undefined) => void;
}

function Picker({ what, all, chosen, names, loading, onOpen, onChoose }: PickerProps) {
  const shown = chosen && !names.includes(chosen) ? [chosen, ...names] : names;
  return (
    <Menu position="bottom-start" onChange={onOpen}>
      <Menu.Target>
        <UnstyledButton className={classes.picker} aria-label={`${what}: ${chosen ?? all}`}>
          <span>{chosen ?? all}</span>
          <IconChevronDown size={14} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown className={classes.menu}>
        <Menu.Item
          onClick={() => onChoose(undefined)}
          rightSection={chosen ? null : <IconCheck size={14} aria-label="chosen" />}
        >
          {all}
        </Menu.Item>
        {loading && <Menu.Label>Loading…</Menu.Label>}
        {shown.map((name) => (
          <Menu.Item
            key={name}
            onClick={() => onChoose(name)}
            rightSection={name === chosen ? <IconCheck size={14} aria-label="chosen" /> : null}
          >
            <span dir="auto">{name}</span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
