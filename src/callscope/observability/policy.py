"""What an administrator's settings forbid and allow, as the client keeps it, and the check before each call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from callscope.observability.errors import ModelDisabled, TokenCapExceeded
from callscope.observability.names import model_key

CACHE_TTL_SECONDS = 3_600.0
CACHE_ENTRY_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings in force. The defaults, which forbid nothing, hold until others are known.

    `disabled` has the keys of the models that are switched off, as `model_key` makes them, `disabled_ids` their numbers.
    """

    version: str = ""
    disabled: frozenset[str] = frozenset()
    disabled_ids: frozenset[int] = frozenset()
    max_tokens_per_request: int | None = None
    caching: bool = False
    cache_ttl_seconds: float = CACHE_TTL_SECONDS
    cache_max_entry_bytes: int = CACHE_ENTRY_BYTES

    def check(self, model: str | int | None, provider: str | None, tokens: Callable[[], int]) -> None:
        """Raise what keeps a call from the provider.

        Args:
            model: what is asked for, by name or by its number in the catalogue; None if that cannot be known.
            provider: who is asked, if it is known.
            tokens: how many tokens it may come to; asked for only where there is a cap.

        Raises ModelDisabled, TokenCapExceeded.
        """
        if model is not None and self.forbids(model, provider):
            raise ModelDisabled(model)
        cap = self.max_tokens_per_request
        if cap is not None and (wanted := tokens()) > cap:
            raise TokenCapExceeded(wanted, cap)

    def forbids(self, model: str | int, provider: str | None = None) -> bool:
        """Whether the model is switched off, however its name is written."""
        if isinstance(model, int):
            return model in self.disabled_ids
        return bool(self.disabled) and model_key(model, provider) in self.disabled


def policy_of(data: Mapping[str, Any]) -> Policy:
    """The policy of what `GET /policy` says."""
    models = data.get("disabled_models") or ()
    caching = data.get("caching") or {}
    return Policy(
        version=str(data.get("version", "")),
        disabled=frozenset(model["key"] for model in models),
        disabled_ids=frozenset(model["id"] for model in models),
        max_tokens_per_request=data.get("max_tokens_per_request"),
        caching=bool(caching.get("enabled")),
        cache_ttl_seconds=float(caching.get("ttl_seconds") or CACHE_TTL_SECONDS),
        cache_max_entry_bytes=int(caching.get("max_entry_bytes") or CACHE_ENTRY_BYTES),
    )
