/** One message: its role in the margin, and its parts. */
import { IconBrain, IconFile, IconPhoto, IconTool, IconVolume } from "@tabler/icons-react";
import { CopyButton } from "@/shared/CopyButton";
import classes from "./call.module.css";
import type { Message, Part } from "./conversation";
import { Folding } from "./Folding";
import { JsonView } from "./JsonView";
import { Leave } from "./Leave";
import { Written } from "./Written";

export function MessageView({ message }: { message: Message }) {
  const { role, name, parts } = message;
  const text = parts.flatMap((part) => (part.kind === "text" ? [part.text] : [])).join("\n\n");
  return (
    <article className={classes.message} data-role={role} aria-label={role}>
      <header>
        <span className={classes.role} dir="auto">
          {role}
        </span>
        {name && (
          <span className={classes.speaker} dir="auto">
            {name}
          </span>
        )}
        {text && <CopyButton value={text} label={`Copy what the ${role} said`} />}
      </header>
      <div className={classes.parts}>
        {parts.length === 0 && <p className={classes.nothing}>Nothing</p>}
        {parts.map((part, index) => (
          <PartView key={index} part={part} />
        ))}
      </div>
    </article>
  );
}

function PartView({ part }: { part: Part }) {
  switch (part.kind) {
    case "text":
      return <Written text={part.text} />;
    case "reasoning":
      return (
        <details className={classes.reasoning}>
          <summary>
            <IconBrain size={14} aria-hidden /> Reasoning
          </summary>
          {part.text ? <Written text={part.text} /> : <p className={classes.nothing}>It was not told.</p>}
        </details>
      );
    case "tool_call":
      return (
        <section className={classes.tool} aria-label={`Tool ${part.name}`}>
          <h3>
            <IconTool size={14} aria-hidden /> <code dir="auto">{part.name}</code>
            {part.failed && <span className={classes.failed}>failed</span>}
          </h3>
          <Held title="Arguments" value={part.input} />
          {"output" in part && <Held title="Result" value={part.output} />}
        </section>
      );
    case "tool_result":
      return (
        <section className={classes.tool} aria-label="Result of a tool">
          <h3>
            <IconTool size={14} aria-hidden /> {part.name ? <code dir="auto">{part.name}</code> : "Result of a tool"}
            {part.failed && <span className={classes.failed}>failed</span>}
          </h3>
          <Held title="Result" value={part.output} />
        </section>
      );
    case "media":
      return <Media part={part} />;
    case "data":
      return <Structure value={part.value} />;
  }
}

/** Arguments or result of a tool. */
function Held({ title, value }: { title: string; value: unknown }) {
  const empty = value === null || value === undefined || value === "";
  return (
    <div className={classes.held2}>
      <h4>{title}</h4>
      {empty ? (
        <p className={classes.nothing}>None</p>
      ) : typeof value === "object" ? (
        <Structure value={value} />
      ) : (
        <Written text={String(value)} />
      )}
    </div>
  );
}

export function Structure({ value }: { value: unknown }) {
  return <Folding label="Show all of it">{() => <JsonView value={value} />}</Folding>;
}

const ICONS: Record<string, typeof IconFile> = { image: IconPhoto, audio: IconVolume };

/** Images and files are told of, never fetched. */
function Media({ part }: { part: Extract<Part, { kind: "media" }> }) {
  const Icon = ICONS[part.what] ?? IconFile;
  return (
    <p className={classes.picture}>
      <Icon size={16} aria-hidden /> {part.what}
      {part.detail && <span dir="auto"> ({part.detail})</span>}{" "}
      {part.source && <Leave to={part.source}>{part.source.slice(0, 120)}</Leave>}
    </p>
  );
}
