/** Whole pages that stand in for another: an address that leads nowhere, a page that failed. */
import { Button } from "@mantine/core";
import { IconMapOff } from "@tabler/icons-react";
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { asApiError } from "@/api/error";
import classes from "./shared.module.css";
import { ErrorNote } from "./states";

export function NotFound() {
  return (
    <main className={classes.empty} style={{ minHeight: "60vh" }}>
      <IconMapOff aria-hidden />
      <h1>There is no such page</h1>
      <p>The address may be cut short, or the page may have moved.</p>
      <Button component={Link} to="/overview" variant="default" size="xs">
        Go to the overview
      </Button>
    </main>
  );
}

export function PageFailed({ error }: ErrorComponentProps) {
  const router = useRouter();
  // A chunk that is gone: the server has a newer build than this page.
  const outdated = asApiError(error).status === -1 && /import|chunk|module/i.test(String(error));
  return (
    <div className={classes.failed}>
      <ErrorNote
        error={error}
        what="The page"
        retry={() => (outdated ? location.reload() : void router.invalidate())}
      />
    </div>
  );
}
