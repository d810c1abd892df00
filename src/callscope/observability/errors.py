"""What a program that uses the client may have to handle. Each says in its message what can be done."""


def message_of(error: BaseException) -> str:
    """What an error says; of one that cannot even say that, nothing."""
    try:
        return str(error)
    except Exception:
        return ""


class CallscopeError(Exception):
    """Everything that is raised here."""


class NotConnected(CallscopeError):
    """There is nothing to record to, or what was named cannot be used."""


class Refused(CallscopeError):
    """A setting of an administrator kept a call from the provider."""


class ModelDisabled(Refused):
    """The model is switched off."""

    def __init__(self, model: str | int) -> None:
        name = f"Model {model}" if isinstance(model, int) else model
        super().__init__(
            f"{name} is switched off by an administrator. Use another model, or have it enabled under Models."
        )


class TokenCapExceeded(Refused):
    """The request is larger than one request may be."""

    def __init__(self, tokens: int, cap: int) -> None:
        super().__init__(
            f"This request could take about {tokens:,} tokens, and an administrator allows {cap:,} per request. "
            "Shorten the prompt, ask for fewer tokens, or have the cap raised under Settings."
        )


class CallTimedOut(CallscopeError, TimeoutError):
    """The call took longer than it was given."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:g} s")
