/** A block of code with its colours. They come with a chunk of their own, and only for what is not too long. */
import { lazy, Suspense } from "react";
import { CopyButton } from "@/shared/CopyButton";
import classes from "./call.module.css";

const Highlighted = lazy(() => import("./Highlighted").then((module) => ({ default: module.Highlighted })));
const MOST_HIGHLIGHTED = 30_000;

export function Code({ text, language }: { text: string; language?: string }) {
  const colours = language !== undefined && text.length <= MOST_HIGHLIGHTED;
  return (
    <div className={classes.code}>
      <div className={classes.codeHead}>
        <span>{language}</span>
        <CopyButton value={text} label="Copy the code" />
      </div>
      {/* A part that scrolls must be reached by keyboard */}
      <pre tabIndex={0} dir="ltr">
        <code>
          {colours ? (
            <Suspense fallback={text}>
              <Highlighted text={text} language={language} />
            </Suspense>
          ) : (
            text
          )}
        </code>
      </pre>
    </div>
  );
}
