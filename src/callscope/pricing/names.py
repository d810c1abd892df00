"""Model and provider names as programs, SDKs and gateways send them: whose price they mean.

A loose match is worse than none. Here a name is taken apart into a provider and the names that the provider may know
the model under; `snapshot` then looks for exactly these, or for one of them followed by a version (`versions`).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

MAX_NAME = 300

_ALIASES = {
    "openai": ("openairesponses", "openaichat", "textcompletionopenai", "openaiapi", "chatopenai"),
    "azure": (
        "azureopenai", "azureai", "azureaiopenai", "azaiopenai", "azureaiinference", "azaiinference", "azureaifoundry",
        "azuretext", "azureopenaichat", "azurechatopenai", "microsoftfoundry", "azurefoundry", "azureaistudio",
    ),
    "aws": (
        "awsbedrock", "bedrock", "bedrockconverse", "bedrockruntime", "amazon", "amazonbedrock", "amazonbedrockconverse",
        "bedrockmantle", "awsbedrockconverse", "anthropicbedrock", "chatbedrock", "chatbedrockconverse",
    ),
    "anthropic": ("claude", "chatanthropic"),
    "google": ("gcpgenai", "googlegenai", "gcp", "googleai"),
    "gemini": ("gcpgemini", "googlegemini", "googlegla", "googleaistudio", "chatgooglegenerativeai"),
    "vertex": (
        "gcpvertexai", "googlevertex", "googlevertexai", "googleanthropicvertex", "googlevertexanthropic",
        "anthropicvertex", "vertexanthropic", "chatvertexai",
    ),
    "mistral": ("mistralai", "codestral", "textcompletioncodestral"),
    "deepseek": ("deepseekai",),
    "x-ai": ("xai", "grok"),
    "cohere": ("coherev2", "coherechat"),
    "groq": (), "perplexity": ("perplexityai", "pplx"), "together": ("togetherai",),
    "fireworks": ("fireworksai", "fireworksaiembeddingmodels"),
    "openrouter": (), "cerebras": (), "moonshotai": ("moonshot", "kimi"), "zai": (), "zhipuai": ("zhipu", "bigmodel"),
    "minimax": (), "voyageai": ("voyage",), "novita": ("novitaai",), "databricks": (),
    "cloudflare": ("workersai", "cloudflareworkersai"), "github-copilot": ("githubcopilot",),
    "baseten": (), "ovhcloud": ("ovh",), "arcee": (), "avian": (), "cursor": (), "doubleword": (), "meta": ("metallama",),
    "modal": (), "watsonx": ("ibmwatsonxai", "ibmwatsonx", "watsonxai", "ibm"), "ai21": ("ai21labs",),
    "deepinfra": (), "sambanova": ("sambanovasystems",), "nebius": ("nebiusaistudio",), "hyperbolic": (),
    "alibaba": ("dashscope", "qwen", "alibabacloud", "qwencloud"), "vercel": ("vercelaigateway",),
}  # fmt: skip
"""Our id of a provider (genai-prices' where it has one) and how else SDKs and the OpenTelemetry conventions write it."""

_PROVIDERS = {
    alias: known for known, others in _ALIASES.items() for alias in (re.sub(r"[^a-z0-9]", "", known), *others)
}
_PASS_ON = frozenset(("litellm", "litellmproxy", "portkey", "helicone", "aisuite", "langchain", "llamaindex", "custom"))
"""Gateways and frameworks that bill nothing: the provider is told by the rest of the name."""

GOOGLE = ("google", "gemini", "vertex")
"""Google, either of its two APIs; the Gemini API; Vertex AI."""

FIRST_PARTIES = (
    "openai", "anthropic", "google", "mistral", "deepseek", "x-ai", "cohere", "perplexity", "moonshotai", "voyageai",
)  # fmt: skip
"""Who may be meant when no provider is named: those who sell their own models."""

_OPEN_WEIGHTS = ("gpt-oss", "gemma", "open-")
"""Anyone may serve these, so without a provider their name tells no price."""

_INTERFACE = re.compile(r"[.](?:chat|responses|messages|completions?|embeddings?|generative-ai)$")
"""What the AI SDK puts behind a provider: `openai.responses`, `google.vertex.chat`."""

_OWN_PREFIXES = {
    "vertex": ("anthropic", "google", "meta", "mistralai"),
    "google": ("anthropic", "google"),
    "gemini": ("google",),
    "azure": ("openai", "responses"),
    "aws": ("converse", "invoke", "converse_like", "mantle", "llama", "anthropic"),
}
"""First parts of a name that say only who made the model, or how it is called."""

_TELLING = (
    (re.compile(r"arn:aws[a-z-]*:bedrock:"), "aws"),
    (re.compile(r"(?:[a-z]{2,6}(?:-gov)?\.)?(?:anthropic|amazon|meta|cohere|mistral|ai21)\.[a-z]"), "aws"),
    (re.compile(r"accounts/fireworks/"), "fireworks"),
    (re.compile(r"@cf/"), "cloudflare"),
    (re.compile(r"(?:projects/.*/)?publishers/"), "vertex"),
    (re.compile(r"models/gemini"), "gemini"),
    (re.compile(r"claude-[a-z0-9-]+@"), "vertex"),
)
"""Names that only one provider has."""

_RESOURCE = re.compile(
    r"(?:projects/[^/]+/locations/(?P<location>[^/]+)/)?publishers/(?:google|anthropic|meta|mistralai)/models/(?P<model>[^/]+)"
)
_ARN = re.compile(
    r"arn:aws[a-z-]*:bedrock:(?P<region>[a-z0-9-]*):[0-9]*:(?P<kind>foundation-model|inference-profile)/(?P<model>[^/]+)"
)
_REGION = re.compile(r"[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d")
_GEOGRAPHIES = {"eu": "eu", "ap": "apac", "ca": "ca", "us-gov": "us-gov"}


@dataclass(frozen=True, slots=True)
class Reading:
    """Whose model a name is. `names` are what the provider may call it, the likeliest first."""

    provider: str | None
    names: tuple[str, ...]
    regional: bool = False


@lru_cache(maxsize=1_000)
def provider_id(written: str) -> str | None:
    """Our id of a provider, however it is written; None for one that is not known."""
    plain = _plain(_INTERFACE.sub("", written.lower()))
    return _PROVIDERS.get(plain) or ("vertex" if plain.startswith("vertexai") else None)  # vertex_ai-llama_models, …


def read(provider: str | None, name: str) -> Reading | None:
    """Take a name apart. None where it cannot be told whose model it is.

    Args:
        provider: as the call names it, or None.
        name: the model's name as the call gives it.
    """
    name = name.strip().lower().removesuffix("[1m]")  # Claude Code's mark for the context of a million tokens
    if not name or len(name) > MAX_NAME:
        return None
    known = None
    if provider is not None and _plain(provider) not in _PASS_ON:
        known = provider_id(provider)
        if known is None:
            return None
    while _plain(name.partition("/")[0]) in _PASS_ON and "/" in name:
        name = name.partition("/")[2]
    if known is None:
        sure, name = _told_by(name)
        if sure is None:
            return None if "/" in name else Reading(None, (name,))
        known = sure
    return _READERS.get(known, _read_plain)(known, name)


def tells_first_party(name: str) -> bool:
    """Whether a name without a provider can be priced at all: not one that anyone may serve."""
    return not name.startswith(_OPEN_WEIGHTS)


def _told_by(name: str) -> tuple[str | None, str]:
    """The provider that a name tells, and the name without it."""
    for pattern, known in _TELLING:
        if pattern.match(name):
            return known, name
    if name.startswith("ft:"):
        return "openai", name
    head, slash, rest = name.partition("/")
    told = provider_id(head) if slash else None
    return (None, name) if told is None else (told, rest)


def _read_plain(provider: str, name: str) -> Reading:
    names = [name]
    head, slash, rest = name.partition("/")
    if slash and (provider_id(head) == provider or head in _OWN_PREFIXES.get(provider, ())):
        names.append(rest)
    return Reading(provider, tuple(names))


def _read_openai(provider: str, name: str) -> Reading:
    """`ft:base:organisation::id` costs what its base costs fine-tuned."""
    name = name.removeprefix("openai/").removeprefix("responses/").removeprefix("chat/")
    if name.startswith("ft:"):
        base = name.split(":")[1]
        return Reading(provider, (f"ft:{base}",))
    return Reading(provider, (name,))


def _read_google(provider: str, name: str) -> Reading | None:
    head, slash, rest = name.partition("/")
    if slash and provider_id(head) in GOOGLE and rest:
        name = rest
    regional = False
    if "publishers/" in name:
        found = _RESOURCE.fullmatch(name)
        if found is None:
            return None
        name = found["model"]
        provider = "vertex"
        regional = found["location"] not in (None, "global")
    name = name.removeprefix("models/")
    head, slash, rest = name.partition("/")
    names = (name, rest) if slash and head in _OWN_PREFIXES[provider] else (name,)
    return Reading(provider, names, regional)


def _read_bedrock(provider: str, name: str) -> Reading | None:
    region = None
    if name.startswith("arn:"):
        found = _ARN.fullmatch(name)
        if found is None:
            return None
        name = found["model"]
        if found["kind"] == "foundation-model":
            region = found["region"]
    head, slash, rest = name.partition("/")
    while slash:
        if _REGION.fullmatch(head):
            region = head
        elif provider_id(head) != provider and head not in _OWN_PREFIXES[provider]:
            break
        name = rest
        head, slash, rest = name.partition("/")
    name = re.sub(r"(:\d+):\d+k$", r"\1", name)  # the same model, provisioned for a shorter context
    if region is None and name.startswith("us-gov."):
        return Reading(provider, (name, *(f"{gov}/{name[7:]}" for gov in ("us-gov-west-1", "us-gov-east-1"))))
    if region is None:
        return Reading(provider, (name,))
    if region.startswith("us-") and not region.startswith("us-gov"):
        return Reading(provider, (f"{region}/{name}", name))
    geography = _GEOGRAPHIES.get("us-gov" if region.startswith("us-gov") else region[:2])
    names = [f"{region}/{name}"]
    if geography is not None:
        names.append(f"{geography}.{name}")
    if geography != "us-gov" and name.startswith("anthropic."):  # costs the same in every region
        names.append(name)
    return Reading(provider, tuple(names))


def _read_perplexity(provider: str, name: str) -> Reading:
    """`perplexity/sonar` is the Agent API's own name to Perplexity, and Sonar's behind a gateway."""
    return Reading(provider, (name, name.removeprefix("perplexity/")))


def _read_fireworks(provider: str, name: str) -> Reading:
    """Gateways leave out the account that Fireworks' own models are under."""
    names = _read_plain(provider, name).names
    return Reading(provider, (*names, *(f"accounts/fireworks/models/{short}" for short in names if "/" not in short)))


_READERS = {
    "openai": _read_openai, "google": _read_google, "gemini": _read_google, "vertex": _read_google,
    "aws": _read_bedrock, "perplexity": _read_perplexity, "fireworks": _read_fireworks,
}  # fmt: skip


def _plain(written: str) -> str:
    return re.sub(r"[^a-z0-9]", "", written.lower())
