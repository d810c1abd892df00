/**
 * Markdown as elements. HTML in it is shown as the text that it is; images are named, not fetched; links ask before they
 * lead away. A chunk of its own.
 */
import { IconPhoto } from "@tabler/icons-react";
import type { ReactNode } from "react";
import ReactMarkdown, { type Components, type ExtraProps } from "react-markdown";
import remarkGfm from "remark-gfm";
import { Code } from "./Code";
import classes from "./call.module.css";
import { Leave } from "./Leave";

const PLUGINS = [remarkGfm];

const components: Components = {
  a: ({ href, children }) => <Leave to={href ?? ""}>{children}</Leave>,
  img: ({ src, alt }) => <Picture source={typeof src === "string" ? src : ""} alt={alt ?? ""} />,
  pre: ({ node }) => <Block node={node} />,
  // Each list has its own direction, for its marks; paragraphs have theirs by CSS, since `dir` would hide them from the list.
  ul: ({ children }) => <ul dir="auto">{children}</ul>,
  ol: ({ children, start }) => (
    <ol dir="auto" start={start}>
      {children}
    </ol>
  ),
  blockquote: ({ children }) => <blockquote dir="auto">{children}</blockquote>,
  // A heading in a text is none of the page's.
  h1: Heading,
  h2: Heading,
  h3: Heading,
  h4: Heading,
  h5: Heading,
  h6: Heading,
  table: ({ children }) => (
    // A part that scrolls must be reached by keyboard
    <section className={classes.scrolls} tabIndex={0} aria-label="Table">
      <table>{children}</table>
    </section>
  ),
  input: ({ checked }) => <span>{checked ? "☑ " : "☐ "}</span>,
};

export function Markdown({ text }: { text: string }) {
  return (
    <div className={classes.markdown} dir="auto">
      <ReactMarkdown remarkPlugins={PLUGINS} components={components}>
        {text}
      </ReactMarkdown>
    </div>
  );
}

function Heading({ children }: { children?: ReactNode }) {
  return <p className={classes.heading}>{children}</p>;
}

/** A block of code: its language is that of the fence. */
function Block({ node }: ExtraProps) {
  const code = node?.children[0];
  if (code?.type !== "element") return null;
  const names = Array.isArray(code.properties.className) ? code.properties.className.map(String) : [];
  const language = names.find((name) => name.startsWith("language-"))?.slice("language-".length);
  const text = code.children.map((child) => (child.type === "text" ? child.value : "")).join("");
  return <Code text={text.replace(/\n$/, "")} language={language} />;
}

function Picture({ source, alt }: { source: string; alt: string }) {
  return (
    <span className={classes.picture}>
      <IconPhoto size={16} aria-hidden /> image{alt && `: ${alt}`} <Leave to={source}>{source.slice(0, 80)}</Leave>
    </span>
  );
}
