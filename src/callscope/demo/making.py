"""The first half of a demo's way: from a day to what is to be stored of its calls. Runs in a process of its own.

Composing, checking, pricing and compressing calls takes as long as writing them; two processes do both in the time of
one.
"""

import signal
from dataclasses import dataclass

from callscope.api.rights import Caller
from callscope.calls.intake import Filed, Intake, names_of
from callscope.calls.schemas import CallIn
from callscope.db.engine import Database
from callscope.db.types import from_micros
from callscope.db.versions import Versions
from callscope.demo.calendar import Day, Pace
from callscope.demo.calls import DemoCall, calls_of
from callscope.ingest.changes import Put
from callscope.ingest.directory import Directory, Place
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import Catalogue
from callscope.settings.service import SettingsService


@dataclass(frozen=True, slots=True)
class Sender:
    """As whom a project's calls are logged."""

    project_id: int
    api_key_id: int


@dataclass(frozen=True, slots=True)
class Planned:
    """A rating of the call with this index of the day."""

    index: int
    author: str
    rating: int
    comment: str | None
    at_micros: int


@dataclass(frozen=True, slots=True)
class Made:
    """A day's calls as they are to be stored, in order of time, and what is thought of some of them."""

    puts: list[Put]
    ratings: list[Planned]


class Maker:
    """Makes days of a demo up to `end_micros`."""

    def __init__(self, database_url: str, pace: Pace, senders: dict[str, Sender], end_micros: int) -> None:
        db = Database(database_url)
        versions = Versions(db)
        catalogue = Catalogue(db, versions)
        self._intake = Intake(PriceBook(), SettingsService(db, versions), catalogue)
        self._directory = Directory(db, catalogue, versions)
        self._pace = pace
        self._senders = {
            name: (Caller(name, api_key_id=one.api_key_id, project_ids=frozenset((one.project_id,))), one.project_id)
            for name, one in senders.items()
        }
        self._end = end_micros
        self._places: dict[tuple[int, str | None, str | None], Place] = {}

    def make(self, day: Day) -> Made:
        """What is to be stored of a day."""
        puts: list[Put] = []
        ratings: list[Planned] = []
        now = from_micros(self._end)
        for index, demo_call in enumerate(calls_of(self._pace, day)):
            call = CallIn.model_validate(demo_call.fields)
            caller, project_id = self._senders[demo_call.project]
            place = self._places.get((project_id, call.environment, call.model)) or self._place(project_id, call)
            puts += self._intake.puts(caller, (Filed(call, project_id, place),), now)
            planned = self._planned(index, demo_call)
            if planned is not None:
                ratings.append(planned)
        return Made(puts, ratings)

    def _place(self, project_id: int, call: CallIn) -> Place:
        names = names_of(project_id, call)
        place = self._directory.places([names])[names]
        self._places[project_id, call.environment, call.model] = place
        return place

    def _planned(self, index: int, call: DemoCall) -> Planned | None:
        opinion = call.opinion
        if opinion is None or call.created_micros + opinion.after_micros > self._end:
            return None
        at_micros = call.created_micros + opinion.after_micros
        return Planned(index, call.fields["end_user"], opinion.rating, opinion.comment, at_micros)


_maker: Maker | None = None  # of the process that this module's functions were sent to


def begin(database_url: str, pace: Pace, senders: dict[str, Sender], end_micros: int) -> None:
    """Make this process ready for `make`. Ctrl-C is the parent's to act on."""
    global _maker  # noqa: PLW0603  # a pool's process has no other place for what its tasks share
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _maker = Maker(database_url, pace, senders, end_micros)


def make(day: Day) -> Made:
    """What is to be stored of a day, by this process's maker."""
    assert _maker is not None  # noqa: S101  # begin() has run
    return _maker.make(day)
