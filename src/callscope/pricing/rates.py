"""What a model's tokens cost at one time, as whole numbers, and the arithmetic from tokens to money.

Rates are pico-dollars per token (one dollar per million tokens is 1,000,000): then all money is an integer, a call's
parts are exact, and only their sum is rounded, once, to nano-dollars.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from callscope.pricing.cost import Cost

SERVICE_TIERS = ("standard", "batch", "flex", "priority")
"""The service tiers, in the order of their numbers."""
PICOS_PER_NANO = 1000


class Step(NamedTuple):
    """The rates of prompts longer than `above` tokens. All tokens of a call are billed at its step's rates."""

    above: int
    input: int
    cached_input: int
    cache_write: int
    cache_write_1h: int
    output: int
    reasoning: int
    audio_input: int
    audio_output: int
    image_input: int
    image_output: int
    request: int
    """pico-dollars per request"""
    server_tool: int
    """pico-dollars per call of a server tool"""


class Listed(NamedTuple):
    """The prices of the first step as their source states them: None where it has none of its own."""

    input: int
    cached_input: int | None
    cache_write: int | None
    cache_write_1h: int | None
    output: int | None


class Statement(NamedTuple):
    """Who states a price, where it is not genai-prices: a page of the provider's, and what to know of it."""

    source: str
    url: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    """What a model costs at one time.

    Attributes:
        source: `override` (an administrator's price or flat rate) or `catalogue` (genai-prices).
        steps: for each service tier, in the order of `SERVICE_TIERS`, its steps by context length, shortest first.
        listed: what to show of it.
        since: the first day of this price, where its source tells.
        images_are_output: image tokens are part of the completion, not of the prompt: a model that makes images.
        statement: who states it, where it is not genai-prices.
    """

    source: str
    steps: tuple[tuple[Step, ...], ...]
    listed: Listed
    since: date | None = None
    images_are_output: bool = False
    statement: Statement | None = None

    def cost(
        self,
        prompt: int,
        completion: int,
        cached: int = 0,
        cache_write: int = 0,
        cache_write_1h: int = 0,
        reasoning: int = 0,
        audio_in: int = 0,
        audio_out: int = 0,
        image: int = 0,
        server_tool_calls: int = 0,
        service_tier: int = 0,
    ) -> Cost:
        """The cost of one call, in nano-dollars; each token is billed once.

        Args:
            prompt: all tokens that went in: cached, cache-write, audio and image tokens are part of it.
            completion: all tokens that came out: reasoning and audio tokens are part of it.
            cached: prompt tokens read from a cache.
            cache_write: prompt tokens written to a cache.
            cache_write_1h: the part of `cache_write` that is kept for an hour.
            reasoning: completion tokens that the model thought with.
            audio_in: prompt tokens that are audio.
            audio_out: completion tokens that are audio.
            image: prompt tokens that are images (of the completion, where `images_are_output`).
            server_tool_calls: how many tools, such as a web search, the provider ran.
            service_tier: its number in `SERVICE_TIERS`.

        Parts that are larger than their whole are cut to it. What is both cached and audio is billed as cached.
        The total is the exact sum rounded half-even; the parts add up to it.
        """
        steps = self.steps[service_tier]
        rate = steps[0]
        if len(steps) > 1:
            for step in steps:
                if prompt > step.above:
                    rate = step
        if self.images_are_output:
            image_in, image_out = 0, image
        else:
            image_in, image_out = image, 0
        cached_cost = write_cost = 0
        text_in, text_out = prompt, completion
        if cached:
            cached = min(cached, text_in)
            text_in -= cached
            cached_cost = cached * rate.cached_input
        if cache_write:
            cache_write = min(cache_write, text_in)
            text_in -= cache_write
            cache_write_1h = min(cache_write_1h, cache_write)
            write_cost = (cache_write - cache_write_1h) * rate.cache_write + cache_write_1h * rate.cache_write_1h
        input_cost = output_cost = 0
        if audio_in:
            audio_in = min(audio_in, text_in)
            text_in -= audio_in
            input_cost = audio_in * rate.audio_input
        if image_in:
            image_in = min(image_in, text_in)
            text_in -= image_in
            input_cost += image_in * rate.image_input
        if reasoning:
            reasoning = min(reasoning, text_out)
            text_out -= reasoning
            output_cost = reasoning * rate.reasoning
        if audio_out:
            audio_out = min(audio_out, text_out)
            text_out -= audio_out
            output_cost += audio_out * rate.audio_output
        if image_out:
            image_out = min(image_out, text_out)
            text_out -= image_out
            output_cost += image_out * rate.image_output
        return _rounded(
            input_cost + text_in * rate.input,
            cached_cost,
            write_cost,
            output_cost + text_out * rate.output,
            rate.request + server_tool_calls * rate.server_tool,
        )


def plain_rates(source: str, *, steps: Iterable[Mapping[str, int]] = (), **kinds: int | None) -> Rates:
    """Rates that hold for each service tier alike.

    Args:
        source: as in `Rates`.
        steps: what differs above a length of prompt, each as the arguments of `filled_step`, shortest first.
        kinds: as for `filled_step`.
    """
    each = {kind: kinds.get(kind) for kind in ("request", "server_tool")}  # what is no token has no length
    filled = (filled_step(**kinds), *(filled_step(**{**each, **step}) for step in steps))
    listed = Listed(kinds["input"] or 0, *(kinds.get(kind) for kind in Listed._fields[1:]))
    return Rates(source, (filled,) * len(SERVICE_TIERS), listed)


def filled_step(*, above: int | None = 0, **kinds: int | None) -> Step:
    """A step in which a kind of token without a price of its own costs what its kin does.

    Args:
        above: how many tokens the prompt must have more than.
        kinds: by the other names of `Step`; `input` and `output` are always given.
    """
    plain_in, plain_out = kinds["input"] or 0, kinds["output"] or 0

    def own(kind: str, otherwise: int) -> int:
        found = kinds.get(kind)
        return otherwise if found is None else found

    write = own("cache_write", plain_in)
    return Step(
        above=above or 0, input=plain_in, output=plain_out, reasoning=own("reasoning", plain_out),
        cached_input=own("cached_input", plain_in), cache_write=write, cache_write_1h=own("cache_write_1h", write),
        audio_input=own("audio_input", plain_in), audio_output=own("audio_output", plain_out),
        image_input=own("image_input", plain_in), image_output=own("image_output", plain_out),
        request=own("request", 0), server_tool=own("server_tool", 0),
    )  # fmt: skip


def _rounded(input_cost: int, cached: int, write: int, output: int, other: int) -> Cost:
    """The parts in nano-dollars: each running sum is rounded, and a part is what its sum adds to the one before.

    So the parts add up to the rounded total, and none is off by more than one.
    """
    first = _nanos(input_cost)
    running = input_cost
    second = third = first
    if cached:
        running += cached
        second = third = _nanos(running)
    if write:
        running += write
        third = _nanos(running)
    running += output
    fourth = total = _nanos(running)
    if other:
        total = _nanos(running + other)
    return Cost(total, first, second - first, third - second, fourth - third, total - fourth)


def _nanos(picos: int) -> int:
    nanos, rest = divmod(picos, PICOS_PER_NANO)
    return nanos + 1 if rest > 500 or (rest == 500 and nanos & 1) else nanos
