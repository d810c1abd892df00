import { ActionIcon, Button, Checkbox, Popover } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { facets } from "@/api/queries";
import * as format from "@/shared/format";
import type { View } from "@/shared/search";
import { useView } from "@/shared/view";
import classes from "./calls.module.css";
import { exportAddress, FORMATS } from "./exporting";

/** Takes out just what is filtered, and says beforehand how many calls that are. */
export function ExportMenu({ view }: { view: View }) {
  const [opened, setOpened] = useState(false);
  const [payloads, setPayloads] = useState(false);
  const { range } = useView();
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={300} trapFocus returnFocus>
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Export"
          data-tip="Export"
          onClick={() => setOpened(!opened)}
        >
          <IconDownload size={16} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown className={classes.export} aria-label="Export">
        <p>
          {opened && <HowMany view={view} />}, newest first: {range.label}
        </p>
        <Checkbox
          size="xs"
          label="With prompts and answers"
          description="What people wrote goes into the file"
          checked={payloads}
          onChange={(event) => setPayloads(event.currentTarget.checked)}
        />
        <ul>
          {FORMATS.map(({ format, label, hint }) => (
            <li key={format}>
              <Button
                component="a"
                href={exportAddress(view, format, payloads)}
                download
                size="compact-sm"
                variant="default"
                onClick={() => setOpened(false)}
              >
                {label}
              </Button>
              <span>{hint}</span>
            </li>
          ))}
        </ul>
      </Popover.Dropdown>
    </Popover>
  );
}

/** Counted by status: every call has one, so their sum is all of them, or all as far as was looked. */
function HowMany({ view }: { view: View }) {
  const { status, ...others } = view;
  const { data } = useQuery(facets("status", others));
  if (!data) return "The calls of this list";
  const values = data.values.filter(({ value }) => status === undefined || status.some((one) => one === value));
  const calls = values.reduce((sum, { count }) => sum + count, 0);
  if (!data.exact) return `More than ${format.counted(calls, "calls")}`;
  return data.from === null ? format.counted(calls, "calls") : `About ${format.counted(calls, "calls")}`;
}
