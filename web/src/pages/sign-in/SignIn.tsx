import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import shared from "@/shared/shared.module.css";
import { CredentialsForm } from "./CredentialsForm";
import { Door } from "./Door";
import classes from "./door.module.css";
import { type Credentials, options, useSignIn } from "./enter";

/** Everybody knows them; the server says where they work. */
const DEMO: { label: string; credentials: Credentials }[] = [
  { label: "Demo admin", credentials: { email: "admin@example.com", password: "admin123" } },
  { label: "Demo viewer", credentials: { email: "viewer@example.com", password: "viewer123" } },
];

export function SignIn() {
  const { next } = useSearch({ strict: false });
  const signIn = useSignIn();
  const may = useQuery(options()).data;
  return (
    <Door title="Sign in">
      <CredentialsForm action="Sign in" pending={signIn.isPending} error={signIn.error} onSubmit={signIn.mutate} />
      {may?.registration && (
        <p className={classes.below}>
          No login yet?{" "}
          <Link to="/register" search={{ next }}>
            Register
          </Link>
        </p>
      )}
      {may?.demo_logins && (
        <div className={classes.demo}>
          <p>To look around on this machine, with the demo logins:</p>
          <div className={shared.row}>
            {DEMO.map(({ label, credentials }) => (
              <Button
                key={label}
                size="xs"
                variant="default"
                disabled={signIn.isPending}
                onClick={() => signIn.mutate(credentials)}
              >
                {label}
              </Button>
            ))}
          </div>
        </div>
      )}
    </Door>
  );
}
