/** In place of a call that is not there, or that one may not see. */
import { Button } from "@mantine/core";
import { IconLock, IconMoodEmpty } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { asApiError } from "@/api/error";
import { ErrorNote } from "@/shared/states";
import { remembered } from "@/shared/view";
import classes from "./call.module.css";

interface CallMissingProps {
  id: number | null;
  error: unknown;
  retry?: () => void;
}

export function CallMissing({ id, error, retry }: CallMissingProps) {
  const { status, detail } = asApiError(error);
  if (status === 404 || status === 422 || id === null) {
    return (
      <div className={classes.missing}>
        <IconMoodEmpty aria-hidden />
        <h2>{id === null ? "There is no such call" : `There is no call ${id}`}</h2>
        <p>Its number may be mistyped, or it may have been deleted when its time was up.</p>
        <ToCalls />
      </div>
    );
  }
  if (status === 403) {
    return (
      <div className={classes.missing}>
        <IconLock aria-hidden />
        <h2>You may not see this call</h2>
        <p>{detail} An admin can give it to you, under Users.</p>
        <ToCalls />
      </div>
    );
  }
  return <ErrorNote error={error} what="The call" retry={retry} />;
}

function ToCalls() {
  return (
    <Button variant="default" size="xs" renderRoot={(props) => <Link {...props} to="/calls" search={remembered()} />}>
      Go to the calls
    </Button>
  );
}
