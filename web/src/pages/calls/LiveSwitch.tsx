/** The switch of the live tail, and what it has to say. */
import { ActionIcon, Button } from "@mantine/core";
import { IconArrowUp, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { counted } from "@/shared/format";
import { useKeys } from "@/shared/keys";
import classes from "./calls.module.css";
import type { Live } from "./useLive";

const WORDS = {
  off: "Live tail",
  connecting: "Live tail",
  live: "Live tail",
  lost: "Reconnecting",
  asleep: "Asleep",
} as const;

export function LiveSwitch({ live, onTop }: { live: Live; onTop: () => void }) {
  const { state, possible, paused, tail, toggle, pause, release } = live;
  const on = state !== "off";
  useKeys("Live", on ? [{ keys: " ", label: "Pause, or go on", run: pause }] : []);
  const waiting = tail.waiting.length > 0 ? counted(tail.waiting.length, "new calls") : "";
  const show = () => {
    release();
    onTop();
  };
  return (
    <>
      <Button
        size="compact-sm"
        variant={on ? "light" : "subtle"}
        color={on ? undefined : "gray"}
        fw={400}
        aria-pressed={on}
        disabled={!possible}
        className={classes.live}
        data-state={paused ? "paused" : state}
        data-tip={tipOf(live)}
        leftSection={<i aria-hidden />}
        onClick={({ currentTarget }) => {
          toggle();
          if (on) return;
          // Space pauses from here on; on this button it would be the button's own. There is no table while it loads.
          currentTarget.blur();
          document.querySelector<HTMLElement>('[role="table"]')?.focus({ preventScroll: true });
        }}
      >
        {WORDS[state]}
      </Button>
      {on && (
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={paused ? "Go on" : "Pause"}
          data-tip={paused ? "Go on (space)" : "Pause (space)"}
          onClick={pause}
        >
          {paused ? <IconPlayerPlay size={16} /> : <IconPlayerPause size={16} />}
        </ActionIcon>
      )}
      <span role="status" className="hidden">
        {state === "lost" ? "The live tail was interrupted" : waiting}
      </span>
      {waiting && (
        <Button size="compact-sm" variant="light" leftSection={<IconArrowUp size={14} aria-hidden />} onClick={show}>
          {waiting}
        </Button>
      )}
      {tail.leftOut > 0 && (
        <span className={classes.leftOut} data-tip="More came than can be shown. The list has all of them.">
          {counted(tail.leftOut, "calls")} left out
        </span>
      )}
    </>
  );
}

function tipOf({ state, possible, paused }: Live): string {
  if (!possible) return "Only for a range up to now, newest first";
  if (paused) return "Paused: new calls wait";
  return {
    off: "Show new calls as they come",
    connecting: "Connecting…",
    live: "New calls are shown as they come. Click to stop.",
    lost: "The server does not answer. It is tried again by itself.",
    asleep: "The page was not looked at for a while. It goes on when it is.",
  }[state];
}
