import { ActionIcon } from "@mantine/core";
import { IconLayoutSidebarLeftCollapse, IconLayoutSidebarLeftExpand } from "@tabler/icons-react";
import { Link, useMatches } from "@tanstack/react-router";
import { useRights } from "@/shared/rights";
import { remembered, shared, useView } from "@/shared/view";
import classes from "./frame.module.css";
import { GROUPS } from "./pages";

interface RailProps {
  collapsed?: boolean;
  onCollapse?: () => void;
  /** In the drawer: it closes when one goes. */
  onGo?: () => void;
}

export function Rail({ collapsed = false, onCollapse, onGo }: RailProps) {
  const { may } = useRights();
  const kept = useKeptView();
  const seen = GROUPS.map((group) => group.filter((page) => may(page.right))).filter((group) => group.length > 0);
  return (
    <nav className={classes.rail} aria-label="Pages" data-drawer={onGo ? true : undefined}>
      {!onGo && (
        <div className={classes.brand}>
          <img src="/ui/favicon.svg" alt="" width={22} height={22} />
          {!collapsed && <span>Callscope</span>}
        </div>
      )}
      {seen.map((group) => (
        <ul key={group[0]?.to}>
          {group.map(({ to, label, icon: Icon, data }) => (
            <li key={to}>
              <Link
                to={to}
                search={data ? kept : {}}
                activeOptions={{ includeSearch: false }}
                onClick={onGo}
                aria-label={collapsed ? label : undefined}
                data-tip={collapsed ? label : undefined}
              >
                <Icon size={18} stroke={1.6} aria-hidden />
                {!collapsed && <span>{label}</span>}
              </Link>
            </li>
          ))}
        </ul>
      ))}
      {onCollapse && (
        <ActionIcon
          className={classes.collapse}
          variant="subtle"
          color="gray"
          onClick={onCollapse}
          aria-label={collapsed ? "Widen the rail" : "Narrow the rail"}
          aria-expanded={!collapsed}
        >
          {collapsed ? <IconLayoutSidebarLeftExpand size={18} /> : <IconLayoutSidebarLeftCollapse size={18} />}
        </ActionIcon>
      )}
    </nav>
  );
}

/** The view that goes along to a page about data: this page's, or that of the last one that had one. */
export function useKeptView() {
  const { view } = useView();
  const here = useMatches().at(-1)?.staticData.data;
  return here ? shared(view) : remembered();
}
