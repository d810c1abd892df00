"""Writes `catalogue.json`, the names of the models that a new catalogue starts with, from the installed genai-prices.

    python -m callscope.pricing.refresh

The file has names and providers only; prices are looked up in genai-prices when they are needed. It exists so that a
first start need not import genai-prices, which takes half a second. Run this after each update of genai-prices.
"""

import json
import re
from importlib.metadata import version
from typing import TYPE_CHECKING

from callscope.pricing.seed import CATALOGUE_FILE
from callscope.pricing.snapshot import Snapshot

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo

PROVIDERS = ("openai", "anthropic", "google", "mistral", "aws", "azure", "deepseek", "x-ai", "cohere")
_NOT_IN_USE = re.compile(
    r"^(?:ada|babbage|curie|davinci|text-davinci|claude-2|claude-v1|ft:|wizardlm|gemini-1\.0|gemini-pro)"
    r"|:free$|:extended$|\.ft-|-0301$|vision-preview"
)
_NOT_CHAT_OR_EMBEDDING = re.compile(
    r"image|tts|realtime|audio|transcribe|whisper|moderation|ocr|live|voxtral|sonic|banana|omni|computer-use|robotics"
    r"|voice|rerank"
)


def build() -> dict[str, object]:
    """The content of the file."""
    from genai_prices.data import providers

    snapshot = Snapshot()
    models = {}
    for provider in providers:
        if provider.id in PROVIDERS:
            found = (_api_name(snapshot, provider.id, model) for model in provider.models)
            models[provider.id] = sorted({name for name in found if name is not None})
    return {
        "about": "Models that a new catalogue starts with: names and providers. Made by callscope.pricing.refresh.",
        "source": f"genai-prices {version('genai-prices')}, https://github.com/pydantic/genai-prices, MIT licence, "
        "copyright Pydantic Services Inc.",
        "models": {provider: models[provider] for provider in PROVIDERS},
    }


def _api_name(snapshot: Snapshot, provider: str, model: "ModelInfo") -> str | None:
    """The name under which programs call a model; None for one that a new catalogue does not need."""
    if model.deprecated or _NOT_IN_USE.search(model.id) or _NOT_CHAT_OR_EMBEDDING.search(model.id):
        return None
    if provider == "google" and model.id.startswith("claude"):  # the same models as at Anthropic
        return None
    stem = model.id.removeprefix("regional.")
    for name in (model.id, stem, f"{stem}-latest", f"us.{stem}"):
        match = snapshot.find(provider, name)
        is_api_name = not name.startswith("regional.")
        if is_api_name and match is not None and match.model is model and snapshot.rates(match, 20_000, 0) is not None:
            return name
    return None


def content() -> str:
    """The file as it is written."""
    return json.dumps(build(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    CATALOGUE_FILE.write_text(content(), encoding="utf-8")
