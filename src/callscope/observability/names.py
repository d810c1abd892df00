"""One key for all spellings of a model, so that what an administrator says of it holds however a program writes it.

`claude-haiku-4-5-20251001`, `us.anthropic.claude-haiku-4-5-20251001-v1:0` and `openrouter/anthropic/claude-haiku-4.5`
are one model, served by three. Dropped is what says who serves it and which release it is: paths, ARNs, regions, dates,
versions. Any other suffix makes another model. The key is for comparing only; it says nothing about prices.
"""

import re
from functools import lru_cache

_MAKER = (
    "ai21", "amazon", "anthropic", "cohere", "deepseek", "google", "luma", "meta", "minimax", "mistral", "moonshot",
    "moonshotai", "nvidia", "openai", "qwen", "stability", "twelvelabs", "writer", "zai",
)  # fmt: skip
"""As Bedrock writes them in front of its models, after the region of an inference profile."""
_SERVED_BY = (
    "anthropic", "azure", "azure_ai", "azure_openai", "bedrock", "bedrock_converse", "cohere", "databricks", "deepseek",
    "fireworks", "gateway", "gemini", "google", "google-gla", "google-vertex", "google_anthropic_vertex",
    "google_genai", "google_vertexai", "groq", "litellm", "mistral", "mistralai", "openai", "openai-chat",
    "openai-responses", "openrouter", "together", "vertex", "vertex_ai", "vertexai", "xai",
)  # fmt: skip
"""As LangChain and Pydantic AI write them in front of a colon. A colon in other names is part of them: `llama3:8b`."""
_BEFORE = re.compile(
    rf"(?:(?:[a-z]{{2,6}}(?:-gov)?\.)?(?:{'|'.join(_MAKER)})\.|(?:{'|'.join(_SERVED_BY)}):|databricks-)+(?=[a-z])"
)

_DAY = r"(?:0[1-9]|[12]\d|3[01])"
_MONTH = r"(?:0[1-9]|1[0-2])"
_AFTER = re.compile(
    rf"""(?:
    :(?:free|nitro|floor|online|thinking|beta|extended|exacto)  # how OpenRouter is to route
  | [-@:]latest | @default | @\d{{3}}
  | :\d{{1,2}}                                 # Bedrock: -v1:0
  | (?<=\d)-v\d{{1,2}} | (?<=\db)-\d(?=:|$)    # -4-5-v1, gpt-oss-120b-1
  | [-@]20\d\d{_MONTH}{_DAY}                   # -20251001
  | [-@]20\d\d-{_MONTH}-{_DAY}                 # -2024-08-06
  | (?<=-preview)-{_MONTH}-(?:{_DAY}|20\d\d) | (?<=-exp)-{_MONTH}-{_DAY}  # -preview-05-20
  | -(?:2[3-9]{_MONTH}|{_MONTH}{_DAY})         # -2411, -0613
  | (?<=-pro)-00\d | (?<=-flash)-00\d | (?<=-lite)-00\d  # Gemini: -flash-001
)$""",
    re.VERBOSE,
)
_CLAUDE = re.compile(r"claude-(\d+(?:-\d+)?)-(haiku|sonnet|opus)(?![a-z0-9])")
_MODEL_ARNS = (":foundation-model/", ":inference-profile/")


@lru_cache(maxsize=4_096)
def model_key(name: str, provider: str | None = None) -> str:
    """The one key of a model, such as `claude-haiku-4-5`, for any of its spellings.

    Args:
        name: as a program, SDK, gateway or cloud writes it, in any case: with a path, region, date or version.
        provider: who serves it, if known: a name may begin with it, as in `acme:chat`.

    A name that leads to a model without naming it (an ARN of one's own profile, a fine-tuned model) is its own key.
    """
    written = name.strip().lower()
    arn = written.find("arn:")
    if arn >= 0 and not any(kind in written for kind in _MODEL_ARNS):
        return written[arn:]
    bare = written.rstrip("/").rpartition("/")[2]
    if bare.startswith("ft:"):
        return bare
    if provider:
        bare = bare.removeprefix(f"{provider.strip().lower()}:")
    if before := _BEFORE.match(bare):
        bare = bare[before.end() :]
    bare = re.sub(r"[\s_]+|(?<=\d)\.(?=\d)", "-", bare)
    while (shorter := _AFTER.sub("", bare)) != bare:
        bare = shorter
    return _in_one_order(bare) or written


def _in_one_order(name: str) -> str:
    """Names that are written in two ways: the version before the size or after it, `-4-0` for `-4`, `gpt-35`."""
    name = _CLAUDE.sub(r"claude-\2-\1", name)
    name = re.sub(r"^(claude-[a-z]+-\d+)-0$", r"\1", name)
    return re.sub(r"^gpt-35(?=-|$)", "gpt-3-5", name)
