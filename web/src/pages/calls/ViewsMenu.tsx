/** Saved views: go to one, save what is shown, rename, share, delete. */
import { Button, Popover, UnstyledButton } from "@mantine/core";
import { IconBookmark, IconCheck, IconPencil, IconPlus, IconUsers } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { asApiError } from "@/api/error";
import { savedViews } from "@/api/queries";
import type { ViewOut } from "@/api/schema";
import type { View } from "@/shared/search";
import classes from "./calls.module.css";
import type { Columns } from "./useColumns";
import { ViewForm } from "./ViewForm";
import { shownView, viewOf } from "./views";

interface ViewsMenuProps {
  view: View;
  columns: Columns;
}

export function ViewsMenu({ view, columns }: ViewsMenuProps) {
  const [opened, setOpened] = useState(false);
  const [editing, setEditing] = useState<ViewOut | "new" | null>(null);
  const toggle = (next: boolean) => {
    setOpened(next);
    setEditing(null);
  };
  return (
    <Popover opened={opened} onChange={toggle} position="bottom-end" width={300} zIndex={250} trapFocus returnFocus>
      <Popover.Target>
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          fw={400}
          leftSection={<IconBookmark size={14} aria-hidden />}
          onClick={() => toggle(!opened)}
        >
          Views
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes.views} aria-label="Views">
        {editing === null ? (
          <ViewList view={view} columns={columns} onEdit={setEditing} onDone={() => toggle(false)} />
        ) : (
          <ViewForm
            saved={editing === "new" ? undefined : editing}
            view={view}
            columns={columns.chosen}
            onBack={() => setEditing(null)}
          />
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

interface ViewListProps extends ViewsMenuProps {
  onEdit: (saved: ViewOut | "new") => void;
  onDone: () => void;
}

function ViewList({ view, columns, onEdit, onDone }: ViewListProps) {
  const { data, error } = useQuery(savedViews());
  const shown = data && shownView(data, view);
  const parts = [
    { name: "Yours", views: data?.filter(({ mine }) => mine) ?? [] },
    { name: "Shared by others", views: data?.filter(({ mine }) => !mine) ?? [] },
  ].filter(({ views }) => views.length > 0);
  return (
    <>
      {!data && <p role={error ? "alert" : undefined}>{error ? asApiError(error).detail : "Loading…"}</p>}
      {data?.length === 0 && <p>Range, filters, order and columns under a name, to come back to.</p>}
      {parts.map(({ name, views }) => (
        <section key={name} aria-label={name}>
          <h3>{name}</h3>
          <ul>
            {views.map((saved) => (
              <li key={saved.id}>
                <Link
                  to="/calls"
                  search={viewOf(saved.filters)}
                  aria-current={saved === shown ? "page" : undefined}
                  title={saved.owner && !saved.mine ? `${saved.name}, by ${saved.owner}` : saved.name}
                  onClick={(event) => {
                    if (event.metaKey || event.ctrlKey) return;
                    if (saved.columns) columns.choose(saved.columns);
                    onDone();
                  }}
                >
                  <span dir="auto">{saved.name}</span>
                  {saved === shown && <IconCheck size={14} aria-hidden />}
                  {saved.mine && saved.shared && <IconUsers size={14} aria-label="shared" />}
                </Link>
                {saved.may_change && (
                  <UnstyledButton aria-label={`Edit ${saved.name}`} data-tip="Edit" onClick={() => onEdit(saved)}>
                    <IconPencil size={14} aria-hidden />
                  </UnstyledButton>
                )}
              </li>
            ))}
          </ul>
        </section>
      ))}
      <Button
        size="compact-sm"
        variant="light"
        fullWidth
        leftSection={<IconPlus size={14} aria-hidden />}
        onClick={() => onEdit("new")}
      >
        Save this view
      </Button>
    </>
  );
}
