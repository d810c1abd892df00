import { Kbd, Modal, Switch } from "@mantine/core";
import { useEffect, useState } from "react";
import { singleKeys, useKeyList } from "@/shared/keys";
import classes from "./frame.module.css";
import { opens } from "./open";

const WRITTEN: Record<string, string> = {
  "mod+k": "⌘K or Ctrl K",
  Enter: "⏎",
  Escape: "esc",
  ArrowUp: "↑",
  ArrowDown: "↓",
  " ": "space",
};

/** All shortcuts that there are just now. */
export function Help() {
  const [opened, setOpened] = useState(false);
  const [single, setSingle] = useState(singleKeys.on());
  const groups = useKeyList();
  useEffect(() => opens("help", () => setOpened(true)), []);
  return (
    <Modal opened={opened} onClose={() => setOpened(false)} title="Keyboard" size="lg">
      <div className={classes.keys}>
        {groups
          .filter(({ keys }) => keys.length > 0)
          .map(({ name, keys }) => (
            <section key={name}>
              <h2>{name}</h2>
              <dl>
                {keys.map((key) => (
                  <div key={key.keys}>
                    <dt>
                      {(WRITTEN[key.keys] ?? key.keys).split(key.keys.trim().includes(" ") ? " " : "\n").map((part) => (
                        <Kbd key={part} size="sm">
                          {part}
                        </Kbd>
                      ))}
                    </dt>
                    <dd>{key.label}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
      </div>
      <Switch
        mt="md"
        label="Single keys as shortcuts"
        description="Switch them off if they get in the way of speech input or other tools. ⌘K stays."
        checked={single}
        onChange={(event) => {
          singleKeys.set(event.currentTarget.checked);
          setSingle(event.currentTarget.checked);
        }}
      />
    </Modal>
  );
}
