"""Streams: the time to the first token, and the usage, which comes at the end. A stream broken off is recorded too."""

import os

import anthropic
import openai

import callscope

db = callscope.connect()
gpt = callscope.instrument(
    openai.OpenAI(
        base_url=os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:8900/v1"),
        api_key=os.environ.get("OPENAI_API_KEY", "any"),
    ),
    db,
)
claude = callscope.instrument(
    anthropic.Anthropic(
        base_url=os.environ.get("ANTHROPIC_BASE_URL", "http://127.0.0.1:8900"),
        api_key=os.environ.get("ANTHROPIC_API_KEY", "any"),
    ),
    db,
)
question = [{"role": "user", "content": "What is AI? [mock chunk_delay_ms=2]"}]

for chunk in gpt.chat.completions.create(model="gpt-4o", messages=question, stream=True):
    print(chunk.choices[0].delta.content or "", end="", flush=True)
print()

with claude.messages.stream(model="claude-haiku-4-5", max_tokens=200, messages=question) as stream:
    for text in stream.text_stream:
        print(text, end="", flush=True)
print()

with gpt.chat.completions.create(model="gpt-4o", messages=question, stream=True) as stream:
    for _chunk in stream:
        break  # the reader has seen enough

db.close()
