"""What a word is, in any script, and what a query means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscope.api.errors import Invalid
from callscope.search.query import Term, TextQuery, parse
from callscope.search.words import GAP, MAX_WORDS, words, words_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The parcel's late, isn't it?", ["the", "parcel", "s", "late", "isn", "t", "it"]),
        ("Crème brûlée ÀÉÎ", ["creme", "brulee", "aei"]),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("gpt-4o_mini v1.2", ["gpt", "4o_mini", "v1", "2"]),
        ("東京タワーは高い", list("東京タワーは高い")),
        ("今天天气很好 good", [*"今天天气很好", "good"]),
        ("한국어 검색", ["한국어", "검색"]),
        ("مَرْحَبًا بالعالم", ["مرحبا", "بالعالم"]),
        ("x" * 65 + " y", ["y"]),
        ("ｆｕｌｌ　ｗｉｄｔｈ", ["full", "width"]),
        ("", []),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    import unicodedata

    assert words(text) == [word if word.isascii() else words_form(unicodedata, word) for word in found]


def words_form(unicodedata: object, word: str) -> str:
    import unicodedata as data

    plain = data.normalize("NFKD", data.normalize("NFKC", word).casefold())
    return "".join(letter for letter in plain if not data.combining(letter))


@given(st.text(max_size=200))
def test_a_word_is_found_as_it_was_indexed(text: str) -> None:
    for word in words(text):
        assert words(word) == [word] or len(words(word)) > 1, "a word of a query is the same word"
        assert not set(word) & set(" '\"*:&|!()<>\\"), "nothing in it means something to a database"


def test_what_of_a_payload_is_indexed() -> None:
    messages = [
        {"role": "system", "content": "Be kind"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": "https://x"}}],
        },
    ]
    found = words_of({"prompt": {"messages": messages}, "response": "A cat", "metadata": {"secret": "no"}})
    assert found == ["be", "kind", GAP, "look", GAP, "a", "cat"]
    assert len(words_of({"prompt": "a " * 30_000, "response": "b"})) == MAX_WORDS // 2 + 2


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("late parcel", TextQuery((Term(("late",)), Term(("parcel",))))),
        ('"late parcel" -Test', TextQuery((Term(("late", "parcel")),), (Term(("test",)),))),
        ("deliver*", TextQuery((Term(("deliver",), prefix=True),))),
        ("gpt-4o", TextQuery((Term(("gpt", "4o")),))),
        ("東京", TextQuery((Term(("東", "京")),))),
        ('"unfinished phrase', TextQuery((Term(("unfinished", "phrase")),))),
        ("a OR b", TextQuery((Term(("a",)), Term(("or",)), Term(("b",))))),
    ],
)
def test_a_query(text: str, means: TextQuery) -> None:
    assert parse(text) == means


@pytest.mark.parametrize("text", ["", "  ", "-without", '""', "*", "…", "x" * 401, "a " * 21])
def test_a_query_that_looks_for_nothing_or_too_much_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="text"):
        parse(text)
