/** A part of a page that is folded away until it is wanted: a heading that opens it. */
import { Collapse, UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import classes from "./shared.module.css";

interface DisclosureProps {
  title: string;
  /** Open from the start. */
  open?: boolean;
  children: ReactNode;
}

export function Disclosure({ title, open = false, children }: DisclosureProps) {
  const [opened, setOpened] = useState(open);
  return (
    <section className={classes.section}>
      <h2>
        <UnstyledButton className={classes.disclosure} aria-expanded={opened} onClick={() => setOpened(!opened)}>
          <IconChevronRight size={14} aria-hidden /> {title}
        </UnstyledButton>
      </h2>
      <Collapse expanded={opened}>{opened && <div className={classes.disclosed}>{children}</div>}</Collapse>
    </section>
  );
}
