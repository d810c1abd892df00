/**
 * Asks once before what can't be undone: `if (await confirm({title: "Delete key “shop”?", …})) …`. Nothing is chosen
 * beforehand: the focus is on the dialog, not on a button.
 */
import { Button, Group, Modal } from "@mantine/core";
import { createContext, type ReactNode, use, useCallback, useRef, useState } from "react";

interface Question {
  /** Names what it concerns: "Revoke the key “checkout”?" */
  title: string;
  /** What will happen. */
  children: ReactNode;
  /** What the button does: "Revoke key". */
  action: string;
  /** Red for what destroys; otherwise blue. */
  danger?: boolean;
}

const Asking = createContext<(question: Question) => Promise<boolean>>(async () => false);

export function useConfirm(): (question: Question) => Promise<boolean> {
  return use(Asking);
}

export function ConfirmProvider({ children }: { children: ReactNode }) {
  const [question, setQuestion] = useState<Question | null>(null);
  const [opened, setOpened] = useState(false);
  const answer = useRef<(yes: boolean) => void>(() => {});
  const ask = useCallback(
    (asked: Question) =>
      new Promise<boolean>((resolve) => {
        answer.current(false);
        answer.current = resolve;
        setQuestion(asked);
        setOpened(true);
      }),
    [],
  );
  const close = (yes: boolean) => {
    answer.current(yes);
    setOpened(false);
  };
  return (
    <Asking value={ask}>
      {children}
      <Modal
        opened={opened}
        onClose={() => close(false)}
        title={question?.title}
        centered
        // Above a panel that asks; the mark tells the panel that Escape is not for it.
        zIndex={300}
        data-asking
      >
        <div tabIndex={-1} data-autofocus style={{ outline: "none" }}>
          {question?.children}
        </div>
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={() => close(false)}>
            Cancel
          </Button>
          <Button color={question?.danger === false ? "blue" : "red"} onClick={() => close(true)}>
            {question?.action}
          </Button>
        </Group>
      </Modal>
    </Asking>
  );
}
