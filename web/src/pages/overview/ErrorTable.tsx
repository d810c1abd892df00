import type { ErrorKindRow, ErrorRate } from "@/api/schema";
import { type Column, DataTable } from "@/shared/DataTable";
import { Count, Share } from "@/shared/figures";
import { countExact } from "@/shared/format";
import { ERROR_KINDS } from "@/shared/search";
import { CallsLink } from "@/shared/view";
import { kindName } from "./answers";
import classes from "./overview.module.css";

/** What went wrong, by kind. */
export function ErrorTable({ found }: { found: ErrorRate }) {
  if (found.errors === 0)
    return (
      <p
        className={classes.none}
      >{`No errors among ${countExact(found.calls)} call${found.calls === 1 ? "" : "s"}.`}</p>
    );
  return (
    <DataTable
      label="Kinds of error"
      columns={columnsOf(found.errors)}
      rows={found.by_kind}
      rowKey={(row) => row.kind}
    />
  );
}

function columnsOf(errors: number): Column<ErrorKindRow>[] {
  return [
    {
      key: "kind",
      title: "Kind",
      value: (row) => row.kind,
      cell: (row) => (
        <CallsLink where={{ error_kind: ERROR_KINDS.filter((kind) => kind === row.kind) }}>
          {kindName(row.kind)}
        </CallsLink>
      ),
    },
    {
      key: "errors",
      title: "Errors",
      right: true,
      bar: true,
      width: "30%",
      value: (row) => row.errors,
      cell: (row) => <Count value={row.errors} of="errors" />,
    },
    {
      key: "share",
      title: "Of all errors",
      right: true,
      width: "30%",
      value: (row) => row.share,
      cell: (row) => <Share part={row.errors} whole={errors} of="errors" />,
    },
  ];
}
