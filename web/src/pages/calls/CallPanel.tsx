/** A call at the right of the list, which stays. */
import { ActionIcon } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useRef } from "react";
import { call } from "@/api/queries";
import { CallHead } from "@/pages/call/CallHead";
import { CallMissing } from "@/pages/call/CallMissing";
import { Skeleton } from "@/shared/states";
import classes from "./calls.module.css";

const CallView = lazy(() => import("@/pages/call/CallView").then((module) => ({ default: module.CallView })));

export function CallPanel({ id, onClose }: { id: number; onClose: () => void }) {
  const { data, error, refetch } = useQuery(call(id));
  const body = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another call is read from its beginning
  useEffect(() => {
    body.current?.scrollTo({ top: 0 });
  }, [id]);
  const close = (
    <ActionIcon variant="subtle" color="gray" aria-label="Close the call" data-tip="Close (esc)" onClick={onClose}>
      <IconX size={16} />
    </ActionIcon>
  );
  return (
    <aside className={classes.panel} aria-label={`Call ${id}`}>
      <CallHead id={id} call={data} inPanel aside={close} />
      {/* A part that scrolls must be reached by keyboard */}
      <section ref={body} className={classes.panelBody} tabIndex={0} aria-label="What was said, and its facts">
        {data ? (
          <Suspense fallback={<Skeleton height={320} />}>
            <CallView key={id} call={data} />
          </Suspense>
        ) : error ? (
          <CallMissing id={id} error={error} retry={() => void refetch()} />
        ) : (
          <Skeleton height={320} />
        )}
      </section>
    </aside>
  );
}
