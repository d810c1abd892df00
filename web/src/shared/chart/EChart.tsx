/** ECharts on a canvas: it draws, and nothing else. What is pointed at and dragged is the wrapper's. Loaded when needed. */
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import { type EChartsType, init, use as register } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import type { Palette } from "../colors";
import { colorOf, type Series } from "./series";

register([BarChart, LineChart, GridComponent, CanvasRenderer]);

export interface EChartProps {
  kind: "bars" | "lines";
  series: Series[];
  /** The names of two series with an area between them: the lower one and the upper one. */
  band?: [string, string];
  labels: (string | null)[];
  filling: number;
  logarithmic: boolean;
  whole: boolean;
  write: (value: number) => string;
  palette: Palette;
  grid: { left: number; right: number; top: number; bottom: number };
  onWidth: (width: number) => void;
}

export default function EChart(props: EChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const { onWidth } = props;
  useEffect(() => {
    if (!box.current) return;
    const made = init(box.current, null, { renderer: "canvas" });
    chart.current = made;
    const observer = new ResizeObserver(([entry]) => {
      if (!entry) return;
      made.resize();
      onWidth(entry.contentRect.width);
    });
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, [onWidth]);
  useEffect(() => {
    chart.current?.setOption(option(props), { notMerge: true, lazyUpdate: true });
  });
  return <div ref={box} style={{ position: "absolute", inset: 0 }} aria-hidden="true" />;
}

function option({ kind, series, band, labels, filling, logarithmic, whole, write, palette, grid }: EChartProps) {
  const text = { color: palette.ink2, fontSize: 12 };
  return {
    animation: false,
    grid: { ...grid, outerBoundsMode: "none" },
    xAxis: {
      type: "category",
      data: labels.map((_, at) => at),
      axisLine: { lineStyle: { color: palette.line } },
      axisTick: { show: false },
      axisLabel: {
        ...text,
        interval: (at: number) => labels[at] !== null && labels[at] !== undefined,
        formatter: (_: string, at: number) => labels[at] ?? "",
        hideOverlap: true,
      },
    },
    yAxis: {
      type: logarithmic ? "log" : "value",
      min: logarithmic ? undefined : 0,
      minInterval: whole ? 1 : undefined,
      splitNumber: 3,
      axisLabel: { ...text, formatter: write },
      splitLine: { lineStyle: { color: palette.line } },
    },
    series: [
      ...areaBetween(series, band, palette),
      ...series.map((one) => (kind === "bars" ? bars(one, filling, palette) : line(one, palette))),
    ],
  };
}

function bars(series: Series, filling: number, palette: Palette) {
  const color = colorOf(palette, series.color);
  return {
    type: "bar",
    stack: "all",
    silent: true,
    barCategoryGap: "20%",
    barMaxWidth: 48,
    itemStyle: { color },
    // One error among thousands of calls is to be seen.
    barMinHeight: series.color === "bad" ? 2 : 0,
    data: series.values.map((value, at) =>
      at === filling ? { value: value || null, itemStyle: hatched(color, palette) } : value || null,
    ),
  };
}

function hatched(color: string, palette: Palette) {
  return {
    color,
    decal: { symbol: "rect", dashArrayX: [1, 0], dashArrayY: [3, 3], rotation: -Math.PI / 4, color: palette.ground },
  };
}

function line(series: Series, palette: Palette) {
  return {
    type: "line",
    silent: true,
    showSymbol: series.values.filter((value) => value !== null).length < 3,
    symbol: "circle",
    symbolSize: 5,
    connectNulls: false,
    lineStyle: { width: 2, type: series.dashed ? "dashed" : "solid" },
    itemStyle: { color: colorOf(palette, series.color) },
    data: series.values,
  };
}

/** The lower line, unseen, and on top of it the difference as an area. */
function areaBetween(series: Series[], band: [string, string] | undefined, palette: Palette) {
  const [low, high] = (band ?? []).map((name) => series.find((one) => one.name === name));
  if (!low || !high) return [];
  const differences = high.values.map((value, at) => (value === null ? null : value - (low.values[at] ?? value)));
  const unseen = { type: "line", stack: "band", silent: true, symbol: "none", lineStyle: { opacity: 0 } };
  return [
    { ...unseen, data: low.values },
    { ...unseen, data: differences, areaStyle: { color: colorOf(palette, high.color), opacity: 0.25 } },
  ];
}
