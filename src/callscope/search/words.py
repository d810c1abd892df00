"""What a word is: the same for a text that is indexed and for a query, on every database.

Texts are brought to one form (Unicode's NFKC, lower case, no accents or vowel marks). A run of letters and digits is a
word; of scripts that put no spaces between words (Chinese, Japanese, Thai, …) each letter is one, and words of a query
that stood together must be found together.

`VERSION` counts up with every change of this: an index that was made with another one is made anew.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

VERSION = 1_000_000 + int("".join(unicodedata.unidata_version.split(".")[:2])) % 1_000_000
"""With the version of the Unicode tables that come with Python, which say what a letter is."""
MAX_WORDS = 10_000
"""So many words of a call are indexed: the first of its prompt and of its answer, half of them each."""
MAX_CHARS = 65_536
"""And so many characters of each: PostgreSQL takes no more than a megabyte of words."""
GAP = "⁂"
"""Stands between texts, and is no word: a phrase does not go on in the next text."""
MAX_WORD_CHARS = 64
"""Longer runs of letters are no words: data in base64, say."""

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\u1780-\u17ff"  # Myanmar, Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Chinese characters
    "\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_ASCII_WORD = re.compile(r"[a-z0-9_]+")
_NOT_TEXT = frozenset(
    {"role", "type", "id", "tool_call_id", "call_id", "url", "image_url", "data", "signature", "mime_type"}
)
"""Keys of messages whose values nobody looks for."""


def words(text: str) -> list[str]:
    """The words of a text, in order."""
    if text.isascii():
        found = _ASCII_WORD.findall(text.lower())
    else:
        plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
        found = _WORD.findall("".join(letter for letter in plain if not unicodedata.combining(letter)))
    return [word for word in found if len(word) <= MAX_WORD_CHARS]


def words_of(document: Mapping[str, Any]) -> list[str]:
    """What of a payload is indexed."""
    prompt = _first(document.get("prompt"))
    response = _first(document.get("response"))
    return [*prompt, GAP, *response] if prompt and response else prompt or response


def _first(value: Any) -> list[str]:
    found: list[str] = []
    chars = MAX_CHARS
    for text in _texts(value):
        if found:
            found.append(GAP)
        found += words(text[:chars])
        chars -= len(text)
        if chars <= 0 or len(found) >= MAX_WORDS // 2:
            break
    return found[: MAX_WORDS // 2]


def _texts(value: Any) -> Iterator[str]:
    """The texts in a prompt or answer, which may be messages, parts of messages, or any JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in _NOT_TEXT:
                yield from _texts(one)
