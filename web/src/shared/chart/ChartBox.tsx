/** What is around every chart: its title, its tools, and the table that stands in its place and can be copied as CSV. */
import { ActionIcon } from "@mantine/core";
import { IconChartBar, IconTable } from "@tabler/icons-react";
import { type CSSProperties, type ReactNode, useId, useState } from "react";
import { CopyButton } from "../CopyButton";
import classes from "./chart.module.css";

interface ChartBoxProps {
  title: string;
  height?: CSSProperties["height"];
  /** At the right of the title: a switch of what is shown. */
  aside?: ReactNode;
  /** Buttons that belong to the chart, and not to its table. */
  tools?: ReactNode;
  /** Between the title and the chart, and the table too: the legend. */
  above?: ReactNode;
  foot?: ReactNode;
  /** The same figures for who reads rather than looks. */
  table: ReactNode;
  csv: () => string;
  children: ReactNode;
}

export function ChartBox({ title, height, aside, tools, above, foot, table, csv, children }: ChartBoxProps) {
  const id = useId();
  const [asTable, setAsTable] = useState(false);
  return (
    <section className={classes.chart} style={{ height }} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside}
        <div className={classes.tools}>
          {asTable ? <CopyButton value={csv} label={`Copy ${title} as CSV`} /> : tools}
          <Tool label={`${title} as a table`} pressed={asTable} onClick={() => setAsTable(!asTable)}>
            {asTable ? <IconChartBar size={16} /> : <IconTable size={16} />}
          </Tool>
        </div>
      </header>
      {above}
      {asTable ? table : children}
      {foot && <p className={classes.axis}>{foot}</p>}
    </section>
  );
}

interface ToolProps {
  label: string;
  pressed: boolean;
  onClick: () => void;
  children: ReactNode;
}

export function Tool({ label, pressed, onClick, children }: ToolProps) {
  return (
    <ActionIcon
      size="sm"
      variant={pressed ? "light" : "subtle"}
      color={pressed ? "blue" : "gray"}
      aria-label={label}
      aria-pressed={pressed}
      data-tip={label}
      onClick={onClick}
    >
      {children}
    </ActionIcon>
  );
}
