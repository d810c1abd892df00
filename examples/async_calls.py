"""Ten calls at a time with asyncio. One takes longer than the program waits: it is recorded as a timeout."""

import asyncio
import os

import openai

import callscope

db = callscope.connect()
client = openai.AsyncOpenAI(
    base_url=os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:8900/v1"),
    api_key=os.environ.get("OPENAI_API_KEY", "any"),
)
wrapper = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o-mini", name="greeting")


async def greet(prompt: str) -> object:
    return await client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": prompt}])


async def main() -> None:
    prompts = [f"Greet customer {number}." for number in range(9)]
    prompts.append("Greet the last one slowly. [mock delay_ms=60000]")
    results = await asyncio.gather(*(wrapper.acall_llm(greet, prompt, timeout=5) for prompt in prompts))
    for prompt, result in zip(prompts, results, strict=True):
        print(prompt, "→", "answered" if result["success"] else result["error"])
    await client.close()


asyncio.run(main())
db.close()
