/** What of a user's rights is in the form, and what of it has changed. */
import type { Role, UserChange, UserOut } from "@/api/schema";

export interface Rights {
  role: Role;
  /** Limited to `projects`; otherwise he sees all, also those to come. */
  limited: boolean;
  projects: string[];
  can_read_calls: boolean;
}

export const NEW_USER: Rights = { role: "VIEWER", limited: false, projects: [], can_read_calls: false };

export function rightsOf(user: UserOut): Rights {
  const { role, projects, can_read_calls } = user;
  return { role, limited: projects !== null, projects: projects ?? [], can_read_calls };
}

/** What is left out stays. */
export type Changes = Partial<UserChange>;

/** As the API takes them: null for all projects. An admin is never limited, so nothing is said of it. */
export function sentRights({ role, limited, projects, can_read_calls }: Rights): Changes {
  return role === "ADMIN" ? { role } : { role, projects: limited ? projects : null, can_read_calls };
}

/** What differs from how the user is; empty if nothing does. */
export function changesOf(user: UserOut, form: Rights): Changes {
  const wanted = sentRights(form);
  const before = sentRights(rightsOf(user));
  const same = (key: keyof UserChange) => JSON.stringify(sorted(wanted[key])) === JSON.stringify(sorted(before[key]));
  return Object.fromEntries(Object.entries(wanted).filter(([key]) => !same(key as keyof UserChange)));
}

function sorted(value: unknown): unknown {
  return Array.isArray(value) ? [...value].sort() : value;
}
