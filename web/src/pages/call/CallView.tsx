/** A call, as a page of its own or in the panel of the list: the conversation, and beside or below it the facts. */
import type { CallOut } from "@/api/schema";
import { Conversation } from "./Conversation";
import classes from "./call.module.css";
import { Facts } from "./Facts";

export function CallView({ call }: { call: CallOut }) {
  return (
    <div className={classes.box}>
      <div className={classes.view}>
        <Conversation call={call} />
        <Facts call={call} />
      </div>
    </div>
  );
}
