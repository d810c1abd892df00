"""The kind of an error, as providers and SDKs really word it."""

import pytest

from callscope.ingest.error_kinds import error_kind
from callscope.ingest.row import Status


@pytest.mark.parametrize(
    ("error_type", "message", "kind"),
    [
        ("BadRequestError", "This model's maximum context length is 8192 tokens, however you requested 9000", "context_length"),
        ("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", "context_length"),
        ("BadRequestError", "The response was filtered due to Azure OpenAI's content management policy", "content_filter"),
        ("invalid_request_error", "Your credit balance is too low to access the Anthropic API", "quota"),
        ("RateLimitError", "Error code: 429 - You exceeded your current quota, check your plan and billing details", "quota"),
        ("RateLimitError", "Error code: 429 - {'code': 'insufficient_quota'}", "quota"),
        (
            "RateLimitError",
            "Rate limit reached for gpt-4o on tokens per min. Add a payment method at https://example.com/billing",
            "rate_limit",
        ),
        ("rate_limit_error", "This request would exceed your organization's rate limit", "rate_limit"),
        ("RateLimitError", None, "rate_limit"),
        ("BadRequestError", "Unsupported parameter: 'safety_identifier'", "invalid_request"),
        ("BadRequestError", "connection refused while fetching the image", "invalid_request"),
        ("AuthenticationError", "no billing, no context window", "authentication"),
        ("ValueError", "too many requests", "rate_limit"),
        (None, "the provider's safety system stepped in", "content_filter"),
        (None, None, "other"),
    ],
)  # fmt: skip
def test_an_error_is_known_by_its_type_unless_its_message_tells_more(
    error_type: str | None, message: str | None, kind: str
) -> None:
    assert error_kind(Status.error, error_type, message).name == kind
