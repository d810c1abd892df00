/** The line above the list: how many calls there are, what is new, the order and the columns. */
import { ActionIcon, Button, Checkbox, Menu, Popover } from "@mantine/core";
import { IconArrowsSort, IconArrowUp, IconCheck, IconColumns3 } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { countExact } from "@/shared/format";
import { SORTS, type Sort, type View } from "@/shared/search";
import { useView } from "@/shared/view";
import classes from "./calls.module.css";
import { COLUMNS, DEFAULT_KEYS } from "./columns";
import { ExportMenu } from "./ExportMenu";
import { LiveSwitch } from "./LiveSwitch";
import { type CallQuery, type CallRow, newerCalls, newerText, startAgain } from "./list";
import { TextSearch } from "./TextSearch";
import type { Columns } from "./useColumns";
import type { Live } from "./useLive";
import { ViewsMenu } from "./ViewsMenu";

const ORDERS: Record<Sort, string> = {
  time: "Newest first",
  latency: "Slowest first",
  cost: "Most expensive first",
  tokens: "Most tokens first",
};

interface ToolsProps {
  view: View;
  rows: readonly CallRow[];
  query: CallQuery;
  columns: Columns;
  live: Live;
  onTop: () => void;
}

export function Tools({ view, rows, query, columns, live, onTop }: ToolsProps) {
  const { data, hasNextPage, isPlaceholderData } = query;
  const among = data?.pages.at(-1)?.sorted_among ?? null;
  return (
    <div className={classes.tools}>
      <TextSearch />
      <LiveSwitch live={live} onTop={onTop} />
      <NewCalls
        view={view}
        rows={rows}
        wanted={data !== undefined && !isPlaceholderData && live.state === "off"}
        onTop={onTop}
      />
      <span className={classes.said}>{data && rows.length > 0 && told(rows.length, hasNextPage, among)}</span>
      <ViewsMenu view={view} columns={columns} />
      <ExportMenu view={view} />
      <OrderMenu sort={view.sort ?? "time"} narrow={columns.narrow} />
      <ColumnMenu columns={columns} />
    </div>
  );
}

/** Of another order than time's it is said among how many: the server puts no more in order. */
function told(rows: number, more: boolean, among: number | null): string {
  const calls = `call${rows === 1 ? "" : "s"}`;
  if (among !== null) return `Sorted among the newest ${countExact(among)} calls`;
  return more ? `${countExact(rows)} ${calls} so far` : `${countExact(rows)} ${calls}`;
}

interface NewCallsProps {
  view: View;
  rows: readonly CallRow[];
  /** Whether anybody is to look for them: the live tail brings them by itself. */
  wanted: boolean;
  onTop: () => void;
}

/** Says quietly that there is something new; the rows stay where they are until one wants to see it. */
function NewCalls({ view, rows, wanted, onTop }: NewCallsProps) {
  const queryClient = useQueryClient();
  const { data } = useQuery(newerCalls(view, rows, wanted));
  const text = wanted && data.count > 0 ? newerText(data) : "";
  const show = () => void startAgain(queryClient, view).then(onTop);
  return (
    <>
      <span role="status" className="hidden">
        {text}
      </span>
      {text && (
        <Button size="compact-sm" variant="light" leftSection={<IconArrowUp size={14} aria-hidden />} onClick={show}>
          {text}
        </Button>
      )}
    </>
  );
}

function OrderMenu({ sort, narrow }: { sort: Sort; narrow: boolean }) {
  const { change } = useView();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        {narrow ? (
          <ActionIcon variant="subtle" color="gray" aria-label={`Order: ${ORDERS[sort]}`} data-tip={ORDERS[sort]}>
            <IconArrowsSort size={16} />
          </ActionIcon>
        ) : (
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            fw={400}
            leftSection={<IconArrowsSort size={14} aria-hidden />}
            aria-label={`Order: ${ORDERS[sort]}`}
          >
            {ORDERS[sort]}
          </Button>
        )}
      </Menu.Target>
      <Menu.Dropdown>
        {SORTS.map((one) => (
          <Menu.Item
            key={one}
            rightSection={one === sort && <IconCheck size={14} aria-hidden />}
            aria-current={one === sort || undefined}
            onClick={() => change({ sort: one === "time" ? undefined : one })}
          >
            {ORDERS[one]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function ColumnMenu({ columns }: { columns: Columns }) {
  const [opened, setOpened] = useState(false);
  const { chosen, choose, shown } = columns;
  const toggle = (key: string) => choose(chosen.includes(key) ? chosen.filter((one) => one !== key) : [...chosen, key]);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" trapFocus returnFocus>
      <Popover.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label="Choose columns"
          data-tip="Columns"
          onClick={() => setOpened(!opened)}
        >
          <IconColumns3 size={16} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown className={classes.columns} aria-label="Columns">
        {COLUMNS.filter((column) => !column.grows).map(({ key, title }) => (
          <Checkbox
            key={key}
            size="xs"
            label={title}
            description={chosen.includes(key) && !shown.some((one) => one.key === key) ? "no room just now" : undefined}
            checked={chosen.includes(key)}
            onChange={() => toggle(key)}
          />
        ))}
        <Button size="compact-xs" variant="subtle" onClick={() => choose(DEFAULT_KEYS)}>
          As at first
        </Button>
      </Popover.Dropdown>
    </Popover>
  );
}
