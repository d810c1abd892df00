import { ActionIcon, UnstyledButton } from "@mantine/core";
import { IconMenu2, IconSearch } from "@tabler/icons-react";
import classes from "./frame.module.css";
import { LiveMark } from "./LiveMark";
import { MeMenu } from "./MeMenu";
import { openPalette } from "./open";
import { ScopePickers } from "./ScopePickers";
import { ThemeSwitch } from "./ThemeSwitch";

const MAC = /Mac|iP(hone|ad)/.test(navigator.platform);

/** `onMenu`: on a narrow screen, opens the drawer with the rail. */
export function TopBar({ onMenu }: { onMenu?: () => void }) {
  return (
    <div className={classes.top}>
      {onMenu && (
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Open the menu" onClick={onMenu}>
          <IconMenu2 size={20} />
        </ActionIcon>
      )}
      {onMenu ? <div className={classes.scope} /> : <ScopePickers />}
      <UnstyledButton className={classes.search} onClick={openPalette}>
        <IconSearch size={16} aria-hidden />
        <span>Search or jump</span>
        <kbd aria-hidden>{MAC ? "⌘" : "Ctrl "}K</kbd>
      </UnstyledButton>
      <div className={classes.end}>
        <LiveMark />
        <ThemeSwitch />
        <MeMenu />
      </div>
    </div>
  );
}
