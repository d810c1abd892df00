/** The skeleton of a page: `Page` around all, `Section` around a part with a heading, `Tiles` of `Tile`s. */
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useId } from "react";
import { useRights } from "./rights";
import type { View } from "./search";
import classes from "./shared.module.css";
import { Skeleton } from "./states";
import { callsView, useView } from "./view";

interface PageProps {
  title: string;
  /** The heading is for screen readers only, where the page says by itself what it is. */
  quietTitle?: boolean;
  /** A sentence under the heading. */
  lead?: ReactNode;
  /** Buttons at the right of the heading. */
  actions?: ReactNode;
  /** A form of one column. */
  narrow?: boolean;
  children: ReactNode;
}

export function Page({ title, quietTitle = false, lead, actions, narrow = false, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Callscope`;
  }, [title]);
  return (
    <div className={classes.page} data-narrow={narrow || undefined}>
      {quietTitle && !actions ? (
        <h1 className="hidden">{title}</h1>
      ) : (
        <div className={classes.head}>
          <div>
            <h1 className={quietTitle ? "hidden" : undefined}>{title}</h1>
            {lead && <p className={classes.lead}>{lead}</p>}
          </div>
          {actions && <div className={classes.row}>{actions}</div>}
        </div>
      )}
      {children}
    </div>
  );
}

interface SectionProps {
  title: string;
  /** At the right of the heading: a sum, a switch. */
  aside?: ReactNode;
  children: ReactNode;
}

export function Section({ title, aside, children }: SectionProps) {
  const id = useId();
  return (
    <section className={classes.section} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

/** `even`: as many as there are, or a half or a quarter of them in a row, so that of four or eight none is left alone. */
export function Tiles({ even, children }: { even?: 4 | 8; children: ReactNode }) {
  return (
    <div className={classes.tiles} data-even={even}>
      {children}
    </div>
  );
}

/** Tiles without their figures: nothing moves when they come. */
export function TilesToCome({ even, titles }: { even: 4 | 8; titles: string[] }) {
  return (
    <Tiles even={even}>
      {titles.map((title) => (
        <Tile key={title} title={title} value={<Skeleton height={36} width="60%" />} />
      ))}
    </Tiles>
  );
}

interface TileProps {
  title: string;
  /** A figure: `<Count value={…} />`. */
  value: ReactNode;
  /** The change against the window before. */
  change?: ReactNode;
  spark?: ReactNode;
  /** Makes the tile a door to the calls behind it (for who may see them): `{}` for all, `{status: ["error"]}`. */
  where?: View;
  /** What stands out among those calls: a link of its own, in the corner. Only for who may see them. */
  mark?: ReactNode;
}

export function Tile({ title, value, change, spark, where, mark }: TileProps) {
  const { view } = useView();
  const { readsCalls } = useRights();
  const inside = (
    <>
      <span className={classes.tileTitle}>{title}</span>
      <span className={classes.tileValue}>{value}</span>
      <span className={classes.tileFoot}>
        <span>{change}</span>
        {spark}
      </span>
    </>
  );
  if (where && readsCalls) {
    const door = (
      <Link to="/calls" search={callsView(view, where)} className={classes.tile}>
        {inside}
      </Link>
    );
    if (!mark) return door;
    return (
      <div className={classes.marked}>
        {door}
        {mark}
      </div>
    );
  }
  return <div className={classes.tile}>{inside}</div>;
}
