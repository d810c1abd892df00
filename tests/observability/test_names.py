import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscope.observability.names import model_key
from callscope.pricing.seed import seeded_models

HAIKU_45 = [
    "claude-haiku-4-5",
    "claude-haiku-4-5-20251001",
    "claude-haiku-4-5-latest",
    "claude-haiku-4.5",
    "Claude-Haiku-4-5",
    "Claude Haiku 4.5",
    " claude-haiku-4-5\n",
    "claude-4.5-haiku",
    "anthropic/claude-haiku-4.5",
    "anthropic/claude-4.5-haiku-20251001",
    "anthropic:claude-haiku-4-5",
    "openrouter/anthropic/claude-haiku-4.5",
    "anthropic/claude-haiku-4.5:nitro",
    "anthropic.claude-haiku-4-5-20251001-v1:0",
    "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "us-gov.anthropic.claude-haiku-4-5-20251001-v1:0",
    "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
    "apac.anthropic.claude-haiku-4-5-20251001-v1:0",
    "global.anthropic.claude-haiku-4-5-20251001-v1:0",
    "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "bedrock/converse/us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "bedrock:us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
    "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "bedrock/arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0",
    "claude-haiku-4-5@20251001",
    "claude-haiku-4-5@default",
    "vertex_ai/claude-haiku-4-5@20251001",
    "publishers/anthropic/models/claude-haiku-4-5",
    "projects/p-1/locations/us-east5/publishers/anthropic/models/claude-haiku-4-5@20251001",
    "databricks-claude-haiku-4-5",
    "my-proxy/claude-haiku-4-5",
]
OTHERS = [
    "",
    "claude",
    "claude-haiku",
    "claude-haiku-4",
    "claude-haiku-4-55",
    "claude-haiku-4-5-clone",
    "claude-haiku-5-5",
    "claude-sonnet-4-5",
    "my-claude-haiku-4-5-clone",
    "my-claude-haiku-4-5",
    "claude-3-5-haiku-20241022",
    "claude-haiku-4-5/adapter-7",
    "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/claude-haiku-4-5",
    "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/claude-haiku-4-5",
    "ft:claude-haiku-4-5:acme::1a2b",
]


@pytest.mark.parametrize("name", HAIKU_45)
def test_every_spelling_of_a_model_has_its_key(name: str) -> None:
    assert model_key(name) == "claude-haiku-4-5"


@pytest.mark.parametrize("name", OTHERS)
def test_another_model_has_another_key(name: str) -> None:
    assert model_key(name) != "claude-haiku-4-5"


@pytest.mark.parametrize(
    "names",
    [
        ["gpt-4o", "openai/gpt-4o", "azure/gpt-4o", "openai:gpt-4o", "gpt-4o-2024-08-06", "GPT-4o"],
        ["gpt-3.5-turbo", "gpt-35-turbo", "gpt-3.5-turbo-0613", "azure/gpt-35-turbo"],
        [
            "claude-opus-4-0",
            "claude-opus-4-20250514",
            "anthropic/claude-opus-4",
            "anthropic.claude-opus-4-20250514-v1:0",
        ],
        ["claude-3-5-sonnet-20240620", "anthropic/claude-3.5-sonnet", "us.anthropic.claude-3-5-sonnet-20241022-v2:0"],
        ["gemini-2.0-flash", "models/gemini-2.0-flash", "gemini-2.0-flash-001", "google-vertex:gemini-2.0-flash"],
        ["gpt-oss-120b", "openai/gpt-oss-120b:free", "openai.gpt-oss-120b-1:0"],
        ["llama3", "ollama/llama3:latest"],
    ],
)
def test_other_models_have_one_key_too(names: list[str]) -> None:
    assert len({model_key(name) for name in names}) == 1


@pytest.mark.parametrize(
    "names",
    [
        ["gpt-4", "gpt-4o", "gpt-4.1", "gpt-4-turbo", "gpt-4-32k", "gpt-4-1106-preview"],
        ["text-embedding-004", "text-embedding-005", "text-embedding-3-small", "text-embedding-3-large"],
        ["amazon.titan-embed-text-v1", "amazon.titan-embed-text-v2:0"],
        ["llama3:8b", "llama3:70b", "llama3.1:8b", "mistral:7b"],
        ["gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-pro-preview-05-20"],
        ["anthropic.claude-v2:1", "claude-3-haiku-20240307", "claude-3-opus-20240229"],
    ],
)
def test_models_that_differ_have_keys_that_differ(names: list[str]) -> None:
    assert len({model_key(name) for name in names}) == len(names)


def test_a_provider_in_front_of_the_name_is_dropped() -> None:
    assert model_key("Acme:chat", "acme") == model_key("chat") != model_key("acme:chat")


@given(st.sampled_from([name for _, name in seeded_models()] + HAIKU_45 + OTHERS) | st.text(max_size=40))
def test_the_key_of_a_key_is_itself(name: str) -> None:
    assert model_key(model_key(name)) == model_key(name)
