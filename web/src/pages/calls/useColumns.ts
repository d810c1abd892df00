/** Which columns are shown: those that were chosen, as far as there is room. */
import { useLocalStorage } from "@mantine/hooks";
import { useMemo } from "react";
import { COLUMNS, type Column, DEFAULT_KEYS, fitting, NARROW, template } from "./columns";

export interface Columns {
  shown: Column[];
  template: string;
  narrow: boolean;
  chosen: readonly string[];
  choose: (keys: readonly string[]) => void;
}

const PADDING = 16;

export function useColumns(width: number): Columns {
  const [chosen, choose] = useLocalStorage<readonly string[]>({
    key: "callscope.calls.columns",
    defaultValue: DEFAULT_KEYS,
    getInitialValueInEffect: false,
    deserialize: readKeys,
  });
  return useMemo(() => {
    const shown = fitting(chosen, width - PADDING);
    const narrow = width < NARROW;
    return { shown, template: template(shown, narrow), narrow, chosen, choose };
  }, [chosen, width, choose]);
}

/** What is stored may be of another version, or written by hand. */
function readKeys(stored: string | undefined): readonly string[] {
  try {
    const keys: unknown = JSON.parse(stored ?? "null");
    if (!Array.isArray(keys)) return DEFAULT_KEYS;
    return COLUMNS.map(({ key }) => key).filter((key) => keys.includes(key));
  } catch {
    return DEFAULT_KEYS;
  }
}
