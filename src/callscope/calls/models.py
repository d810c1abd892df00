"""The tables of calls and of what they cost. Written in bulk, so plain tables; their columns are `CallRow`'s, in order.

Every index here costs on every call, and one that begins with a random value costs most: those begin with the day, so
that today's writes stay in one place, and leave out the calls that have no such value.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
)

from callscope.db.types import metadata

environments = Table(
    "environments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    comment="shared by all projects, so that sums over projects need not tell them apart",
)

project_environments = Table(
    "project_environments",
    metadata,
    Column("project_id", Integer, primary_key=True),
    Column("environment_id", Integer, primary_key=True),
)

project_models = Table(
    "project_models",
    metadata,
    Column("project_id", Integer, primary_key=True),
    Column("model_id", Integer, primary_key=True),
)

llm_call_logs = Table(
    "llm_call_logs",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("project_id", Integer, nullable=False),
    Column("environment_id", Integer, nullable=False),
    Column("model_id", Integer, nullable=False),
    Column("user_id", Integer),
    Column("api_key_id", Integer),
    Column("created_at", BigInteger, nullable=False, comment="start of the call, microseconds since the epoch"),
    Column("day", Integer, nullable=False, comment="UTC days since the epoch; leads the indexes with random keys"),
    Column("is_call", Boolean, nullable=False, comment="false: a witness of another call, or withdrawn"),
    Column("merged_into", BigInteger, comment="the call that this row is a witness of"),
    Column("witnesses", Integer, nullable=False),
    Column("source", SmallInteger, nullable=False),
    Column("status", SmallInteger, nullable=False, comment="0 success, 1 error, 2 timeout"),
    Column("error_kind", SmallInteger, nullable=False),
    Column("error_type", String(200)),
    Column("error_message", Text),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("cached_tokens", BigInteger, nullable=False),
    Column("cache_write_tokens", BigInteger, nullable=False),
    Column("cache_write_1h_tokens", BigInteger, nullable=False),
    Column("reasoning_tokens", BigInteger, nullable=False),
    Column("audio_input_tokens", BigInteger, nullable=False),
    Column("audio_output_tokens", BigInteger, nullable=False),
    Column("image_tokens", BigInteger, nullable=False),
    Column("server_tool_calls", Integer, nullable=False),
    Column("size_class", SmallInteger, nullable=False),
    Column("service_tier", SmallInteger, nullable=False),
    Column("latency_ms", Float(53), nullable=False),
    Column("time_to_first_token_ms", Float(53)),
    Column("usage_estimated", Boolean, nullable=False),
    Column("cache_hit", Boolean, nullable=False),
    Column("saved_cost", BigInteger, comment="nano-dollars"),
    Column("refused", Text, comment="why a policy kept the call from the provider"),
    Column("violation", SmallInteger, nullable=False, comment="bits: 1 model switched off, 2 over the token cap"),
    Column("erased", Boolean, nullable=False),
    Column("request_model", String(200)),
    Column("model_name", String(200), comment="the model's name where its project is beyond its bound of models"),
    Column("response_id", String(200)),
    Column("trace_id", String(200)),
    Column("span_id", String(200)),
    Column("parent_span_id", String(200)),
    Column("session_id", String(200)),
    Column("end_user", String(200)),
    Column("name", String(200)),
    Column("tags", Text, comment="JSON list of strings"),
    Column("payload_table", Integer, comment="which table holds the payload"),
    Column("payload_id", BigInteger, comment="the call's id under which the payload lies there"),
    Column("rating_1", Integer, nullable=False),
    Column("rating_2", Integer, nullable=False),
    Column("rating_3", Integer, nullable=False),
    Column("rating_4", Integer, nullable=False),
    Column("rating_5", Integer, nullable=False),
)

_calls = llm_call_logs.c
Index("ix_calls_created", _calls.created_at, _calls.id)
Index("ix_calls_project", _calls.project_id, _calls.created_at, _calls.id)
Index("ix_calls_model", _calls.model_id, _calls.created_at, _calls.id)


def _partial(name: str, *columns: Column[object], present: Column[object] | None = None, where: object = None) -> None:
    condition = present.is_not(None) if present is not None else where
    Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


_partial("ix_calls_errors", _calls.created_at, _calls.id, where=_calls.status != 0)
_partial("ix_calls_end_user", _calls.day, _calls.end_user, _calls.created_at, present=_calls.end_user)
_partial("ix_calls_session", _calls.day, _calls.session_id, _calls.created_at, present=_calls.session_id)
_partial("ix_calls_trace", _calls.day, _calls.trace_id, _calls.span_id, present=_calls.trace_id)
_partial("ix_calls_response", _calls.day, _calls.response_id, present=_calls.response_id)
_partial("ix_calls_merged", _calls.merged_into, present=_calls.merged_into)

cost_logs = Table(
    "cost_logs",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("llm_call_id", BigInteger, nullable=False, comment="the same number as id"),
    Column("estimated_cost", BigInteger, nullable=False, comment="nano-dollars, as all costs here"),
    Column("input_cost", BigInteger, nullable=False),
    Column("cached_input_cost", BigInteger, nullable=False),
    Column("cache_write_cost", BigInteger, nullable=False),
    Column("output_cost", BigInteger, nullable=False),
    Column("other_cost", BigInteger, nullable=False),
    Column("price_source", SmallInteger, nullable=False, comment="1 reported, 2 override, 3 catalogue"),
    Column("priced_at", BigInteger, nullable=False),
)
