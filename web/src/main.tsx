import "./shared/theme.css";
import "@mantine/core/styles.layer.css";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { session } from "./api/client";
import { createQueryClient } from "./api/queries";
import { createAppRouter } from "./router";
import { ConfirmProvider } from "./shared/confirm";
import { colorSchemeManager, theme, variables } from "./shared/theme";
import { Tips } from "./shared/tips";

const queryClient = createQueryClient();
const router = createAppRouter(queryClient);

session.ended = () => {
  const { pathname, searchStr } = router.state.location;
  if (pathname === "/sign-in" || queryClient.getQueryData(["me"]) === undefined) return;
  queryClient.clear();
  void router.navigate({ to: "/sign-in", search: { next: pathname + searchStr } });
};

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={variables}
        colorSchemeManager={colorSchemeManager}
        defaultColorScheme="auto"
      >
        <QueryClientProvider client={queryClient}>
          <ConfirmProvider>
            <RouterProvider router={router} />
            <Tips />
          </ConfirmProvider>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
