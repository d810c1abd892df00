"""What can be wrong with one submission while the rest of its batch is fine."""

from callscope.api.errors import Conflict, Forbidden, NotFound


class CallNotFound(NotFound):
    """There is no such call."""

    def __init__(self, call_id: int) -> None:
        super().__init__(f"There is no call {call_id}.")


class KeyReused(Conflict):
    """An idempotency key came again with another body."""

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used with another body in the last 24 hours. Use a new key.")


class ProjectForbidden(Forbidden):
    """The call is in a project that the caller may not see."""

    def __init__(self) -> None:
        super().__init__(
            "This call is in a project that you have no right to. An admin can give it to you under Users."
        )
