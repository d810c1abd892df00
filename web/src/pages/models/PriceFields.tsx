import { Collapse, TextInput, UnstyledButton } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";
import classes from "./models.module.css";
import { KINDS, type PriceForm } from "./prices";

interface PriceFieldsProps {
  value: PriceForm;
  at: (field: string) => string | undefined;
  onChange: (part: Partial<PriceForm>) => void;
}

const MAIN = KINDS.filter(({ key }) => key === "input" || key === "output");
const MORE = KINDS.filter(({ key }) => key !== "input" && key !== "output");

/** A price in dollars per million tokens, in force from a time on. */
export function PriceFields({ value, at, onChange }: PriceFieldsProps) {
  const [more, setMore] = useState(false);
  const open = more || MORE.some(({ key }) => value[key] !== "" || at(key));
  return (
    <>
      <div className={classes.pair}>
        {MAIN.map(({ key, label }) => (
          <TextInput
            key={key}
            label={label}
            description="$ per million tokens"
            inputMode="decimal"
            value={value[key]}
            error={at(key)}
            onChange={(event) => onChange({ [key]: event.currentTarget.value })}
          />
        ))}
      </div>
      <div>
        <UnstyledButton className={classes.more} aria-expanded={open} onClick={() => setMore(!open)}>
          <IconChevronRight size={14} aria-hidden data-open={open || undefined} /> Cached, reasoning, audio and image
          tokens, requests
        </UnstyledButton>
        <Collapse expanded={open}>
          <div className={`${classes.pair} ${classes.others}`}>
            {MORE.map(({ key, label, without, each }) => (
              <TextInput
                key={key}
                label={label}
                description={each ? "$ each" : `Empty: as ${without}`}
                inputMode="decimal"
                value={value[key]}
                error={at(key)}
                onChange={(event) => onChange({ [key]: event.currentTarget.value })}
              />
            ))}
          </div>
        </Collapse>
      </div>
      <div className={classes.pair}>
        <TextInput
          type="datetime-local"
          label="Valid from"
          description="Empty: from now on."
          value={value.valid_from}
          error={at("valid_from")}
          onChange={(event) => onChange({ valid_from: event.currentTarget.value })}
        />
        <TextInput
          type="datetime-local"
          label="Until"
          description="Empty: until the next price."
          value={value.valid_to}
          error={at("valid_to")}
          onChange={(event) => onChange({ valid_to: event.currentTarget.value })}
        />
      </div>
      <TextInput
        label="Source"
        description="Where the price is from: a contract, a page. Empty: that you set it."
        dir="auto"
        value={value.source}
        error={at("source")}
        onChange={(event) => onChange({ source: event.currentTarget.value })}
      />
    </>
  );
}
