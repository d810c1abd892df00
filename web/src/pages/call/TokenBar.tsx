import type { CallOut } from "@/api/schema";
import { Swatch } from "@/shared/figures";
import { countExact, share } from "@/shared/format";
import classes from "./call.module.css";
import { tokenParts } from "./parts";

/** Tokens in parts: one stacked bar, and its parts in words. */
export function TokenBar({ call }: { call: CallOut }) {
  const parts = tokenParts(call);
  const { total_tokens, audio_input_tokens, audio_output_tokens, image_tokens, server_tool_calls } = call;
  const besides: [string, number][] = [
    ["of it audio in", audio_input_tokens],
    ["of it audio out", audio_output_tokens],
    ["of it images", image_tokens],
    ["tools of the provider", server_tool_calls],
  ];
  if (total_tokens === 0) return <p className={classes.note}>None.</p>;
  return (
    <>
      <div className={classes.bar} aria-hidden="true">
        {parts.map(({ label, tokens, color }) => (
          <i
            key={label}
            style={{ flexGrow: tokens, background: color }}
            data-tip={`${countExact(tokens)} ${label}, ${share(tokens / total_tokens)}`}
          />
        ))}
      </div>
      <table className={classes.sums}>
        <caption className="hidden">Parts of the tokens</caption>
        <tbody>
          {parts.map(({ label, tokens, color }) => (
            <tr key={label}>
              <th scope="row">
                <Swatch color={color} />
                {label}
              </th>
              <td>{countExact(tokens)}</td>
            </tr>
          ))}
          {besides
            .filter(([, value]) => value > 0)
            .map(([label, value]) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td>{countExact(value)}</td>
              </tr>
            ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">total{call.usage_estimated && ", an estimate"}</th>
            <td>{countExact(total_tokens)}</td>
          </tr>
        </tfoot>
      </table>
    </>
  );
}
