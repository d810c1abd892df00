"""The settings as they go over HTTP."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StrictBool

from callscope.settings.models import DEFAULT_CACHE_TTL_SECONDS
from callscope.settings.service import Settings, SettingsChanges

MAX_TOKENS = 1_000_000_000
MAX_CACHE_TTL_SECONDS = 7 * 86_400

_EXAMPLE: dict[str, JsonValue] = {"claude_haiku_45_enabled": False, "max_tokens_per_request": 4096}


class SettingsOut(BaseModel):
    """The settings in force."""

    claude_haiku_45_enabled: bool = Field(
        description="Whether Claude Haiku 4.5 may be used. The same switch as `enabled` of its models in the catalogue."
    )
    max_tokens_per_request: int | None = Field(
        description="The most tokens that one request may ask for; null: no cap."
    )
    enable_caching: bool = Field(description="Whether clients may answer from the shared response cache.")
    cache_ttl_seconds: int = Field(description="How long an answer of the response cache may be used again.")
    updated_at: datetime | None = Field(description="When a setting was last changed; null: never.")
    updated_by: str | None = Field(description="Who changed it last.")

    @classmethod
    def of(cls, settings: Settings) -> "SettingsOut":
        """As it is shown."""
        return cls(
            claude_haiku_45_enabled=settings.claude_haiku_45_enabled,
            max_tokens_per_request=settings.max_tokens_per_request,
            enable_caching=settings.enable_caching,
            cache_ttl_seconds=settings.cache_ttl_seconds,
            updated_at=settings.updated_at,
            updated_by=settings.updated_by,
        )


class SettingsPatch(BaseModel):
    """The settings to change; those left out stay as they are."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    # A default marks the field as optional; it is never read, since only the fields that were sent count.
    claude_haiku_45_enabled: StrictBool = Field(True, description="Switch Claude Haiku 4.5 on or off.")
    max_tokens_per_request: Annotated[int, Field(strict=True, ge=1, le=MAX_TOKENS)] | None = Field(
        None, description="The most tokens that one request may ask for; null takes the cap away."
    )
    enable_caching: StrictBool = Field(False, description="Let clients answer from the shared response cache.")

    cache_ttl_seconds: Annotated[int, Field(strict=True, ge=1, le=MAX_CACHE_TTL_SECONDS)] = Field(
        DEFAULT_CACHE_TTL_SECONDS, description="How long an answer of the response cache may be used again."
    )

    def changes(self) -> SettingsChanges:
        """The fields that were sent."""
        sent: SettingsChanges = {}
        if "claude_haiku_45_enabled" in self.model_fields_set:
            sent["claude_haiku_45_enabled"] = self.claude_haiku_45_enabled
        if "max_tokens_per_request" in self.model_fields_set:
            sent["max_tokens_per_request"] = self.max_tokens_per_request
        if "enable_caching" in self.model_fields_set:
            sent["enable_caching"] = self.enable_caching
        if "cache_ttl_seconds" in self.model_fields_set:
            sent["cache_ttl_seconds"] = self.cache_ttl_seconds
        return sent
