"""The tables of the rollups: sums of contributions over cells.

A cell is a span of time (four grains) times what is told apart (four levels):

- `TOTAL`: a project. Answers what is not filtered, and compares projects.
- `MODEL`: project, environment, model, status. Answers every filter of the metrics routes.
- `DETAIL`: besides, kind of error, size class of the prompt and service tier. Answers what errors there were and what
  other models would have cost.
- `UNPRICED`: the part of `DETAIL` that has no cost. Without it, nobody could say which tokens a cost was paid for.

`TOTAL` and `MODEL` cells are kept once more with project 0, the sum over all projects, so that who sees all projects
reads as little with forty of them as with one.
"""

from enum import IntEnum

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, LargeBinary, SmallInteger, String, Table

from callscope.db.types import metadata

ALL = -1
"""The status of cells that hold every status."""


class Grain(IntEnum):
    """The width of a cell in time."""

    MINUTE = 0
    QUARTER = 1
    HOUR = 2
    DAY = 3


GRAIN_MINUTES = {Grain.MINUTE: 1, Grain.QUARTER: 15, Grain.HOUR: 60, Grain.DAY: 1440}


class Level(IntEnum):
    """What a cell tells apart."""

    TOTAL = 0
    MODEL = 1
    DETAIL = 2
    UNPRICED = 3


MEASURES = (
    "calls",
    "errors",
    "cost_nanos",
    "unpriced_calls",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "reasoning_tokens",
    "audio_input_tokens",
    "audio_output_tokens",
    "image_tokens",
    "server_tool_calls",
    "latency_calls",
    "latency_us",
    "ttft_calls",
    "ttft_us",
    "refusals",
    "cache_hits",
    "saved_nanos",
    "violations",
    "estimated_calls",
    "image_output_tokens",
    "rating_1",
    "rating_2",
    "rating_3",
    "rating_4",
    "rating_5",
)
"""What is summed, in the order of `callscope.ingest.contribution.measures`.

Audio and image tokens are summed as they are billed, so that no token is in two parts of a prompt or completion: what is
both cached and audio is cached. `image_tokens` are those that can be part of the prompt, `image_output_tokens` those
that can be part of the completion, since only a price says which of them an image is.
"""

WIDE = ("cost_nanos", "saved_nanos", "latency_us", "ttft_us")
"""Measures of which few absurd calls could make more than a number of 64 bits holds."""
MAX_OF_A_DAY = 2**53
"""What one project's calls of a day may add up to, of each wide measure: nine million dollars, or 285 years.

So a thousand projects, which is the most there can be, stay within 64 bits together, and no sender can spoil the sums of
all projects for the others.
"""

HISTOGRAM_KEY = ("level", "grain", "project_id", "bucket", "environment_id", "model_id", "status")
CELL_KEY = (*HISTOGRAM_KEY, "error_kind", "size_class", "service_tier")
_SMALL = {"level", "grain", "status", "error_kind", "size_class", "service_tier"}


def _key(name: str) -> Column[int]:
    return Column(name, SmallInteger if name in _SMALL else Integer, primary_key=True, autoincrement=False)


rollups = Table(
    "rollups",
    metadata,
    *(_key(name) for name in CELL_KEY),
    *(Column(name, BigInteger, nullable=False) for name in MEASURES),
    CheckConstraint(
        f"project_id = 0 OR ({' AND '.join(f'{name} <= {MAX_OF_A_DAY}' for name in WIDE)})", name="ck_rollups_bounded"
    ),
    sqlite_with_rowid=False,
    comment="bucket is in minutes since the epoch",
)

rollup_histograms = Table(
    "rollup_histograms",
    metadata,
    *(_key(name) for name in HISTOGRAM_KEY),
    Column("latency", LargeBinary, nullable=False),
    Column("first_token", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

SIDE_MEASURES = ("calls", "errors", "tokens", "cost_nanos", "unpriced_calls")

rollup_end_users = Table(
    "rollup_end_users",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("end_user", String(200), primary_key=True),
    *(Column(name, BigInteger, nullable=False) for name in SIDE_MEASURES),
    sqlite_with_rowid=False,
)

end_user_admissions = Table(
    "end_user_admissions",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("admitted", Integer, nullable=False),
    sqlite_with_rowid=False,
    comment="how many end users of a project have a row of their own on a day",
)

rollup_api_keys = Table(
    "rollup_api_keys",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("project_id", Integer, primary_key=True, autoincrement=False),
    Column("api_key_id", Integer, primary_key=True, autoincrement=False),
    *(Column(name, BigInteger, nullable=False) for name in SIDE_MEASURES),
    sqlite_with_rowid=False,
)
