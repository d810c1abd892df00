import { IconCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./connect.module.css";

interface StepProps {
  number: number;
  title: string;
  done: boolean;
  children: ReactNode;
}

/** One of the three steps, with its number, or a tick once it is done. */
export function Step({ number, title, done, children }: StepProps) {
  return (
    <li className={classes.step} data-done={done || undefined}>
      <span className={classes.mark} aria-hidden>
        {done ? <IconCheck size={16} stroke={2.5} /> : number}
      </span>
      <h2>
        {title}
        {done && <span className="hidden"> (done)</span>}
      </h2>
      <div className={classes.body}>{children}</div>
    </li>
  );
}
