"""Model and provider names as programs send them, and when a name may be taken for a model that genai-prices knows.

genai-prices matches loosely (whatever begins with `claude-opus-4-1` is Claude Opus 4.1 to it, `claude-opus-4-10` too),
which suits a display and not a bill. Here a match holds only when the name is one that the model's rules spell out, or
such a name followed by a real version or date.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genai_prices.types import MatchLogic, ModelInfo

_PROVIDERS = {
    "openai": "openai", "openairesponses": "openai", "openaichat": "openai",
    "azure": "azure", "azureopenai": "azure", "azureai": "azure", "azureaiopenai": "azure", "azaiopenai": "azure",
    "azureaiinference": "azure", "azaiinference": "azure", "azureaifoundry": "azure",
    "aws": "aws", "awsbedrock": "aws", "bedrock": "aws", "bedrockconverse": "aws", "amazon": "aws",
    "amazonbedrock": "aws",
    "anthropic": "anthropic", "claude": "anthropic",
    "google": "google", "gemini": "google", "googlegemini": "google", "googlegenai": "google", "googlegla": "google",
    "googleaistudio": "google", "gcpgemini": "google", "gcpgenai": "google", "gcpvertexai": "google",
    "vertex": "google", "vertexai": "google", "googlevertex": "google", "googlevertexai": "google",
    "vertexaibeta": "google",
    "mistral": "mistral", "mistralai": "mistral",
    "deepseek": "deepseek", "deepseekai": "deepseek",
    "xai": "x-ai", "grok": "x-ai",
    "cohere": "cohere", "coherev2": "cohere", "groq": "groq", "perplexity": "perplexity", "perplexityai": "perplexity",
    "together": "together", "togetherai": "together", "fireworks": "fireworks", "fireworksai": "fireworks",
    "openrouter": "openrouter", "cerebras": "cerebras", "moonshot": "moonshotai", "moonshotai": "moonshotai",
    "zai": "zai", "zhipuai": "zhipuai", "minimax": "minimax", "voyage": "voyageai", "voyageai": "voyageai",
    "novita": "novita", "databricks": "databricks", "cloudflare": "cloudflare", "workersai": "cloudflare",
    "githubcopilot": "github-copilot", "baseten": "baseten", "ovhcloud": "ovhcloud",
}  # fmt: skip
"""Providers as users, SDKs and the OpenTelemetry conventions write them, without case and punctuation."""

FIRST_PARTIES = (
    "openai", "anthropic", "google", "mistral", "deepseek", "x-ai", "cohere", "perplexity", "moonshotai", "voyageai",
)  # fmt: skip
"""Who may be meant when no provider is named: those who sell their own models."""

_OPEN_WEIGHTS = ("gpt-oss", "gemma", "open-")
"""Anyone may serve these, so without a provider their name tells no price."""

_DAY = r"(?:0[1-9]|[12]\d|3[01])"
_MONTH = r"(?:0[1-9]|1[0-2])"
_VERSION = rf"""(?:
    [-@]20\d\d{_MONTH}{_DAY}                   # -20251001, @20251001
  | [-@]20\d\d-{_MONTH}-{_DAY}                 # -2024-08-06
  | (?:-preview|-exp)?-{_MONTH}-{_DAY}         # -preview-05-20
  | (?:-preview|-exp)?-{_MONTH}-20\d\d         # -preview-09-2025
  | -(?:2[3-9]{_MONTH}|{_MONTH}{_DAY})         # -2411, -0613
  | [-@]00\d                                   # -001
  | [-@]latest | @default
)"""
_SUFFIX = re.compile(_VERSION, re.VERBOSE)
_BEDROCK_SUFFIX = re.compile(rf"{_VERSION}?(?:-v\d{{1,2}})?(?::\d{{1,2}})?", re.VERBOSE)
_BEDROCK_PREFIX = re.compile(r"(?:(?:us|us-gov|eu|apac|au|jp|in|ca|global)\.)?(?:(?:anthropic|amazon)\.)?")


@lru_cache(maxsize=1_000)
def provider_id(written: str) -> str | None:
    """genai-prices' id of a provider, however it is written; None for one that is not known."""
    return _PROVIDERS.get(re.sub(r"[^a-z0-9]", "", written.lower()))


def bare_name(name: str, provider: str) -> str:
    """The model's name without what wraps it: ARN, resource path, the provider's own prefix."""
    name = name.strip().lower()
    if name.startswith("arn:") or (provider == "google" and "models/" in name):
        return name.rpartition("/")[2]
    head, slash, rest = name.partition("/")
    return rest if slash and provider_id(head) == provider else name


def tells_first_party(name: str) -> bool:
    """Whether a name without a provider can be priced at all: not one that anyone may serve."""
    return not name.startswith(_OPEN_WEIGHTS)


def is_sure(model: "ModelInfo", name: str, provider: str) -> bool:
    """Whether `name`, which genai-prices takes for `model`, is that model for sure."""
    spelled_out = {model.id.lower(), *_literals(model.match)}
    if name in spelled_out:
        return True
    if provider == "aws":
        return any(_is_bedrock_name(name, literal) for literal in spelled_out)
    stems = {literal.rstrip("-@:") for literal in spelled_out}
    return any(name.startswith(stem) and _SUFFIX.fullmatch(name, len(stem)) for stem in stems if stem)


def _is_bedrock_name(name: str, literal: str) -> bool:
    literal = literal.removeprefix("regional.")
    start = name.find(literal)
    return (
        start >= 0
        and _BEDROCK_PREFIX.fullmatch(name, 0, start) is not None
        and _BEDROCK_SUFFIX.fullmatch(name, start + len(literal)) is not None
    )


def _literals(clause: "MatchLogic") -> set[str]:
    """The texts that a rule compares with; what a regular expression allows is not spelled out."""
    from genai_prices import types

    match clause:
        case types.ClauseEquals(equals=text):
            return {text.lower()}
        case types.ClauseStartsWith(starts_with=text):
            return {text.lower()}
        case types.ClauseEndsWith(ends_with=text):
            return {text.lower()}
        case types.ClauseContains(contains=text):
            return {text.lower()}
        case types.ClauseOr(or_=parts):
            return set().union(*map(_literals, parts))
        case types.ClauseAnd(and_=parts):
            return set().union(*map(_literals, parts))
        case _:
            return set()
