import pytest

from callscope.observability.mock_llm import (
    MockProviderError,
    answer,
    count_tokens,
    mock_claude_api_call,
    mock_failing_api_call,
    mock_gpt4_api_call,
    mock_slow_api_call,
    mock_streaming_api_call,
)


def test_the_mocks_count_as_the_example_does() -> None:
    told = mock_gpt4_api_call("What is AI?")
    assert told["usage"] == {"prompt_tokens": 5, "completion_tokens": 150, "total_tokens": 155}
    assert count_tokens(told["text"]) == 150
    assert mock_slow_api_call("What is AI?", seconds=0) == told
    assert mock_claude_api_call("What is AI?")["usage"] == {"input_tokens": 5, "output_tokens": 150}


def test_a_stream_is_the_same_answer_in_parts() -> None:
    *parts, end, last = mock_streaming_api_call("What is AI?")
    assert "".join(part["choices"][0]["delta"]["content"] for part in parts) == mock_gpt4_api_call("?")["text"]
    assert end["choices"][0]["finish_reason"] == "stop"
    assert last == {"choices": [], "usage": mock_gpt4_api_call("What is AI?")["usage"]}


def test_the_failing_one_fails_as_clients_do() -> None:
    with pytest.raises(MockProviderError) as raised:
        mock_failing_api_call("What is AI?")
    assert raised.value.status_code == 529


@pytest.mark.parametrize("tokens", [1, 2, 3, 60, 61, 1_000])
def test_an_answer_has_the_tokens_it_is_asked_for(tokens: int) -> None:
    assert count_tokens(answer(tokens)) == tokens
