"""What a handle has recorded in the database of this process, and what an admin does there."""

from typing import Any

from callscope.api.rights import Caller, Role
from callscope.embedded import Embedded
from callscope.observability.handle import Handle
from callscope.settings.service import SettingsChanges
from callscope.store.queries import CallFilter

ADMIN = Caller("admin@example.com", user_id=1, role=Role.ADMIN)


def embedded(handle: Handle) -> Embedded:
    """The database behind a handle."""
    transport = handle._sender._transport
    assert isinstance(transport, Embedded)
    return transport


def calls_of(handle: Handle) -> list[dict[str, Any]]:
    """All calls with their payloads, the newest first."""
    handle.flush()
    calls = embedded(handle).parts().calls
    _, summaries = calls.page(CallFilter(), None, 100)
    return [calls.get(ADMIN, call.id).model_dump() for call in summaries]


def change_settings(handle: Handle, **changes: Any) -> None:
    """An admin changes settings."""
    embedded(handle).parts().settings.change(ADMIN, SettingsChanges(**changes))  # type: ignore[typeddict-item]  # as named
