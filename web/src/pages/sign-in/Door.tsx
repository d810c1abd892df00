import type { ReactNode } from "react";
import { useEffect } from "react";
import classes from "./door.module.css";

/** The one card in the middle that all these pages are. */
export function Door({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Callscope`;
  }, [title]);
  return (
    <main className={classes.door}>
      <div className={classes.card}>
        <div className={classes.brand}>
          <img src="/ui/favicon.svg" alt="" width={28} height={28} /> Callscope
        </div>
        <h1>{title}</h1>
        {lead && <p className={classes.lead}>{lead}</p>}
        {children}
      </div>
    </main>
  );
}
