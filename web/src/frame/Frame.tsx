/** What is around every page once somebody is logged in: rail, top bar, the bar of range and filters, notices. */
import { Drawer } from "@mantine/core";
import { useDisclosure, useLocalStorage, useMediaQuery } from "@mantine/hooks";
import { Outlet, useLocation, useMatches } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useRights } from "@/shared/rights";
import { NoRight } from "@/shared/states";
import { remember, useView } from "@/shared/view";
import classes from "./frame.module.css";
import { Help } from "./Help";
import { Notices } from "./Notices";
import { Palette } from "./Palette";
import { Rail } from "./Rail";
import { Shortcuts } from "./Shortcuts";
import { TopBar } from "./TopBar";
import { ViewBar } from "./ViewBar";

export function Frame() {
  const { right = "viewer", data = false } = useMatches().at(-1)?.staticData ?? {};
  const { may } = useRights();
  const allowed = may(right);
  const [collapsed, setCollapsed] = useLocalStorage({ key: "callscope.rail", defaultValue: false });
  const [drawer, { open, close }] = useDisclosure(false);
  const narrow = useMediaQuery("(max-width: 767px)", window.innerWidth < 768);
  useRemembered(data);
  const main = useFocusOnPage();
  return (
    <div className={classes.frame} data-collapsed={collapsed || undefined}>
      <a href="#page" className={classes.skip}>
        Skip to the page
      </a>
      {narrow ? (
        <Drawer opened={drawer} onClose={close} size={248} title="Callscope" padding="sm">
          <Rail onGo={close} />
        </Drawer>
      ) : (
        <Rail collapsed={collapsed} onCollapse={() => setCollapsed(!collapsed)} />
      )}
      <div className={classes.column}>
        <header className={classes.bars}>
          <TopBar onMenu={narrow ? open : undefined} />
          {data && allowed && <ViewBar narrow={narrow ?? false} />}
        </header>
        <Notices />
        <main id="page" ref={main} tabIndex={-1}>
          {allowed ? <Outlet /> : <NoRight right={right} />}
        </main>
      </div>
      <Shortcuts />
      <Palette />
      <Help />
    </div>
  );
}

/** Pages without a view in their address lead back to the one that was looked at last. */
function useRemembered(data: boolean) {
  const { view } = useView();
  useEffect(() => {
    if (data) remember(view);
  }, [data, view]);
}

/** A new page takes the focus, so that a keyboard and a screen reader start at it, and not at a link that is gone. */
function useFocusOnPage() {
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current !== pathname) main.current?.focus({ preventScroll: true });
    before.current = pathname;
  }, [pathname]);
  return main;
}
