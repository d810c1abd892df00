"""From sums of tokens to money: what many calls together cost at given rates.

What a call costs is linear in its tokens as long as its step and tier stay the same, so the sums of a cell that tells
both apart cost exactly what its calls cost one by one, before these were rounded.
"""

from collections.abc import Iterator
from operator import mul
from typing import NamedTuple

from callscope.ingest.row import SIZE_CLASS_STEPS
from callscope.pricing.rates import PICOS_PER_NANO, Rates, Step

MEASURES = (
    "calls", "cache_hits", "prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens",
    "cache_write_1h_tokens", "reasoning_tokens", "audio_input_tokens", "audio_output_tokens", "image_tokens",
    "image_output_tokens", "server_tool_calls",
)  # fmt: skip
"""The sums that a `Usage` is made of, in its order."""


class Usage(NamedTuple):
    """Sums over calls; the parts of prompt and completion are such that no token is in two of them."""

    calls: int
    cache_hits: int
    prompt: int
    completion: int
    cached: int
    cache_write: int
    cache_write_1h: int
    reasoning: int
    audio_input: int
    audio_output: int
    image_input: int
    image_output: int
    """The same images, if they are part of the completion."""
    server_tool_calls: int


class Billed(NamedTuple):
    """A number for each thing that is billed: how many there were, or what one costs in pico-dollars."""

    input: int
    cached_input: int
    cache_write: int
    cache_write_1h: int
    audio_input: int
    image_input: int
    output: int
    reasoning: int
    audio_output: int
    image_output: int
    request: int
    server_tool: int


def billed(usage: Usage, *, images_are_output: bool = False) -> Billed:
    """How much there is of each thing that is billed. Cache hits never reached a provider: they are no requests."""
    image_in, image_out = (0, usage.image_output) if images_are_output else (usage.image_input, 0)
    return Billed(
        input=usage.prompt - usage.cached - usage.cache_write - usage.audio_input - image_in,
        cached_input=usage.cached,
        cache_write=usage.cache_write - usage.cache_write_1h,
        cache_write_1h=usage.cache_write_1h,
        audio_input=usage.audio_input,
        image_input=image_in,
        output=usage.completion - usage.reasoning - usage.audio_output - image_out,
        reasoning=usage.reasoning,
        audio_output=usage.audio_output,
        image_output=image_out,
        request=usage.calls - usage.cache_hits,
        server_tool=usage.server_tool_calls,
    )


def prices(step: Step) -> Billed:
    """What one of each thing costs at a step, in pico-dollars."""
    return Billed(*(getattr(step, name) for name in Billed._fields))


def picos(of: Billed, at: Billed) -> int:
    """What so much costs at these prices, in pico-dollars."""
    return sum(map(mul, of, at))


def nanos(amount: int) -> int:
    """Pico-dollars as nano-dollars, rounded half to even."""
    whole, rest = divmod(amount, PICOS_PER_NANO)
    return whole + 1 if rest > 500 or (rest == 500 and whole & 1) else whole


def step_of(rates: Rates, size_class: int, service_tier: int) -> Step:
    """The step under which the calls of a size class fall: the highest that all of them are above."""
    least = SIZE_CLASS_STEPS[size_class - 1] if size_class else 0
    steps = rates.steps[service_tier]
    return next((step for step in reversed(steps) if step.above <= least), steps[0])


def unseen_steps(rates: Rates) -> Iterator[int]:
    """The context lengths at which the price changes, but which size classes do not tell apart."""
    for tier in rates.steps:
        for step in tier:
            if step.above and step.above not in SIZE_CLASS_STEPS:
                yield step.above
