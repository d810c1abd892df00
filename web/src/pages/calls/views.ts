/** Saved views as the page has them: the address that one leads to, and the one that is shown now. */
import type { FiltersOut, ViewOut } from "@/api/schema";
import { type View, without } from "@/shared/search";
import { listView } from "./list";

/** The address of a view: its filters, without those that it leaves open. */
export function viewOf(filters: FiltersOut): View {
  return without(Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== null)) as View);
}

/** The saved view whose filters are just those of the page, if there is one. */
export function shownView(views: readonly ViewOut[], view: View): ViewOut | undefined {
  const now = written(listView(view));
  return views.find(({ filters }) => written(listView(viewOf(filters))) === now);
}

function written(view: View): string {
  return JSON.stringify(Object.entries(view).sort(([a], [b]) => a.localeCompare(b)));
}
