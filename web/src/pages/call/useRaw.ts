import { useLocalStorage } from "@mantine/hooks";

/** Whether texts are shown as they are, without formatting: for all calls, until one changes it. */
export function useRaw() {
  const [raw, setRaw] = useLocalStorage({ key: "callscope.raw", defaultValue: false, getInitialValueInEffect: false });
  return { raw, setRaw };
}
