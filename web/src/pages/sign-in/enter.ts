/** Logging in, and what may be done without a login. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { api, data } from "@/api/client";
import { me } from "@/api/queries";

export interface Credentials {
  email: string;
  password: string;
}

/** What the page may offer before anybody has logged in. */
export function options() {
  return queryOptions({
    queryKey: ["auth-options"],
    queryFn: ({ signal }) => data(api.GET("/auth/options", { signal })),
    staleTime: 60_000,
  });
}

/** Logs in with the session cookie, and goes where one wanted to go. */
export function useSignIn() {
  const queryClient = useQueryClient();
  const router = useRouter();
  const navigate = useNavigate();
  const { next } = useSearch({ strict: false });
  return useMutation({
    mutationFn: (body: Credentials) => data(api.POST("/auth/login", { body: { ...body, cookie: true } })),
    onSuccess: async () => {
      queryClient.clear();
      await queryClient.ensureQueryData(me());
      // Only a path of our own: an address could be made to lead elsewhere.
      if (next?.startsWith("/") && !next.startsWith("//")) router.history.replace(`/ui${next}`);
      else await navigate({ to: "/overview", replace: true });
    },
  });
}
