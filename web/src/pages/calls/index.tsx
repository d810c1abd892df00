import { useElementSize } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useElementScrollRestoration, useNavigate } from "@tanstack/react-router";
import { type CSSProperties, useCallback, useMemo, useRef } from "react";
import { useKeys } from "@/shared/keys";
import { Page } from "@/shared/layout";
import type { View } from "@/shared/search";
import { ErrorNote, Skeleton } from "@/shared/states";
import { VirtualTable } from "@/shared/VirtualTable";
import { useView } from "@/shared/view";
import { CallPanel } from "./CallPanel";
import classes from "./calls.module.css";
import { Foot } from "./Foot";
import { barScale, type CallPage, type CallQuery, type CallRow, callList, listView, rowsOf } from "./list";
import { withTail } from "./live";
import { Cells, Head } from "./Row";
import { Tools } from "./Tools";
import { useColumns } from "./useColumns";
import { useLive } from "./useLive";
import { usePlace } from "./usePlace";
import { soughtIn } from "./words";

const NO_PAGES: CallPage[] = [];
/** Rows before the end at which the next page is asked for: far enough for who scrolls fast. */
const NEAR = 250;

export function Calls() {
  const { view, change } = useView();
  const close = useCallback(() => change({ call: undefined }), [change]);
  useKeys("A call", view.call === undefined ? [] : [{ keys: "Escape", label: "Close the call", run: close }]);
  return (
    <>
      <Page title="Calls" quietTitle>
        {null}
      </Page>
      <div className={classes.calls} data-panel={view.call !== undefined || undefined}>
        <List view={view} />
        {view.call !== undefined && <CallPanel id={view.call} onClose={close} />}
      </div>
    </>
  );
}

function List({ view }: { view: View }) {
  const query = useInfiniteQuery(callList(view));
  const { data, error, isPlaceholderData } = query;
  const { ref, width } = useElementSize();
  const columns = useColumns(width);
  const pages = data?.pages ?? NO_PAGES;
  const loaded = useMemo(() => rowsOf(pages), [pages]);
  const id = useRef("");
  const live = useLive(view, data === undefined || isPlaceholderData ? undefined : loaded, () =>
    isScrolled(id.current),
  );
  const rows = useMemo(() => withTail(live.tail, loaded), [live.tail, loaded]);
  const sought = useMemo(() => soughtIn(view.text), [view.text]);
  const scale = useMemo(() => barScale(pages), [pages]);
  const place = usePlace(useShown(view, isPlaceholderData), rows, view.call, query.dataUpdatedAt);
  id.current = place.id;
  const { go, enter } = useOpen(place.choose);
  const onEnd = useMore(query, pages);
  const left = useElementScrollRestoration({ id: place.id });
  return (
    <section className={classes.list} aria-label="List of calls" aria-busy={isPlaceholderData}>
      <Tools view={view} rows={rows} query={query} columns={columns} live={live} onTop={place.toTop} />
      <div
        ref={ref}
        className={isPlaceholderData ? `${classes.table} ${classes.old}` : classes.table}
        style={{ "--columns": columns.template } as CSSProperties}
      >
        {data === undefined && error && <ErrorNote error={error} what="The calls" retry={() => void query.refetch()} />}
        {data === undefined && !error && <Skeletons />}
        {data !== undefined && width > 0 && (
          <VirtualTable
            key={place.id}
            label="Calls"
            rows={rows}
            rowKey={idOf}
            height="100%"
            header={rows.length > 0 && <Head columns={columns.shown} narrow={columns.narrow} view={view} />}
            footer={<Foot query={query} rows={rows.length} />}
            at={place.at}
            onMove={(index) => go(rows[index])}
            onOpen={(row, _index, byKey) => enter(row, byKey)}
            onEnd={onEnd}
            near={Math.min(NEAR, rows.length / 2)}
            rowClass={classes.row}
            scrollId={place.id}
            initialOffset={left?.scrollY}
          >
            {(row) => <Cells row={row} columns={columns.shown} scale={scale} narrow={columns.narrow} sought={sought} />}
          </VirtualTable>
        )}
      </div>
    </section>
  );
}

/** Whether the list with this name for its scrolling is scrolled down: then nothing may be put above what is read. */
function isScrolled(id: string): boolean {
  const box = document.querySelector(`[data-scroll-restoration-id="${id}"]`);
  return box !== null && box.scrollTop > 0;
}

const idOf = (row: CallRow) => row.id;

/** The view whose rows are shown: that of the address, or the one before for as long as the new rows are not there. */
function useShown(view: View, isPlaceholderData: boolean): View {
  const last = useRef(view);
  if (!isPlaceholderData) last.current = view;
  return listView(last.current);
}

/** Asks for the next page; not beyond where the time for looking ran out, which is for the user to decide. */
function useMore(query: CallQuery, pages: readonly CallPage[]): () => void {
  const { hasNextPage, isFetching, isPlaceholderData, error, fetchNextPage } = query;
  const may = hasNextPage && !isFetching && !isPlaceholderData && !error && !pages.at(-1)?.scanned_to;
  return useCallback(() => {
    if (may) void fetchNextPage();
  }, [may, fetchNextPage]);
}

/** What is opened stands in a panel at first, and ⏎ once more opens it whole. Where the panel is open, it follows the keys. */
function useOpen(choose: (id: number) => void) {
  const { view, change } = useView();
  const navigate = useNavigate();
  const go = (row: CallRow | undefined) => {
    if (!row) return;
    choose(row.id);
    if (view.call !== undefined && view.call !== row.id) change({ call: row.id }, { replace: true });
  };
  const enter = (row: CallRow, byKey: boolean) => {
    if (view.call === undefined) change({ call: row.id });
    else if (byKey) void navigate({ to: "/calls/$id", params: { id: String(row.id) } });
  };
  return { go, enter };
}

function Skeletons() {
  return (
    <div className={classes.skeletons} aria-busy="true">
      <span className="hidden">Loading</span>
      {Array.from({ length: 12 }, (_, index) => (
        <Skeleton key={index} height={28} />
      ))}
    </div>
  );
}
