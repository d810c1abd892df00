import { Badge, Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { users } from "@/api/queries";
import type { UserOut } from "@/api/schema";
import { type Column, DataTable } from "@/shared/DataTable";
import { Name, Quiet, Time } from "@/shared/figures";
import { NothingFound, Panel, SearchBox, useLast } from "@/shared/form";
import { Page } from "@/shared/layout";
import { useMe } from "@/shared/rights";
import { Loaded, Skeleton } from "@/shared/states";
import { useView } from "@/shared/view";
import { EditUser } from "./EditUser";
import { NewUser } from "./NewUser";
import classes from "./users.module.css";

const NEW = "new";

export function Users() {
  const { view, change } = useView();
  const all = useQuery(users());
  const chosen = useLast(all.data?.find(({ id }) => String(id) === view.tab));
  const close = () => change({ tab: undefined });
  return (
    <Page
      title="Users"
      lead="Who can log in here, and what each may see."
      actions={
        <>
          <SearchBox label="Search users" />
          <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => change({ tab: NEW })}>
            Add user
          </Button>
        </>
      }
    >
      <Loaded query={all} what="The users" skeleton={<Skeleton height={180} />}>
        {(found) => <UserTable users={found} q={view.q} />}
      </Loaded>
      <Panel title="Add user" opened={view.tab === NEW} onClose={close}>
        <NewUser onDone={close} />
      </Panel>
      <Panel
        title={chosen && <span dir="auto">{chosen.email}</span>}
        opened={chosen !== undefined && String(chosen.id) === view.tab}
        onClose={close}
      >
        {chosen && <EditUser user={chosen} onDone={close} />}
      </Panel>
    </Page>
  );
}

function UserTable({ users, q = "" }: { users: UserOut[]; q?: string }) {
  const fitting = users.filter(({ email }) => email.includes(q.toLowerCase()));
  if (fitting.length === 0) {
    return <NothingFound title={`No user's email has “${q}” in it.`} />;
  }
  return <DataTable label="Users" columns={COLUMNS} rows={fitting} rowKey={({ id }) => id} first={100} />;
}

const COLUMNS: Column<UserOut>[] = [
  { key: "email", title: "Email", value: ({ email }) => email, cell: (user) => <Email user={user} /> },
  {
    key: "role",
    title: "Role",
    value: ({ role }) => role,
    cell: ({ role }) => (role === "ADMIN" ? "Admin" : "Viewer"),
  },
  { key: "projects", title: "Projects", wide: true, cell: (user) => <Projects names={user.projects} /> },
  {
    key: "can_read_calls",
    title: "Reads calls",
    wide: true,
    value: (user) => Number(user.can_read_calls),
    cell: (user) => (user.can_read_calls ? "Yes" : <Quiet>No</Quiet>),
  },
  {
    key: "created_at",
    title: "Created",
    wide: true,
    value: (user) => user.created_at,
    cell: (user) => <Time at={user.created_at} form="ago" />,
  },
];

function Email({ user }: { user: UserOut }) {
  const isMe = useMe()?.id === user.id;
  return (
    <span className={classes.email}>
      <Link to="." search={(view) => ({ ...view, tab: String(user.id) })} resetScroll={false}>
        <Name>{user.email}</Name>
      </Link>
      {isMe && (
        <Badge variant="default" size="sm">
          You
        </Badge>
      )}
      {!user.is_active && (
        <Badge variant="default" size="sm">
          Deactivated
        </Badge>
      )}
    </span>
  );
}

function Projects({ names }: { names: string[] | null }) {
  if (names === null) return "All";
  if (names.length === 0) return <Quiet>None</Quiet>;
  const text = names.join(", ");
  return (
    <span className={classes.projects}>
      <Name>{text}</Name>
    </span>
  );
}
