"""The kind of an error, from what providers and SDKs say of it. A guess by words; `other` where none fits."""

import re
from functools import lru_cache

from callscope.ingest.row import ErrorKind, Status

_KINDS: tuple[tuple[ErrorKind, str], ...] = (
    # before quota: OpenAI ends "Rate limit reached for …" with an advice on billing
    (ErrorKind.rate_limit, r"rate.?limit (was )?(reached|exceeded)"),
    (ErrorKind.quota, r"insufficient.?quota|exceeded your current quota|billing|credit balance|payment|402\b"),
    (ErrorKind.rate_limit, r"rate.?limit|too many requests|throttl|resource.?exhausted|\b429\b"),
    (ErrorKind.context_length, r"context.?(length|window)|maximum context|too many tokens|prompt is too long"),
    (ErrorKind.content_filter, r"content.?(filter|policy|management)|\bsafety\b|moderation|blocked"),
    (ErrorKind.overloaded, r"overload|capacity|\b529\b|unavailable|\b503\b"),
    (ErrorKind.timeout, r"time.?d? ?out|deadline"),
    (ErrorKind.cancelled, r"cancel|abort"),
    (ErrorKind.authentication, r"authenticat|unauthori[sz]ed|api.?key|\b401\b"),
    (ErrorKind.permission, r"permission|forbidden|access.?denied|\b403\b"),
    (ErrorKind.not_found, r"not.?found|does not exist|\b404\b"),
    (ErrorKind.connection, r"connect|network|dns|socket|ssl|refused|reset by peer"),
    (ErrorKind.bad_response, r"json|pars(e|ing)|decode|schema|validation"),
    (ErrorKind.invalid_request, r"invalid|bad.?request|unprocessable|unsupported|\b400\b|\b422\b"),
    (ErrorKind.server_error, r"server.?error|internal|bad.?gateway|\b50[0-9]\b"),
)
_PATTERNS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _KINDS)
_LOOKED_AT = 300
_GENERAL = {ErrorKind.invalid_request, ErrorKind.rate_limit}
_TOLD_IN_WORDS = {ErrorKind.quota, ErrorKind.context_length, ErrorKind.content_filter}
"""What providers raise as errors of a general type, so that only the message tells."""


def error_kind(status: Status, error_type: str | None, message: str | None) -> ErrorKind:
    """What kind of error a call ended with. The type is believed before the message, unless the message tells more."""
    if status is Status.success:
        return ErrorKind.none
    if status is Status.timeout:
        return ErrorKind.timeout
    by_type, by_message = (_kind(text[:_LOOKED_AT]) if text else ErrorKind.other for text in (error_type, message))
    if by_type is ErrorKind.other or (by_type in _GENERAL and by_message in _TOLD_IN_WORDS):
        return by_message
    return by_type


@lru_cache(maxsize=4096)
def _kind(text: str) -> ErrorKind:
    return next((kind for kind, pattern in _PATTERNS if pattern.search(text)), ErrorKind.other)
