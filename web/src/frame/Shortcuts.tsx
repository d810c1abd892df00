import { useNavigate } from "@tanstack/react-router";
import { useKeys } from "@/shared/keys";
import { useRights } from "@/shared/rights";
import { open } from "./open";
import { GROUPS } from "./pages";
import { useKeptView } from "./Rail";

/** The shortcuts that there are on every page. */
export function Shortcuts() {
  const navigate = useNavigate();
  const { may } = useRights();
  const kept = useKeptView();
  const pages = GROUPS.flat().filter((page) => page.keys && may(page.right));
  useKeys("Everywhere", [
    { keys: "mod+k", label: "Search or jump", anywhere: true, run: () => open("palette") },
    { keys: "?", label: "This list", run: () => open("help") },
    { keys: "r", label: "Choose the range", run: () => open("range") },
    { keys: "f", label: "Add a filter", run: () => open("filter") },
  ]);
  useKeys(
    "Go to",
    pages.map(({ to, label, keys = "", data }) => ({
      keys,
      label,
      run: () => void navigate({ to, search: data ? kept : {} }),
    })),
  );
  return null;
}
