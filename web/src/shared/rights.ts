/** Who is logged in, and what he may do. Inside the frame somebody always is. */
import { useQuery } from "@tanstack/react-query";
import { me } from "@/api/queries";
import type { MeUser } from "@/api/schema";

export type Right = "viewer" | "calls" | "admin";

export function useMe(): MeUser | undefined {
  return useQuery(me()).data;
}

export interface Rights {
  isAdmin: boolean;
  /** May see calls and what people wrote. */
  readsCalls: boolean;
  /** Names of the projects that he is limited to; null: all. */
  projects: string[] | null;
  may: (right: Right) => boolean;
}

export function useRights(): Rights {
  const user = useMe();
  const isAdmin = user?.role === "ADMIN";
  const readsCalls = isAdmin || user?.can_read_calls === true;
  return {
    isAdmin,
    readsCalls,
    projects: user?.projects ?? null,
    may: (right) => (right === "admin" ? isAdmin : right === "calls" ? readsCalls : user !== undefined),
  };
}
