import { useMutation } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { api, data } from "@/api/client";
import { CredentialsForm } from "./CredentialsForm";
import { Door } from "./Door";
import { type Credentials, useSignIn } from "./enter";

/** The other end of the one-time link that a server prints which no admin can log in to. */
export function Setup() {
  const { token } = useSearch({ strict: false });
  const signIn = useSignIn();
  const setUp = useMutation({
    mutationFn: (credentials: Credentials) =>
      data(api.POST("/auth/setup", { body: { ...credentials, token: token ?? "" } })),
    onSuccess: (_, credentials) => signIn.mutate(credentials),
  });
  if (!token) {
    return (
      <Door title="The link is not whole">
        <p>
          Open the address that the server printed when it started; it ends in a long token. If there is an admin
          already, <Link to="/sign-in">sign in</Link>.
        </p>
      </Door>
    );
  }
  return (
    <Door title="Make the first admin" lead="This link works once. Others are added later, under Users.">
      <CredentialsForm
        action="Create admin"
        fresh
        pending={setUp.isPending || signIn.isPending}
        error={setUp.error ?? signIn.error}
        onSubmit={setUp.mutate}
      />
    </Door>
  );
}
