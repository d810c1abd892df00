"""An Anthropic client, instrumented; tokens that come from a cache are recorded as what they are, and cost less."""

import os

import anthropic

import callscope

db = callscope.connect()
client = callscope.instrument(
    anthropic.Anthropic(
        base_url=os.environ.get("ANTHROPIC_BASE_URL", "http://127.0.0.1:8900"),
        api_key=os.environ.get("ANTHROPIC_API_KEY", "any"),
    ),
    db,
)

message = client.messages.create(
    model="claude-sonnet-5-5",
    max_tokens=200,
    system="You answer in one sentence.",
    # The mock provider tells of the usage that the prompt asks for.
    messages=[{"role": "user", "content": "What is AI? [mock cached_tokens=2000 completion_tokens=40]"}],
)
print(message.content[0].text)
print(message.usage.cache_read_input_tokens, "tokens came from the cache")

db.close()
