import { Button, Popover, TextInput, UnstyledButton } from "@mantine/core";
import { IconCalendar, IconCheck, IconChevronDown } from "@tabler/icons-react";
import { type SubmitEvent, useEffect, useState } from "react";
import { viewerZone } from "@/shared/format";
import { DEFAULT_RANGE, PRESETS, rangeLabel, timeToType, typedTime } from "@/shared/range";
import { useView } from "@/shared/view";
import classes from "./frame.module.css";
import { opens } from "./open";

export function RangePicker() {
  const { view, range, change } = useView();
  const [opened, setOpened] = useState(false);
  useEffect(() => opens("range", () => setOpened(true)), []);
  const choose = (name: string) => {
    change({ range: name === DEFAULT_RANGE ? undefined : name, from: undefined, to: undefined });
    setOpened(false);
  };
  const chosen = range.minutes === null ? null : (view.range ?? DEFAULT_RANGE);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton
          className={classes.picker}
          onClick={() => setOpened(!opened)}
          aria-label={`Range: ${range.label}`}
        >
          <IconCalendar size={16} stroke={1.6} aria-hidden />
          <span>{range.label}</span>
          <IconChevronDown size={14} aria-hidden />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown className={classes.range} aria-label="Range">
        <ul>
          {PRESETS.map((name) => (
            <li key={name}>
              <UnstyledButton
                onClick={() => choose(name)}
                aria-current={name === chosen || undefined}
                data-autofocus={name === (chosen ?? DEFAULT_RANGE) || undefined}
              >
                {rangeLabel(name)}
                {name === chosen && <IconCheck size={14} aria-hidden />}
              </UnstyledButton>
            </li>
          ))}
        </ul>
        <OwnRange onDone={() => setOpened(false)} />
      </Popover.Dropdown>
    </Popover>
  );
}

/** A range with ends of its own, typed: `2026-11-20 14:00`, `yesterday`, `3h ago`, `now`. */
function OwnRange({ onDone }: { onDone: () => void }) {
  const { view, range, change } = useView();
  const [from, setFrom] = useState(timeToType(range.from));
  const [to, setTo] = useState(range.minutes === null && view.to ? timeToType(range.to) : "now");
  const [tried, setTried] = useState(false);
  const start = typedTime(from);
  const end = to.trim() === "" ? new Date() : typedTime(to);
  const open = ["", "now"].includes(to.trim().toLowerCase());
  const hint = "As 2026-11-20 14:00, 14:00, yesterday or 3h ago";
  const fromError = start === null ? hint : undefined;
  const toError = end === null ? hint : start && end <= start ? "Must be after the start" : undefined;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    if (fromError || toError || !start || !end) return;
    change({ range: undefined, from: start.toISOString(), to: open ? undefined : end.toISOString() });
    onDone();
  };
  return (
    <form onSubmit={submit}>
      <TextInput
        label="From"
        size="xs"
        value={from}
        error={tried && fromError}
        onChange={(event) => setFrom(event.currentTarget.value)}
      />
      <TextInput
        label="To"
        size="xs"
        value={to}
        error={tried && toError}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      <p>Times are in {viewerZone()}.</p>
      <Button type="submit" size="xs" fullWidth>
        Show this range
      </Button>
    </form>
  );
}
