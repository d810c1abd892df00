"""How providers fail: what they say, in their own words, and how often."""

from typing import NamedTuple


class Failure(NamedTuple):
    """An error as a client library reports it."""

    status: str
    error_type: str | None
    message: str


_RATE = "Rate limit reached for {model} on tokens per min (TPM): Limit 450000, Used 447{n}12, Requested 3{n}40."
ORDINARY: dict[str, tuple[Failure, ...]] = {
    "openai": (
        Failure("error", "RateLimitError", "Error code: 429 - " + _RATE),
        Failure("error", "RateLimitError", "Error code: 429 - " + _RATE),
        Failure("error", "InternalServerError", "Error code: 500 - The server had an error while processing your request."),
        Failure("timeout", "APITimeoutError", "Request timed out after 60.0 s."),
        Failure("error", "BadRequestError", "Error code: 400 - This model's maximum context length is 400000 tokens."),
        Failure("error", "APIConnectionError", "Connection error: [Errno 104] Connection reset by peer"),
    ),
    "anthropic": (
        Failure("error", "OverloadedError", "Error code: 529 - {{'type': 'overloaded_error', 'message': 'Overloaded'}}"),
        Failure("error", "RateLimitError", "Error code: 429 - This request would exceed your rate limit of {n}0 per minute."),
        Failure("timeout", "APITimeoutError", "Request timed out after 60.0 s."),
        Failure("error", "BadRequestError", "Error code: 400 - prompt is too long: 20{n}412 tokens > 200000 maximum"),
        Failure("error", "JSONDecodeError", "Answer did not match the schema: Expecting ',' delimiter: line {n} column 18"),
    ),
    "google": (
        Failure("error", "ResourceExhausted", "429 RESOURCE_EXHAUSTED: Quota exceeded for requests per minute per region."),
        Failure("error", "ServiceUnavailable", "503 UNAVAILABLE: The model is overloaded. Please try again later."),
        Failure("error", "ContentFiltered", "The answer was blocked by the safety filter: HARM_CATEGORY_DANGEROUS_CONTENT"),
        Failure("timeout", "DeadlineExceeded", "504 Deadline exceeded after 60 s"),
    ),
    "vllm": (
        Failure("error", "APIConnectionError", "Connection error: gpu-{n}.internal:8001 refused the connection"),
        Failure("timeout", "ReadTimeout", "The read operation timed out"),
    ),
}  # fmt: skip

OUTAGE: tuple[Failure, ...] = (
    Failure("error", "OverloadedError", "Error code: 529 - {{'type': 'overloaded_error', 'message': 'Overloaded'}}"),
    Failure("error", "OverloadedError", "Error code: 529 - {{'type': 'overloaded_error', 'message': 'Overloaded'}}"),
    Failure(
        "error", "InternalServerError", "Error code: 500 - {{'type': 'api_error', 'message': 'Internal server error'}}"
    ),
    Failure("error", "APIStatusError", "Error code: 503 - upstream connect error or disconnect before headers"),
    Failure("timeout", "APITimeoutError", "Request timed out after 60.0 s."),
    Failure("timeout", "APITimeoutError", "Request timed out after 60.0 s."),
)
REFUSALS = ("claude-opus-5-5 is switched off for staging", "the prompt is over the cap of 200,000 tokens")
