/** Mantine's theme: our type, space and colours. The rest of the look is in `theme.css`, by the variables made here. */
import {
  type CSSVariablesResolver,
  createTheme,
  localStorageColorSchemeManager,
  type MantineColorsTuple,
} from "@mantine/core";
import { type Palette, palettes } from "./colors";

const blue: MantineColorsTuple = [
  "#eef4fd",
  "#d9e6fa",
  "#b3ccf4",
  "#8bb3f0",
  "#6ea8ff",
  "#4a8be6",
  "#1d5fc2",
  "#1a55ad",
  "#164893",
  "#123b79",
];
const red: MantineColorsTuple = [
  "#fdecec",
  "#fad3d3",
  "#f3a8a8",
  "#ff9c9c",
  "#ff7070",
  "#e04848",
  "#c42b2b",
  "#ab2424",
  "#911e1e",
  "#771818",
];
/** Mantine's own dark surfaces are warmer and lighter than ours. Text is [0], ground [7]. */
const dark: MantineColorsTuple = [
  "#e6e8ec",
  "#c3c9d3",
  "#9aa3b2",
  "#7d8696",
  "#3a414e",
  "#282d37",
  "#1e222b",
  "#15181e",
  "#0f1115",
  "#0a0c0f",
];

export const theme = createTheme({
  primaryColor: "blue",
  primaryShade: { light: 6, dark: 6 },
  colors: { blue, red, dark },
  black: palettes.light.ink,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", Ubuntu, Cantarell, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", "Roboto Mono", Menlo, Consolas, monospace',
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  spacing: { xs: "8px", sm: "12px", md: "16px", lg: "24px", xl: "32px" },
  radius: { xs: "4px", sm: "6px", md: "6px", lg: "8px", xl: "12px" },
  defaultRadius: "sm",
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "20px", lineHeight: "28px" },
      h2: { fontSize: "16px", lineHeight: "24px" },
      h3: { fontSize: "14px", lineHeight: "20px" },
    },
  },
  respectReducedMotion: true,
  cursorType: "pointer",
  components: {
    Button: { defaultProps: { size: "sm" } },
    Modal: { defaultProps: { transitionProps: { duration: 120 }, overlayProps: { backgroundOpacity: 0.4 } } },
    Popover: { defaultProps: { transitionProps: { duration: 100 }, shadow: "md" } },
    Menu: { defaultProps: { transitionProps: { duration: 100 }, shadow: "md" } },
    Tooltip: { defaultProps: { transitionProps: { duration: 100 }, openDelay: 300 } },
  },
});

export const colorSchemeManager = localStorageColorSchemeManager({ key: "callscope.colour-scheme" });

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: of(palettes.light),
  dark: of(palettes.dark),
});

function of(palette: Palette): Record<string, string> {
  return {
    "--cs-ground": palette.ground,
    "--cs-surface": palette.surface,
    "--cs-hover": palette.hover,
    "--cs-line": palette.line,
    "--cs-border": palette.border,
    "--cs-ink": palette.ink,
    "--cs-ink-2": palette.ink2,
    "--cs-accent": palette.accent,
    "--cs-chosen": palette.chosen,
    "--cs-good": palette.good,
    "--cs-bad": palette.bad,
    "--cs-warn": palette.warn,
    "--cs-other": palette.other,
    ...Object.fromEntries(palette.series.map((color, slot) => [`--cs-series-${slot + 1}`, color])),
    "--mantine-color-body": palette.ground,
    "--mantine-color-text": palette.ink,
    "--mantine-color-dimmed": palette.ink2,
    "--mantine-color-anchor": palette.accent,
    "--mantine-color-error": palette.bad,
    "--mantine-color-placeholder": palette.ink2,
    "--mantine-color-default": palette.ground,
    "--mantine-color-default-border": palette.border,
    "--mantine-color-default-hover": palette.hover,
    "--mantine-color-red-light": `color-mix(in srgb, ${palette.bad} 10%, ${palette.ground})`,
    "--mantine-color-blue-light-color": palette.accent,
    "--mantine-color-blue-outline": palette.accent,
    "--mantine-color-red-light-color": palette.bad,
    "--mantine-color-red-outline": palette.bad,
  };
}
