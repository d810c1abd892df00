"""What pricing a call costs in the steady state: the rates looked up in the price book, and the cost computed from them.

    python -m bench.pricing [--calls 300000]

Calls of twenty models on one day, with cached and reasoning tokens; then names that no source knows, each new.
"""

import argparse
import random
import time

from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import CatalogueModel

DAY = 20_777
MODELS = [
    ("openai", "gpt-4o-2024-08-06"), ("openai", "gpt-4.1-mini"), ("openai", "gpt-5"), ("openai", "gpt-6-luna"),
    ("openai", "ft:gpt-4o-mini-2024-07-18:acme::x"), ("azure.ai.openai", "gpt-4o"), ("anthropic", "claude-haiku-4-5-20251001"),
    ("anthropic", "claude-sonnet-4-5-20250929"), ("aws.bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
    ("aws.bedrock", "amazon.nova-pro-v1:0"), ("gcp.gemini", "gemini-2.5-flash"), ("gcp.vertex_ai", "claude-haiku-4-5@20251001"),
    ("google", "gemini-2.5-pro"), ("mistral_ai", "mistral-small-latest"), ("deepseek", "deepseek-flash"), ("x_ai", "grok-4.3"),
    ("groq", "openai/gpt-oss-120b"), ("openrouter", "anthropic/claude-haiku-4.5"), ("perplexity", "sonar-pro"),
    ("unknown", "my-llama-finetune"),
]  # fmt: skip


def main() -> None:
    """Print microseconds a call, and milliseconds for a name that is met for the first time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=300_000)
    options = parser.parse_args()
    started = time.process_time()
    book = PriceBook()
    book.preload()
    print(f"loading the price book: {time.process_time() - started:.2f} s")
    rng = random.Random(1)  # noqa: S311  # not for secrets
    models = [CatalogueModel(i, name, provider, None, True, ()) for i, (provider, name) in enumerate(MODELS)]
    calls = [(rng.choice(models), rng.randint(50, 300_000), rng.randint(5, 800)) for _ in range(options.calls)]
    for model in models:
        book.rates(model, model.name, DAY)
    started = time.process_time()
    for model, prompt, completion in calls:
        rates = book.rates(model, model.name, DAY, 43_200)
        if rates is not None:
            rates.cost(prompt, completion, prompt // 2, 0, 0, completion // 2)
    print(f"a call: {(time.process_time() - started) / len(calls) * 1e6:.2f} µs")
    started = time.process_time()
    for i in range(2_000):
        book.rates(models[0], f"my-gpt-{i}", DAY)
    print(f"a name that is new and unknown: {(time.process_time() - started) / 2_000 * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
