/** The plot of a chart: what is pointed at, dragged over, and pinned. ECharts draws beneath it. */
import {
  type FocusEvent,
  type KeyboardEvent,
  lazy,
  type MouseEvent,
  type PointerEvent,
  Suspense,
  useCallback,
  useId,
  useMemo,
  useRef,
  useState,
} from "react";
import type { Palette } from "../colors";
import { useRights } from "../rights";
import { Skeleton } from "../states";
import { bucketName, bucketWidth, fillingBucket, tickLabels } from "./buckets";
import classes from "./chart.module.css";
import { point, usePointed } from "./crosshair";
import { bucketView, type Door } from "./door";
import { PointedList } from "./PointedList";
import type { Series } from "./series";
import { UNITS, type Unit } from "./units";
import { usePin } from "./usePin";
import { useZoom } from "./zoom";

const EChart = lazy(() => import("./EChart"));

const GRID = { left: 64, right: 8, top: 8, bottom: 24 };
const LABEL_WIDTH = 76;
const DIGIT_WIDTH = 7.5;
const DRAG_PIXELS = 5;

interface PlotProps {
  title: string;
  kind: "bars" | "lines";
  bucket: string;
  starts: string[];
  series: Series[];
  band?: [string, string];
  unit: Unit;
  logarithmic: boolean;
  door?: Door;
  none?: string;
  palette: Palette;
}

export function Plot(props: PlotProps) {
  const { title, kind, bucket, starts, series, band, unit, logarithmic, door, none, palette } = props;
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const { readsCalls } = useRights();
  const { pinned, pin } = usePin(box);
  const pointed = usePointed();
  const write = UNITS[unit].axis;
  const left = Math.max(GRID.left, widest(series, write) * DIGIT_WIDTH + 12);
  const inner = Math.max(width - left - GRID.right, 1);
  const most = Math.floor(inner / LABEL_WIDTH);
  const labels = useMemo(() => tickLabels(starts, bucket, most), [starts, bucket, most]);
  const onWidth = useCallback((next: number) => setWidth(next), []);
  const start = pinned?.start ?? pointed?.start;
  const at = start === undefined ? -1 : starts.indexOf(start);

  const bucketAt = (x: number): number => {
    const start = box.current?.getBoundingClientRect().left ?? 0;
    const part = (x - start - left) / inner;
    return Math.min(Math.max(Math.floor(part * starts.length), 0), starts.length - 1);
  };
  const pointAt = (index: number) => {
    const start = starts[index];
    if (pinned === null) point(start === undefined ? null : { start, chart: id });
  };
  const toggle = (index: number, byKey: boolean) => {
    const start = starts[index];
    if (door && readsCalls && start !== undefined) pin(pinned?.start === start ? null : { start, byKey });
  };
  const drag = useDrag(bucketAt, starts, bucket);
  const click = (event: MouseEvent) => {
    if (!isInList(event) && !drag.wasDrag()) toggle(bucketAt(event.clientX), false);
  };
  const key = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") point(null);
    if (event.key === "Enter" && at >= 0) toggle(at, true);
    if (step === undefined) return;
    event.preventDefault();
    pointAt(Math.min(Math.max(at < 0 ? starts.length - 1 : at + step, 0), starts.length - 1));
  };
  const leave = (event: FocusEvent) => {
    if (pinned === null && !event.currentTarget.contains(event.relatedTarget)) point(null);
  };

  const x = left + ((at + 0.5) * inner) / Math.max(starts.length, 1);
  return (
    <div
      ref={box}
      className={classes.plot}
      role="group"
      // The arrow keys move the crosshair
      tabIndex={0}
      aria-roledescription="chart"
      aria-label={`${title}. The arrow keys go from ${bucket} to ${bucket}${door && readsCalls ? ", Enter shows its calls" : ""}; the button before shows a table.`}
      onPointerMove={(event) => {
        pointAt(bucketAt(event.clientX));
        drag.move(event);
      }}
      onPointerDown={drag.down}
      onPointerUp={drag.up}
      onPointerCancel={drag.cancel}
      onPointerLeave={() => pinned === null && point(null)}
      onClick={click}
      onDoubleClick={drag.undo}
      onKeyDown={key}
      onBlur={leave}
    >
      <Suspense fallback={<Skeleton height="100%" />}>
        <EChart
          kind={kind}
          series={series}
          band={band}
          labels={labels}
          filling={fillingBucket(starts, bucket)}
          logarithmic={logarithmic}
          whole={unit === "count"}
          write={write}
          palette={palette}
          grid={{ ...GRID, left }}
          onWidth={onWidth}
        />
      </Suspense>
      {none && <p className={classes.none}>{none}</p>}
      {at >= 0 && width > 0 && <div className={classes.line} style={{ left: x, top: GRID.top, bottom: GRID.bottom }} />}
      {drag.over && <div className={classes.drag} style={{ ...drag.over, top: GRID.top, bottom: GRID.bottom }} />}
      {at >= 0 && (pinned !== null || pointed?.chart === id) && (
        <PointedList
          title={title}
          kind={kind}
          at={at}
          name={bucketName(starts[at] ?? "", bucket)}
          series={series}
          write={UNITS[unit].short}
          palette={palette}
          place={x > width / 2 ? { right: width - x + 10 } : { left: x + 10 }}
          pin={pinned && door && { byKey: pinned.byKey, view: bucketView(starts, at, bucket, door), where: door.where }}
          hint={door !== undefined && readsCalls}
        />
      )}
    </div>
  );
}

/** Letters of the largest value: a millionth of a dollar needs more of them than the axes that stand in line. */
function widest(series: Series[], write: (value: number) => string): number {
  const largest = Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  return write(Number(largest.toPrecision(1))).length;
}

/** What is in the pinned list is a link, or text to select: not a place of the chart. */
function isInList(event: MouseEvent): boolean {
  return event.target instanceof Element && event.target.closest("[data-pinned]") !== null;
}

/** Dragging over buckets makes them the page's range; a double click goes back. */
function useDrag(bucketAt: (x: number) => number, starts: string[], bucket: string) {
  const [ends, setEnds] = useState<{ from: number; to: number; left: number } | null>(null);
  const moved = useRef(false);
  const { zoom, unzoom } = useZoom();
  const down = (event: PointerEvent) => {
    moved.current = false;
    if (event.button !== 0 || event.pointerType === "touch" || isInList(event)) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    const { left } = event.currentTarget.getBoundingClientRect();
    setEnds({ from: event.clientX, to: event.clientX, left });
  };
  const move = (event: PointerEvent) => {
    if (ends) setEnds({ ...ends, to: event.clientX });
  };
  const up = (event: PointerEvent) => {
    if (ends && Math.abs(ends.to - ends.from) >= DRAG_PIXELS) {
      moved.current = true;
      const [first = 0, last = 0] = [bucketAt(ends.from), bucketAt(ends.to)].sort((a, b) => a - b);
      const end = new Date(starts[last] ?? 0).getTime() + bucketWidth(bucket);
      zoom(new Date(starts[first] ?? 0), new Date(end));
    }
    setEnds(null);
    if (event.currentTarget.hasPointerCapture(event.pointerId))
      event.currentTarget.releasePointerCapture(event.pointerId);
  };
  const over = ends && { left: Math.min(ends.from, ends.to) - ends.left, width: Math.abs(ends.to - ends.from) };
  return { down, move, up, over, cancel: () => setEnds(null), wasDrag: () => moved.current, undo: unzoom };
}
