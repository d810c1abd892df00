"""The policy and the entries of the response cache as they go over HTTP."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from callscope.settings.schemas import MAX_CACHE_TTL_SECONDS


class DisabledModel(BaseModel):
    """A model that is switched off, under this and any other spelling with the same key."""

    id: int = Field(description="Its number in the catalogue.")
    name: str
    provider: str
    key: str = Field(description="What all spellings of the model have in common; `model_key` of the client makes it.")


class Caching(BaseModel):
    """Whether and how clients may answer from the response cache."""

    enabled: bool
    ttl_seconds: int = Field(description="How long an answer may be used again.")
    max_entry_bytes: int = Field(description="The largest answer, as JSON, that the shared cache takes.")


class PolicyOut(BaseModel):
    """What a client must obey."""

    version: str = Field(description="Another one after each change of what follows.")
    project: str | None = Field(description="The key's project; null for a key for all projects.")
    disabled_models: list[DisabledModel]
    max_tokens_per_request: int | None = Field(description="For prompt and completion together; null: no cap.")
    caching: Caching


class CacheEntryIn(BaseModel):
    """An answer to keep."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"value": {"text": "It is seven."}, "model": "gpt-4o", "ttl_seconds": 600}]},
    )

    value: JsonValue = Field(description="Any JSON, as large as the policy's `max_entry_bytes` says.")
    model: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="The model that answered.")
    ttl_seconds: Annotated[int, Field(ge=1, le=MAX_CACHE_TTL_SECONDS)] | None = Field(
        None, description="How long it may be used; at most, and if left out, what the policy says."
    )


class CacheReceipt(BaseModel):
    """That an answer is kept."""

    digest: str
    expires_at: datetime


class CacheEntryOut(CacheReceipt):
    """An answer that was kept."""

    model: str
    value: JsonValue
