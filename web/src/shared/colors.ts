/** All colours of the dashboard, for both grounds, and which series has which. */

export interface Palette {
  ground: string;
  /** What lies on the ground: rail, panels, menus. */
  surface: string;
  /** What the pointer is on. */
  hover: string;
  line: string;
  /** Borders of what can be filled in: 3 : 1. */
  border: string;
  ink: string;
  /** Secondary text: 4.5 : 1 on the ground and on the surface. */
  ink2: string;
  accent: string;
  /** Behind what is chosen. */
  chosen: string;
  good: string;
  bad: string;
  warn: string;
  series: readonly string[];
  other: string;
  /** Percentiles: one hue, from the low one to the high one. */
  steps: readonly [string, string, string];
}

/** Okabe–Ito, each shifted in lightness until it stands 3 : 1 from its ground. */
export const palettes: Record<"light" | "dark", Palette> = {
  light: {
    ground: "#ffffff",
    surface: "#f7f8fa",
    hover: "#eef0f4",
    line: "#e2e5ea",
    border: "#858d9b",
    ink: "#1b1f27",
    ink2: "#5b6472",
    accent: "#1d5fc2",
    chosen: "#e4edfb",
    good: "#0a7a4c",
    bad: "#c42b2b",
    warn: "#8a5b00",
    series: ["#0072b2", "#c77c02", "#009e73", "#b5609a", "#3d97cf", "#c14f00", "#8f8400"],
    other: "#7f8794",
    steps: ["#7fa6dc", "#3a76c8", "#123f85"],
  },
  dark: {
    ground: "#0f1115",
    surface: "#15181e",
    hover: "#1e222b",
    line: "#282d37",
    border: "#6a7383",
    ink: "#e6e8ec",
    ink2: "#9aa3b2",
    accent: "#6ea8ff",
    chosen: "#1b2b45",
    good: "#3fbf86",
    bad: "#ff7070",
    warn: "#e0a93b",
    series: ["#3b95d9", "#e69f00", "#1fb88c", "#d68bb8", "#86cdf5", "#ea7335", "#d9cf4a"],
    other: "#858e9c",
    steps: ["#bcd5fb", "#6ea8ff", "#3a6fc4"],
  },
};

const KEY = "callscope.colours";
const SLOTS = palettes.light.series.length;

/** Names by slot; the last that were asked for are at the end. */
type Slots = { name: string; slot: number }[];

/**
 * Which names have which of the seven colours: who comes first takes the first free one and keeps it, on every page and in
 * every range. When all are taken, the name that was longest not shown gives its colour up.
 */
export function assign(slots: Slots, names: readonly string[]): Slots {
  const wanted = [...new Set(names)].slice(0, SLOTS);
  const kept = slots.filter(({ name }) => !wanted.includes(name));
  const shown: Slots = [];
  for (const name of wanted) {
    const had = slots.find((entry) => entry.name === name);
    if (had) shown.push(had);
  }
  for (const name of wanted) {
    if (shown.some((entry) => entry.name === name)) continue;
    const taken = new Set([...kept, ...shown].map(({ slot }) => slot));
    const free = palettes.light.series.findIndex((_, slot) => !taken.has(slot));
    shown.push({ name, slot: free >= 0 ? free : (kept.shift()?.slot ?? 0) });
  }
  return [...kept, ...shown];
}

let slots: Slots | null = null;

/** The slot (0–6) of each name; names beyond the seventh are not in it and are drawn grey. */
export function slotsOf(names: readonly string[]): ReadonlyMap<string, number> {
  const before = slots ?? stored();
  slots = assign(before, names);
  if (JSON.stringify(before) !== JSON.stringify(slots)) store(slots);
  return new Map(slots.filter(({ name }) => names.includes(name)).map(({ name, slot }) => [name, slot]));
}

function stored(): Slots {
  try {
    const read: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    if (!Array.isArray(read)) return [];
    return read.filter((entry) => typeof entry?.name === "string" && entry.slot >= 0 && entry.slot < SLOTS);
  } catch {
    return [];
  }
}

function store(slots: Slots): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(slots));
  } catch {
    // Without storage the colours last as long as the page.
  }
}
