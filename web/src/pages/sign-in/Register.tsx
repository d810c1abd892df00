import { useMutation } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { api, data } from "@/api/client";
import { CredentialsForm } from "./CredentialsForm";
import { Door } from "./Door";
import classes from "./door.module.css";
import { type Credentials, useSignIn } from "./enter";

export function Register() {
  const { next } = useSearch({ strict: false });
  const signIn = useSignIn();
  const register = useMutation({
    mutationFn: (body: Credentials) => data(api.POST("/auth/register", { body })),
    onSuccess: (_, credentials) => signIn.mutate(credentials),
  });
  return (
    <Door title="Register" lead="You become a viewer: you see metrics, and an admin can let you read calls.">
      <CredentialsForm
        action="Register"
        fresh
        pending={register.isPending || signIn.isPending}
        error={register.error ?? signIn.error}
        onSubmit={register.mutate}
      />
      <p className={classes.below}>
        Have a login?{" "}
        <Link to="/sign-in" search={{ next }}>
          Sign in
        </Link>
      </p>
    </Door>
  );
}
