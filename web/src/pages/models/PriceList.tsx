/** The prices that a model has, will have and had, each with when it holds and where it is from. */
import { Button, Collapse, UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import type { PriceDetail } from "@/api/schema";
import { Quiet } from "@/shared/figures";
import { day, timeExact } from "@/shared/format";
import classes from "./models.module.css";
import { PriceTable } from "./PriceTable";
import { type Standing, standing, times } from "./prices";

interface PriceListProps {
  prices: PriceDetail[];
  /** Of an administrator's price; undefined for who may change none. */
  onCorrect?: (price: PriceDetail) => void;
  onRemove?: (price: PriceDetail) => void;
}

export function PriceList({ prices, ...changes }: PriceListProps) {
  const [opened, setOpened] = useState(false);
  const now = new Date();
  const newest = prices.toReversed();
  const past = newest.filter((price) => standing(price, now) === "past");
  const others = newest.filter((price) => standing(price, now) !== "past");
  return (
    <>
      <Prices prices={others} now={now} {...changes} />
      {past.length > 0 && (
        <>
          <UnstyledButton className={classes.more} aria-expanded={opened} onClick={() => setOpened(!opened)}>
            <IconChevronRight size={14} aria-hidden data-open={opened || undefined} />
            {past.length === 1 ? "An earlier price" : `${past.length} earlier prices`}
          </UnstyledButton>
          <Collapse expanded={opened}>{opened && <Prices prices={past} now={now} {...changes} />}</Collapse>
        </>
      )}
    </>
  );
}

const STANDING: Record<Standing, string> = { now: "in force", future: "to come", past: "" };

function Prices({ prices, now, onCorrect, onRemove }: PriceListProps & { now: Date }) {
  return (
    <ol className={classes.prices}>
      {prices.map((price) => (
        <li
          key={`${price.id} ${price.valid_from} ${price.hours}`}
          data-now={standing(price, now) === "now" || undefined}
        >
          <div className={classes.priceHead}>
            <p>
              <Span price={price} />
              {standing(price, now) !== "past" && <b> · {STANDING[standing(price, now)]}</b>}
              <br />
              <Source price={price} />
            </p>
            {price.id !== null && onCorrect && onRemove && (
              <span>
                <Button size="compact-xs" variant="default" onClick={() => onCorrect(price)}>
                  Correct
                </Button>
                <Button size="compact-xs" variant="default" onClick={() => onRemove(price)}>
                  Remove
                </Button>
              </span>
            )}
          </div>
          <PriceTable price={price} />
        </li>
      ))}
    </ol>
  );
}

/** "Since 1 Nov", "3 May – 1 Nov", and at which hours alone. */
function Span({ price }: { price: PriceDetail }) {
  const { valid_from: from, valid_to: to } = price;
  const exact = [from, to].filter((time) => time !== null).map((time) => timeExact(new Date(time)));
  const [start, end] = [from && day(new Date(from)), to && day(new Date(to))];
  const text = start && end ? `${start} – ${end}` : start ? `Since ${start}` : end ? `Until ${end}` : "Always";
  return (
    <span data-tip={exact.length > 0 ? exact.join("\n") : undefined}>
      {start && from && new Date(from) > new Date() && !end ? `From ${start}` : text}
      {times(price) && `, ${times(price)}`}
    </span>
  );
}

function Source({ price: { source, source_url: url, note } }: { price: PriceDetail }) {
  const isLink = url?.startsWith("https://");
  return (
    <Quiet>
      {isLink && url ? (
        <a href={url} target="_blank" rel="noopener noreferrer" dir="auto">
          {source}
        </a>
      ) : (
        <span dir="auto">{source}</span>
      )}
      {note && (
        <>
          <br />
          <span dir="auto">{note}</span>
        </>
      )}
    </Quiet>
  );
}
