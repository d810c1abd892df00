import { Checkbox, MultiSelect, Radio } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { projects } from "@/api/queries";
import type { Failure } from "@/shared/failure";
import type { Rights } from "./rights";
import classes from "./users.module.css";

interface RightsFieldsProps {
  value: Rights;
  at: Failure["at"];
  onChange: (value: Rights) => void;
}

export function RightsFields({ value, at, onChange }: RightsFieldsProps) {
  const all = useQuery(projects());
  const set = (part: Partial<Rights>) => onChange({ ...value, ...part });
  return (
    <>
      <Radio.Group
        label="Role"
        value={value.role}
        error={at("role")}
        onChange={(role) => set({ role: role === "ADMIN" ? "ADMIN" : "VIEWER" })}
      >
        <div className={classes.choices}>
          <Radio
            value="VIEWER"
            label="Viewer"
            description="Sees metrics and gives feedback, and what is allowed below."
          />
          <Radio
            value="ADMIN"
            label="Admin"
            description="Sees everything, and changes settings, users, keys and prices."
          />
        </div>
      </Radio.Group>
      {value.role === "VIEWER" && (
        <>
          <Radio.Group
            label="Projects"
            value={value.limited ? "some" : "all"}
            onChange={(which) => set({ limited: which === "some" })}
          >
            <div className={classes.choices}>
              <Radio value="all" label="All projects" description="Also those that are made later." />
              <Radio value="some" label="Only these" />
            </div>
          </Radio.Group>
          {value.limited && (
            <MultiSelect
              aria-label="Projects that the user sees"
              placeholder={value.projects.length > 0 ? undefined : "None: the user sees no data"}
              data={all.data?.map(({ name }) => name) ?? value.projects}
              value={value.projects}
              error={at("projects")}
              searchable
              hidePickedOptions
              onChange={(names) => set({ projects: names })}
            />
          )}
          <Checkbox
            label="May read calls"
            description="Calls hold what people wrote and what models answered. Without it the user sees figures only."
            checked={value.can_read_calls}
            error={at("can_read_calls")}
            onChange={(event) => set({ can_read_calls: event.currentTarget.checked })}
          />
        </>
      )}
    </>
  );
}
