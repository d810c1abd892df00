/** A part of a page that is made, and asks for its figures, only when one comes near it. Its place is kept from the start. */
import { type CSSProperties, type ReactNode, useEffect, useRef, useState } from "react";

const NEAR = "300px";

interface WhenSeenProps {
  /** Of what is coming. */
  height: CSSProperties["minHeight"];
  children: ReactNode;
}

export function WhenSeen({ height, children }: WhenSeenProps) {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (!box.current) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        setSeen(true);
        observer.disconnect();
      },
      { rootMargin: NEAR },
    );
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={box} style={{ minHeight: height, minWidth: 0 }}>
      {seen && children}
    </div>
  );
}
