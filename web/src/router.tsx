/** Addresses and their pages. Each page is a chunk of its own, and says what right it needs. */
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { ApiError } from "./api/error";
import { me } from "./api/queries";
import { Frame } from "./frame/Frame";
import type { Right } from "./shared/rights";
import { parseSearch, readView, stringifySearch } from "./shared/search";
import { NotFound, PageFailed } from "./shared/whole";

declare module "@tanstack/react-router" {
  interface StaticDataRouteOption {
    /** What one must be allowed to see the page; the frame shows who can grant it instead. */
    right?: Right;
    /** The page is about data: it has project, environment, range and filters. */
    data?: boolean;
  }
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  validateSearch: readView,
  notFoundComponent: NotFound,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  component: lazyRouteComponent(() => import("./pages/sign-in"), "SignIn"),
});
const register = createRoute({
  getParentRoute: () => root,
  path: "/register",
  component: lazyRouteComponent(() => import("./pages/sign-in"), "Register"),
});
const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("./pages/sign-in"), "Setup"),
});

const frame = createRoute({
  getParentRoute: () => root,
  id: "frame",
  component: Frame,
  errorComponent: PageFailed,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.queryClient.ensureQueryData(me());
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) throw error;
      const next = location.pathname + location.searchStr;
      throw redirect({ to: "/sign-in", search: next === "/" || next === "/overview" ? {} : { next } });
    }
  },
});

const home = createRoute({
  getParentRoute: () => frame,
  path: "/",
  beforeLoad: ({ search }) => {
    throw redirect({ to: "/overview", search, replace: true });
  },
});
const overview = createRoute({
  getParentRoute: () => frame,
  path: "/overview",
  staticData: { data: true },
  component: lazyRouteComponent(() => import("./pages/overview"), "Overview"),
});
const calls = createRoute({
  getParentRoute: () => frame,
  path: "/calls",
  staticData: { right: "calls", data: true },
  component: lazyRouteComponent(() => import("./pages/calls"), "Calls"),
});
const cost = createRoute({
  getParentRoute: () => frame,
  path: "/cost",
  staticData: { data: true },
  component: lazyRouteComponent(() => import("./pages/cost"), "Cost"),
});
const call = createRoute({
  getParentRoute: () => frame,
  path: "/calls/$id",
  staticData: { right: "calls" },
  component: lazyRouteComponent(() => import("./pages/call"), "Call"),
});
const connect = createRoute({
  getParentRoute: () => frame,
  path: "/connect",
  component: lazyRouteComponent(() => import("./pages/connect"), "Connect"),
});
const models = createRoute({
  getParentRoute: () => frame,
  path: "/models",
  component: lazyRouteComponent(() => import("./pages/models"), "Models"),
});
const account = createRoute({
  getParentRoute: () => frame,
  path: "/account",
  component: lazyRouteComponent(() => import("./pages/account"), "Account"),
});
const settings = createRoute({
  getParentRoute: () => frame,
  path: "/settings",
  staticData: { right: "admin" },
  component: lazyRouteComponent(() => import("./pages/settings"), "Settings"),
});
const users = createRoute({
  getParentRoute: () => frame,
  path: "/users",
  staticData: { right: "admin" },
  component: lazyRouteComponent(() => import("./pages/users"), "Users"),
});
const projects = createRoute({
  getParentRoute: () => frame,
  path: "/projects",
  staticData: { right: "admin" },
  component: lazyRouteComponent(() => import("./pages/projects"), "Projects"),
});
const apiKeys = createRoute({
  getParentRoute: () => frame,
  path: "/api-keys",
  staticData: { right: "admin" },
  component: lazyRouteComponent(() => import("./pages/api-keys"), "ApiKeys"),
});
const auditLog = createRoute({
  getParentRoute: () => frame,
  path: "/audit-log",
  staticData: { right: "admin" },
  component: lazyRouteComponent(() => import("./pages/audit-log"), "AuditLog"),
});
const health = createRoute({
  getParentRoute: () => frame,
  path: "/health",
  staticData: { right: "admin" },
  component: lazyRouteComponent(() => import("./pages/health"), "Health"),
});

const tree = root.addChildren([
  signIn,
  register,
  setup,
  frame.addChildren([
    home,
    overview,
    calls,
    call,
    cost,
    connect,
    models,
    account,
    settings,
    users,
    projects,
    apiKeys,
    auditLog,
    health,
  ]),
]);

export function createAppRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree: tree,
    basepath: "/ui",
    context: { queryClient },
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    scrollRestoration: true,
    defaultErrorComponent: PageFailed,
    defaultNotFoundComponent: NotFound,
    defaultPendingMs: 150,
  });
}
