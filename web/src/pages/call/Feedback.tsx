/** Ratings of a call: those given, and one's own to give. */
import { Button, Rating, Textarea } from "@mantine/core";
import { IconStar, IconStarFilled } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useState } from "react";
import { api, data } from "@/api/client";
import type { CallOut, FeedbackOut } from "@/api/schema";
import { failureOf } from "@/shared/failure";
import { Time } from "@/shared/figures";
import { FailureNote } from "@/shared/form";
import { useMe } from "@/shared/rights";
import classes from "./call.module.css";
import { FactSection } from "./FactList";
import { feedbackOf } from "./queries";

/** An empty star is an outline, which is seen on any ground. */
const SYMBOLS = {
  emptySymbol: <IconStar size={20} className={classes.emptyStar} />,
  fullSymbol: <IconStarFilled size={20} className={classes.fullStar} />,
};

export function Feedback({ call }: { call: CallOut }) {
  const user = useMe();
  const isAdmin = user?.role === "ADMIN";
  const given = useQuery({ ...feedbackOf(call.id), enabled: isAdmin && call.ratings > 0 }).data ?? [];
  const own = given.find(({ user_id }) => user_id !== null && user_id === user?.id);
  const waits = isAdmin && call.ratings > 0 && given.length === 0;
  return (
    <FactSection title="Feedback">
      {call.rating !== null && call.ratings > 0 && (
        <p className={classes.average}>
          <Rating value={call.rating} fractions={2} readOnly {...SYMBOLS} aria-hidden />
          {Number(call.rating.toFixed(1))} of 5, {call.ratings === 1 ? "one rating" : `${call.ratings} ratings`}
        </p>
      )}
      {given.length > 0 && (
        <ul className={classes.ratings}>
          {given.map((one) => (
            <Given key={one.id} one={one} />
          ))}
        </ul>
      )}
      {/* Anew when one's own rating is known, which it starts from. */}
      <Give key={waits ? "waiting" : (own?.id ?? "new")} call={call} own={own} />
    </FactSection>
  );
}

function Given({ one }: { one: FeedbackOut }) {
  return (
    <li>
      <span className={classes.rater}>
        <b>{one.rating}</b> of 5 · <span dir="auto">{one.author}</span> · <Time at={one.created_at} form="ago" />
      </span>
      {one.comment && <q dir="auto">{one.comment}</q>}
    </li>
  );
}

/** A second rating of the same person takes the place of the first. */
function Give({ call, own }: { call: CallOut; own: FeedbackOut | undefined }) {
  const [rating, setRating] = useState(own?.rating ?? 0);
  const [comment, setComment] = useState(own?.comment ?? "");
  const queryClient = useQueryClient();
  const { mutate, isPending, isSuccess, error, reset } = useMutation({
    mutationFn: () =>
      data(api.POST("/feedback", { body: { llm_call_id: call.id, rating, comment: comment.trim() || null } })),
    onSuccess: () =>
      Promise.all(
        [["call", call.id], ["feedback-of", call.id], ["feedback-summary"], ["summary"]].map((queryKey) =>
          queryClient.invalidateQueries({ queryKey }),
        ),
      ),
  });
  const { general, at } = failureOf(error, ["rating", "comment"]);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (rating > 0) mutate();
  };
  const changed = rating !== (own?.rating ?? 0) || comment.trim() !== (own?.comment ?? "");
  return (
    <form className={classes.give} onSubmit={submit}>
      {general && <FailureNote error={general} />}
      <Rating
        value={rating}
        onChange={(value) => {
          setRating(value);
          reset();
        }}
        {...SYMBOLS}
        getSymbolLabel={(value) => `${value} of 5`}
        role="radiogroup"
        aria-label="Your rating"
      />
      {(rating > 0 || comment !== "") && (
        <>
          <Textarea
            size="xs"
            aria-label="Comment"
            placeholder="Comment, if you like"
            autosize
            minRows={2}
            maxRows={8}
            maxLength={10_000}
            dir="auto"
            value={comment}
            error={at("comment") ?? at("rating")}
            onChange={(event) => {
              setComment(event.currentTarget.value);
              reset();
            }}
          />
          <span className={classes.giveFoot}>
            <Button type="submit" size="xs" loading={isPending} disabled={rating === 0 || !changed}>
              {own ? "Change rating" : "Rate call"}
            </Button>
            <span role="status">{isSuccess && "Recorded."}</span>
          </span>
        </>
      )}
    </form>
  );
}
