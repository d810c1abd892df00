import type { CallOut } from "@/api/schema";
import { Latency, Time } from "@/shared/figures";
import classes from "./call.module.css";
import { tokensPerSecond } from "./parts";

/** From the request to the last token, as one line. */
export function TimingLine({ call }: { call: CallOut }) {
  const { latency_ms, time_to_first_token_ms: first } = call;
  const speed = tokensPerSecond(call);
  const part = first === null || latency_ms === 0 ? 0 : Math.min(first / latency_ms, 1) * 100;
  return (
    <>
      <div className={classes.timing} aria-hidden="true">
        {first !== null && <i style={{ width: `${part}%` }} data-waiting data-tip="Waiting for the first token" />}
        <i
          style={{ width: `${100 - part}%` }}
          data-tip={first === null ? "The whole call" : "From the first token to the last"}
        />
      </div>
      <table className={classes.sums}>
        <caption className="hidden">When what came</caption>
        <tbody>
          <tr>
            <th scope="row">start</th>
            <td>
              <Time at={call.created_at} />
            </td>
          </tr>
          {first !== null && (
            <tr>
              <th scope="row">first token</th>
              <td>
                <Latency ms={first} />
              </td>
            </tr>
          )}
          <tr>
            <th scope="row">{first === null ? "answer" : "last token"}</th>
            <td>
              <Latency ms={latency_ms} />
            </td>
          </tr>
          {speed !== null && (
            <tr>
              <th scope="row">speed</th>
              <td>{speed < 10 ? speed.toFixed(1) : Math.round(speed)} tokens/s</td>
            </tr>
          )}
        </tbody>
      </table>
    </>
  );
}
