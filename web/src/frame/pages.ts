/** The pages of the rail, with who sees them and the keys that lead there. */
import {
  IconBoxModel2,
  IconChartAreaLine,
  IconCoins,
  IconFolders,
  IconHeartbeat,
  IconHistory,
  IconKey,
  IconListDetails,
  IconPlugConnected,
  IconSettings,
  IconUsers,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { Right } from "@/shared/rights";

export interface PageEntry {
  to:
    | "/overview"
    | "/calls"
    | "/cost"
    | "/models"
    | "/connect"
    | "/settings"
    | "/users"
    | "/projects"
    | "/api-keys"
    | "/audit-log"
    | "/health";
  label: string;
  icon: ComponentType<{ size?: number; stroke?: number; "aria-hidden"?: boolean }>;
  right: Right;
  /** Has a view in its address, which goes along. */
  data?: boolean;
  keys?: string;
}

export const GROUPS: PageEntry[][] = [
  [
    { to: "/overview", label: "Overview", icon: IconChartAreaLine, right: "viewer", data: true, keys: "g o" },
    { to: "/calls", label: "Calls", icon: IconListDetails, right: "calls", data: true, keys: "g c" },
    { to: "/cost", label: "Cost", icon: IconCoins, right: "viewer", data: true, keys: "g d" },
  ],
  [
    { to: "/models", label: "Models", icon: IconBoxModel2, right: "viewer", keys: "g m" },
    { to: "/connect", label: "Connect", icon: IconPlugConnected, right: "viewer", keys: "g n" },
  ],
  [
    { to: "/settings", label: "Settings", icon: IconSettings, right: "admin", keys: "g s" },
    { to: "/users", label: "Users", icon: IconUsers, right: "admin", keys: "g u" },
    { to: "/projects", label: "Projects", icon: IconFolders, right: "admin", keys: "g p" },
    { to: "/api-keys", label: "API keys", icon: IconKey, right: "admin", keys: "g k" },
    { to: "/audit-log", label: "Audit log", icon: IconHistory, right: "admin", keys: "g a" },
    { to: "/health", label: "Server", icon: IconHeartbeat, right: "admin", keys: "g h" },
  ],
];
