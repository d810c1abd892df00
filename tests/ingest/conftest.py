"""A call, for the tests of what comes in."""

CALL = {
    "model": "gpt-4",
    "provider": "openai",
    "prompt_tokens": 5,
    "completion_tokens": 150,
    "latency_ms": 20,
    "status": "success",
}
"""A call that is fine as it is."""
