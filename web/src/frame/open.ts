/** Opens the dialogs of the frame from wherever one is: a button, a key, a page. */
type Dialog = "palette" | "help" | "range" | "filter";

const openers = new Map<Dialog, () => void>();

/** The dialog says how it is opened, for as long as it is there. */
export function opens(dialog: Dialog, opener: () => void): () => void {
  openers.set(dialog, opener);
  return () => {
    if (openers.get(dialog) === opener) openers.delete(dialog);
  };
}

export function open(dialog: Dialog): void {
  openers.get(dialog)?.();
}

export const openPalette = () => open("palette");
