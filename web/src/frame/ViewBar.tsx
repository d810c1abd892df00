import { Filters } from "./Filters";
import classes from "./frame.module.css";
import { RangePicker } from "./RangePicker";

import { ScopePickers } from "./ScopePickers";

/** The bar of a page about data: which range, and what narrows it. All of it is in the address. On a narrow screen it also has
 * project and environment, for which the top bar has no room. */
export function ViewBar({ narrow }: { narrow: boolean }) {
  return (
    <div className={classes.view}>
      {narrow && <ScopePickers />}
      <RangePicker />
      <Filters />
    </div>
  );
}
