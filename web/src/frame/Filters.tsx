import { Button, CloseButton, NumberInput, Popover, UnstyledButton } from "@mantine/core";
import { IconArrowLeft, IconPlus } from "@tabler/icons-react";
import { useLocation } from "@tanstack/react-router";
import { type SubmitEvent, useEffect, useState } from "react";
import { useView } from "@/shared/view";
import { ChoiceForm } from "./ChoiceForm";
import { chipsOf, FIELDS, type Field } from "./filters";
import classes from "./frame.module.css";
import { opens } from "./open";

export function Filters() {
  const { view, change, clear } = useView();
  const chips = chipsOf(view);
  return (
    <>
      <AddFilter />
      {chips.length > 0 && (
        <ul className={classes.chips} aria-label="Filters">
          {chips.map(({ key, label, value, without }) => (
            <li key={`${key} ${value}`}>
              <span>
                {label}: <b dir="auto">{value}</b>
              </span>
              <CloseButton size="xs" aria-label={`Remove ${label}: ${value}`} onClick={() => change(without)} />
            </li>
          ))}
          {chips.length > 1 && (
            <li data-clear>
              <Button size="compact-xs" variant="subtle" onClick={clear}>
                Clear all
              </Button>
            </li>
          )}
        </ul>
      )}
    </>
  );
}

function AddFilter() {
  const { pathname } = useLocation();
  const [opened, setOpened] = useState(false);
  const [field, setField] = useState<Field | null>(null);
  useEffect(() => opens("filter", () => setOpened(true)), []);
  const offered = FIELDS.filter((one) => one.kind !== "typed" && (!one.calls || pathname === "/calls"));
  const toggle = (next: boolean) => {
    setOpened(next);
    setField(null);
  };
  return (
    <Popover opened={opened} onChange={toggle} position="bottom-start" width={280} trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton className={classes.picker} onClick={() => toggle(!opened)} aria-label="Add a filter">
          <IconPlus size={14} aria-hidden />
          <span>Filter</span>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown className={classes.filter} aria-label="Filter">
        {field === null ? (
          <ul>
            {offered.map((one) => (
              <li key={one.key}>
                <UnstyledButton onClick={() => setField(one)}>{one.label}</UnstyledButton>
              </li>
            ))}
          </ul>
        ) : (
          <>
            <UnstyledButton className={classes.back} onClick={() => setField(null)}>
              <IconArrowLeft size={14} aria-hidden /> {field.label}
            </UnstyledButton>
            <FieldForm field={field} onDone={() => toggle(false)} />
          </>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

function FieldForm({ field, onDone }: { field: Field; onDone: () => void }) {
  if (field.kind === "choice" || field.kind === "value") return <ChoiceForm field={field} onDone={onDone} />;
  if (field.kind === "flag") return <FlagForm field={field} onDone={onDone} />;
  return <ValueForm field={field} onDone={onDone} />;
}

function FlagForm({ field, onDone }: { field: Field; onDone: () => void }) {
  const { change } = useView();
  const choose = (value: boolean) => {
    change({ [field.key]: value });
    onDone();
  };
  return (
    <ul>
      <li>
        <UnstyledButton data-autofocus onClick={() => choose(true)}>
          Yes
        </UnstyledButton>
      </li>
      <li>
        <UnstyledButton onClick={() => choose(false)}>No</UnstyledButton>
      </li>
    </ul>
  );
}

function ValueForm({ field, onDone }: { field: Field; onDone: () => void }) {
  const { view, change } = useView();
  const before = view[field.key];
  const [value, setValue] = useState<string | number>(typeof before === "number" ? before : "");
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    change({ [field.key]: value === "" ? undefined : value });
    onDone();
  };
  return (
    <form onSubmit={submit}>
      <NumberInput
        size="xs"
        aria-label={field.label}
        data-autofocus
        min={0}
        hideControls
        thousandSeparator=","
        prefix={field.unit === "$" ? "$" : undefined}
        suffix={field.unit === "ms" ? " ms" : undefined}
        value={value}
        onChange={setValue}
      />
      <Button type="submit" size="xs" fullWidth>
        Filter
      </Button>
    </form>
  );
}
