"""What can be wrong with one submission while the rest of its batch is fine."""

from collections.abc import Iterable
from datetime import date

from callscope.api.envelope import FieldError
from callscope.api.errors import Conflict, Forbidden, Invalid, NotFound


class CallNotFound(NotFound):
    """There is no such call, or no longer."""

    def __init__(self, call_id: int, *, was_kept: bool = False) -> None:
        gone = f"Call {call_id} is no longer here: it was older than its project keeps calls."
        super().__init__(gone if was_kept else f"There is no call {call_id}.")


class TooOld(Invalid):
    """Calls began before the first day of which their projects keep calls.

    Args:
        fields: which `created_at` they are, by what a caller calls it, and that day.
    """

    def __init__(self, fields: Iterable[tuple[str, date]]) -> None:
        message = (
            "is before {}, the first day of which the project keeps calls. Older ones are deleted, and taken no more"
        )
        super().__init__(*(FieldError(field=name, message=message.format(day)) for name, day in fields))


class KeyReused(Conflict):
    """An idempotency key came again with another body."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used with another body in the last 24 hours. Use a new key.")


class TotalsFull(Invalid):
    """The calls of a project and day would add up to more than is counted."""

    def __init__(self) -> None:
        message = (
            "these calls would make what one project's calls of a day add up to more than can be counted: at most "
            "9 million US dollars, or 285 years of latency. Are the costs and latencies in the right unit?"
        )
        super().__init__(FieldError(field="body", message=message))


class ProjectForbidden(Forbidden):
    """The call is in a project that the caller may not see."""

    def __init__(self) -> None:
        super().__init__(
            "This call is in a project that you have no right to. An admin can give it to you under Users."
        )
