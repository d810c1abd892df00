"""What happens in the three applications: who asks what, which model answers, and in what words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import Any, NamedTuple

from callscope.demo import code_review, documents, support
from callscope.demo.calendar import PROJECTS, is_spike

Message = dict[str, Any]


class Model(NamedTuple):
    """A model as its provider serves it."""

    name: str
    provider: str
    first_token_ms: float
    tokens_per_second: float
    reasons: bool = False


LUNA = Model("gpt-6-luna", "openai", 260, 130)
SOL = Model("gpt-6.1-sol", "openai", 900, 70, reasons=True)
HAIKU = Model("claude-haiku-5-5", "anthropic", 330, 110)
SONNET = Model("claude-sonnet-5-5", "anthropic", 620, 65)
OPUS = Model("claude-opus-5-5", "anthropic", 1_150, 38, reasons=True)
GEMINI = Model("gemini-3.8-flash", "google", 380, 150)
SELF_HOSTED = Model("nordlicht-8b-v3", "vllm", 140, 55)
"""No price list has it: its calls are counted as unpriced."""


@dataclass(slots=True)
class Scene:
    """One call as the application sees it, before it is measured."""

    project: str
    name: str
    model: Model
    messages: list[Message]
    answer: str
    hidden_tokens: int
    end_user: str
    comments: dict[int, tuple[str | None, ...]]
    session_id: str | None = None
    trace_id: str | None = None
    tags: list[str] = field(default_factory=list)
    request_params: dict[str, Any] = field(default_factory=dict)
    likes: float = 0.75


@dataclass(slots=True)
class _Conversation:
    id: str
    end_user: str
    model: Model
    topic: str
    slots: dict[str, Any]
    messages: list[Message]


class Applications:
    """The three applications during one day; conversations go on from call to call."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._chance = random.random
        self._open: list[tuple[int, int, _Conversation]] = []
        self._scenes: tuple[Callable[[int], Scene], ...] = (self._support, self._code_review, self._documents)

    def scene(self, project: int, micros: int) -> Scene:
        """What the project's application does at this time."""
        return self._scenes[project](micros)

    def _support(self, micros: int) -> Scene:
        if self._open and self._open[0][0] <= micros:
            return self._next_turn(heappop(self._open)[2], micros)
        if self._chance() < 0.12:
            return self._intent()
        return self._first_turn(micros)

    def _first_turn(self, micros: int) -> Scene:
        chance = self._chance()
        model = LUNA if chance < 0.58 else HAIKU if chance < 0.9 else SOL
        slots = self._slots()
        tags = ["chat"]
        if self._chance() < 0.06:
            language, question, answer = self._pick(support.FOREIGN)
            topic, tags = "foreign", ["chat", language]
        else:
            topic, questions, answers = self._pick(support.TOPICS)
            question, answer = self._pick(questions), self._pick(answers)
        messages: list[Message] = [
            {"role": "system", "content": support.SYSTEM}, {"role": "user", "content": question.format_map(slots)},
        ]  # fmt: skip
        if topic in {"delivery", "refund", "invoice"} and self._chance() < 0.5:
            messages += self._looked_up(slots)
            tags.append("tools")
        talk = _Conversation(
            f"chat-{self._random.getrandbits(48):012x}", self._customer(), model, topic, slots, messages
        )
        return self._turn(talk, answer.format_map(slots), micros, tags)

    def _next_turn(self, talk: _Conversation, micros: int) -> Scene:
        question, answer = self._pick(support.FOLLOW_UPS)
        talk.messages.append({"role": "user", "content": question.format_map(talk.slots)})
        return self._turn(talk, answer.format_map(talk.slots), micros, ["chat"], over=question == support.FAREWELL)

    def _turn(self, talk: _Conversation, answer: str, micros: int, tags: list[str], *, over: bool = False) -> Scene:
        said = list(talk.messages)
        talk.messages.append({"role": "assistant", "content": answer})
        if not over and len(talk.messages) < 12 and self._chance() < 0.7:
            due = micros + int(20_000_000 + self._random.expovariate(1 / 90_000_000))
            heappush(self._open, (due, self._random.getrandbits(32), talk))
        return Scene(
            PROJECTS[0], "answer-customer", talk.model, said, answer, 1_240, talk.end_user, support.COMMENTS,
            session_id=talk.id, tags=[*tags, talk.topic], request_params={"temperature": 0.3, "max_tokens": 600},
        )  # fmt: skip

    def _intent(self) -> Scene:
        topic, questions, _ = self._pick(support.TOPICS)
        text = self._pick(questions).format_map(self._slots())
        asked = f"Which intent has this message? One of {', '.join(support.INTENTS)}. Answer in JSON.\n\n{text}"
        answer = f'{{"intent": "{topic}", "urgent": {"true" if self._chance() < 0.2 else "false"}, "language": "en"}}'
        return Scene(
            PROJECTS[0], "triage-ticket", SELF_HOSTED, [{"role": "user", "content": asked}], answer, 60,
            self._customer(), support.COMMENTS, tags=["mail"],
            request_params={"temperature": 0, "response_format": {"type": "json_object"}},
        )  # fmt: skip

    def _looked_up(self, slots: dict[str, Any]) -> list[Message]:
        key = f"call_{self._random.getrandbits(40):010x}"
        arguments = f'{{"order": "{slots["order"]}"}}'
        called = {"id": key, "type": "function", "function": {"name": "look_up_order", "arguments": arguments}}
        result = (
            f'{{"order": "{slots["order"]}", "state": "in transit", "last_scan": "{slots["city"]}", '
            f'"items": ["{slots["product"]}"], "total": {slots["amount"]}}}'
        )
        return [
            {"role": "assistant", "content": None, "tool_calls": [called]},
            {"role": "tool", "tool_call_id": key, "content": result},
        ]

    def _code_review(self, _micros: int) -> Scene:
        chance = self._chance()
        model = SONNET if chance < 0.66 else SOL if chance < 0.94 else OPUS
        line = int(12 + 400 * self._chance())
        slots = {
            "file": self._pick(code_review.FILES), "function": self._pick(code_review.FUNCTIONS), "line": line,
            "after": line + 3,
        }  # fmt: skip
        hunks, remarks, kinds = [], [], []
        for diff, remark, kind in self._random.sample(code_review.CHANGES, 1 + int(2.2 * self._chance())):
            hunks.append(f"--- a/{slots['file']}\n+++ b/{slots['file']}\n" + diff.format_map(slots))
            remarks.append(remark.format_map(slots))
            kinds.append(kind)
        answer = "\n\n".join(remarks)
        params: dict[str, Any] = {"max_tokens": 2_000}
        if self._chance() < 0.2:
            found = ", ".join(f'{{"file": "{slots["file"]}", "line": {line}, "kind": "{kind}"}}' for kind in kinds)
            answer = f'{{"verdict": "{"approve" if kinds == ["none"] else "request changes"}", "findings": [{found}]}}'
            params["response_format"] = {"type": "json_schema", "name": "review"}
        asked = (
            f"Pull request #{int(4_000 + 900 * self._chance())}: review this diff.\n\n```diff\n"
            + "".join(hunks)
            + "```"
        )
        return Scene(
            PROJECTS[1], "review-diff", model,
            [{"role": "system", "content": code_review.SYSTEM}, {"role": "user", "content": asked}], answer,
            2_600 + int(9_000 * self._chance() ** 3), self._pick(code_review.DEVELOPERS), code_review.COMMENTS,
            tags=["ci", slots["file"].rpartition(".")[2]], request_params=params, likes=0.6,
        )  # fmt: skip

    def _documents(self, micros: int) -> Scene:
        at_night = 2 <= micros // 3_600_000_000 % 24 < 4
        if is_spike(micros) and (at_night or self._chance() < 0.7):
            return self._summary(OPUS, 14_000)
        if self._chance() < (0.9 if at_night else 0.05):
            return self._summary(GEMINI, 3_000)
        return self._question()

    def _question(self) -> Scene:
        slots = self._slots()
        title, passage, questions, answer = self._pick(documents.PASSAGES)
        question = self._pick(questions)
        if self._chance() < 0.06:
            question, answer = self._pick(documents.UNKNOWN), documents.NOT_FOUND
        shown = f"[{title}]\n{passage}\n\nQuestion: {question}".format_map(slots)
        messages = [{"role": "system", "content": documents.SYSTEM}, {"role": "user", "content": shown}]
        employee = f"emp-{int(340 * self._chance() ** 1.8):04d}"
        return Scene(
            PROJECTS[2], "answer-question", GEMINI if self._chance() < 0.8 else LUNA, messages,
            answer.format_map(slots), 1_900 + int(2_400 * self._chance()), employee, documents.COMMENTS,
            trace_id=f"{self._random.getrandbits(128):032x}", tags=["search"], request_params={"temperature": 0},
            likes=0.7 if answer is not documents.NOT_FOUND else 0.3,
        )  # fmt: skip

    def _summary(self, model: Model, tokens: int) -> Scene:
        slots = self._slots()
        title, passage, _, _ = self._pick(documents.PASSAGES)
        text = passage.format_map(slots)
        asked = f"{documents.SUMMARY_REQUEST}# {title.format_map(slots)}\n\n{text}"
        answer = documents.SUMMARY.format(first=text.partition(". ")[0] + ".", n=slots["n"])
        return Scene(
            PROJECTS[2], "summarise-document", model, [{"role": "user", "content": asked}], answer,
            int(tokens * (0.5 + self._chance())), "nightly-job", documents.COMMENTS, tags=["batch", "summary"],
            request_params={"max_tokens": 400}, likes=0.0,
        )  # fmt: skip

    def _slots(self) -> dict[str, Any]:
        number = self._random.getrandbits(30)
        return {
            "order": f"NL-{100_000 + number % 900_000}",
            "case": f"C-{number % 90_000 + 10_000}",
            "n": 2 + number % 7,
            "amount": f"{12 + number % 240}.{'90' if number & 1024 else '50'}",
            "weekday": support.WEEKDAYS[number % 5],
            "city": support.CITIES[number // 7 % 10],
            "product": support.PRODUCTS[number // 11 % 12],
        }

    def _customer(self) -> str:
        return f"customer-{int(3_600 * self._chance() ** 2.1) + 1:04d}"

    def _pick(self, among: Sequence[Any]) -> Any:
        return among[int(self._chance() * len(among))]
