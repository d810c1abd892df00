"""An OpenAI client, instrumented: everything that it asks is recorded, and nothing else changes."""

import os

import openai

import callscope

db = callscope.connect()
client = callscope.instrument(
    openai.OpenAI(
        base_url=os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:8900/v1"),
        api_key=os.environ.get("OPENAI_API_KEY", "any"),
        max_retries=0,
    ),
    db,
)

chat = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "What is AI?"}])
print(chat.choices[0].message.content)

response = client.responses.create(model="gpt-5-mini", input="What is AI, in one sentence?")
print(response.output_text)

vectors = client.embeddings.create(model="text-embedding-3-small", input=["What is AI?", "What is the weather?"])
print(len(vectors.data), "vectors")

try:
    # The mock provider answers with the error that the prompt asks for.
    client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "What is AI? [mock status=429 retry_after=2]"}]
    )
except openai.RateLimitError as error:
    print("refused:", error)

db.close()
