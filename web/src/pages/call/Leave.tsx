import type { ReactNode } from "react";
import { useConfirm } from "@/shared/confirm";
import classes from "./call.module.css";

/** A link that people wrote. It asks before it leads away, and does not tell where one comes from. */
export function Leave({ to, children }: { to: string; children: ReactNode }) {
  const confirm = useConfirm();
  const target = addressOf(to);
  // A relative address, or one with another scheme (javascript:), is only text.
  if (target === null) return <span dir="auto">{children}</span>;
  const leave = async () => {
    const sure = await confirm({
      title: `Leave for ${target.host || "another program"}?`,
      children: (
        <>
          <p className={classes.address}>{target.href}</p>
          <p>This address was written in the call. It opens in a new tab, and is not told where you come from.</p>
        </>
      ),
      action: "Open the address",
      danger: false,
    });
    if (sure) window.open(target.href, "_blank", "noopener,noreferrer");
  };
  return (
    <button type="button" role="link" className={classes.link} data-tip={target.href} onClick={() => void leave()}>
      {children}
    </button>
  );
}

const SCHEMES = ["http:", "https:", "mailto:"];

export function addressOf(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const address = new URL(text);
  return SCHEMES.includes(address.protocol) ? address : null;
}
