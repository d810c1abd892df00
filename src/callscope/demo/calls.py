"""The demo's calls, in order of time: scenes with tokens, latencies, errors, ratings, as a program would log them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from random import Random
from typing import Any

from callscope.db.types import EPOCH
from callscope.demo.calendar import Day, Pace, is_outage, is_tried_out, project_at
from callscope.demo.failures import ORDINARY, OUTAGE, REFUSALS, Failure
from callscope.demo.scenes import OPUS, Applications, Scene

CHARS_PER_TOKEN = 4.1
FAILING_PROVIDER = "anthropic"
_RESPONSE_ID = {"openai": "resp_{}", "anthropic": "msg_01{}", "google": "gem-{}", "vllm": "cmpl-{}"}
_SLOWEST_MS = 60_000.0


@dataclass(frozen=True, slots=True)
class Opinion:
    """What an end user thinks of an answer, and how long after the call he says so."""

    rating: int
    comment: str | None
    after_micros: int


@dataclass(frozen=True, slots=True)
class DemoCall:
    """A call as it is logged (the fields of `CallIn`), when it was made, and what was thought of it."""

    project: str
    created_micros: int
    fields: dict[str, Any]
    opinion: Opinion | None


def calls_of(pace: Pace, day: Day) -> Iterator[DemoCall]:
    """The calls of one day, in order of time."""
    random = pace.random(day.number, "calls")
    applications = Applications(random)
    for index, micros in enumerate(islice(pace.moments(day.number), day.last)):
        scene = applications.scene(project_at(micros, random.random()), micros)
        key = hashlib.blake2b(f"{pace.seed}/{pace.calls_per_day:.6f}/{day.number}/{index}".encode(), digest_size=12)
        call = _measured(random, scene, micros, key.hexdigest())
        if index >= day.first:
            yield call


def _measured(random: Random, scene: Scene, micros: int, key: str) -> DemoCall:
    """The scene with its figures. `key` makes the provider's id of the answer, by which a repetition is recognised."""
    chance = random.random
    failure = _failure(random, scene, micros)
    fields: dict[str, Any] = {
        "model": scene.model.name, "provider": scene.model.provider, "project": scene.project, "name": scene.name,
        "environment": "staging" if is_tried_out(micros, chance()) else "production", "created_at": EPOCH + timedelta(microseconds=micros),
        "status": "success", "prompt": scene.messages, "end_user": scene.end_user, "tags": scene.tags,
        "request_params": scene.request_params, "session_id": scene.session_id, "trace_id": scene.trace_id,
        "response_id": _RESPONSE_ID[scene.model.provider].format(key),
    }  # fmt: skip
    if scene.trace_id is not None:
        fields["span_id"] = key[:16]
    prompt_tokens = scene.hidden_tokens + int(_length(scene) / CHARS_PER_TOKEN)
    if failure is not None:
        _fail(random, scene, failure, fields, prompt_tokens)
        return DemoCall(scene.project, micros, fields, None)
    if scene.model is OPUS and fields["environment"] == "staging" and chance() < 0.5:
        fields |= {"refused": REFUSALS[0], "prompt_tokens": 0, "completion_tokens": 0, "latency_ms": 0.4}
        return DemoCall(scene.project, micros, fields, None)
    _answer(random, scene, fields, prompt_tokens)
    if scene.trace_id is not None and chance() < 0.07:
        saved = round(fields["prompt_tokens"] * 9e-7 + fields["completion_tokens"] * 4e-6, 6)
        fields |= {"cache_hit": True, "saved_cost": saved, "latency_ms": round(1 + 3 * chance(), 3)}
        fields["time_to_first_token_ms"] = None
    return DemoCall(scene.project, micros, fields, _opinion(random, scene, fields))


def _answer(random: Random, scene: Scene, fields: dict[str, Any], prompt_tokens: int) -> None:
    chance = random.random
    answered = 1 + int(len(scene.answer) / CHARS_PER_TOKEN)
    reasoning = int(80 + 700 * chance() ** 2) if scene.model.reasons else 0
    steady = scene.hidden_tokens - scene.hidden_tokens % 128
    if steady >= 1_024 and scene.name != "summarise-document":
        if chance() < 0.72:
            fields["cached_tokens"] = steady
        elif scene.model.provider == FAILING_PROVIDER:
            fields["cache_write_tokens"] = steady
    slow = 1.0 if chance() > 0.015 else 3.0 + 9.0 * chance()
    first = scene.model.first_token_ms * random.lognormvariate(0.0, 0.32) * slow + 0.02 * prompt_tokens
    thinking = 1_000 * reasoning / scene.model.tokens_per_second
    writing = 1_000 * answered / (scene.model.tokens_per_second * (0.75 + 0.5 * chance()))
    fields |= {
        "prompt_tokens": prompt_tokens, "completion_tokens": answered + reasoning, "reasoning_tokens": reasoning,
        "latency_ms": round(first + thinking + writing, 1), "response": scene.answer,
    }  # fmt: skip
    if scene.name != "summarise-document":
        fields["time_to_first_token_ms"] = round(first + thinking, 1)
    elif scene.model.provider == "google":
        fields["service_tier"] = "batch"


def _failure(random: Random, scene: Scene, micros: int) -> Failure | None:
    if scene.model.provider == FAILING_PROVIDER and is_outage(micros):
        return OUTAGE[int(random.random() * len(OUTAGE))] if random.random() < 0.86 else None
    if random.random() >= 0.011:
        return None
    among = ORDINARY[scene.model.provider]
    return among[int(random.random() * len(among))]


def _fail(random: Random, scene: Scene, failure: Failure, fields: dict[str, Any], prompt_tokens: int) -> None:
    """A failed call: what went in is billed only where the answer broke off, which the client can but estimate."""
    timed_out = failure.status == "timeout"
    fields |= {
        "status": failure.status, "error_type": failure.error_type, "completion_tokens": 0,
        "error_message": failure.message.format(model=scene.model.name, n=1 + int(8 * random.random())),
        "prompt_tokens": prompt_tokens if timed_out else 0, "usage_estimated": timed_out,
        "latency_ms": _SLOWEST_MS + round(40 * random.random(), 1) if timed_out else round(90 + 900 * random.random(), 1),
    }  # fmt: skip


def _opinion(random: Random, scene: Scene, fields: dict[str, Any]) -> Opinion | None:
    if random.random() >= 0.007 or not scene.likes or fields["environment"] == "staging":
        return None
    pleased = random.random() < scene.likes * (0.6 if fields["latency_ms"] > 15_000 else 1.0)
    rating = (4 if random.random() < 0.35 else 5) if pleased else 1 + int(3 * random.random())
    comments = scene.comments[rating]
    comment = comments[int(random.random() * len(comments))]
    return Opinion(rating, comment, int(random.expovariate(1 / 120_000_000)) + 5_000_000)


def _length(scene: Scene) -> int:
    return sum(len(message["content"] or "") + 16 for message in scene.messages)
