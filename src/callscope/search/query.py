"""What is looked for: `refund "late parcel" deliver* -test` is all of these words, and not the last."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from callscope.api.errors import invalid
from callscope.search.words import words

MAX_CHARS = 400
MAX_TERMS = 20
_TERM = re.compile(r'(?P<without>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must stand one after the other; with `prefix` the last of them may go on."""

    words: tuple[str, ...]
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class TextQuery:
    """What must all be in a call, and what must not."""

    terms: tuple[Term, ...]
    without: tuple[Term, ...] = ()

    def is_in(self, words: Sequence[str]) -> bool:
        """Whether a text of these words is as wanted."""
        there = frozenset(words)
        return all(_stands(term, words, there) for term in self.terms) and not any(
            _stands(term, words, there) for term in self.without
        )


def _stands(term: Term, words: Sequence[str], there: frozenset[str]) -> bool:
    *first, last = term.words
    # Most of what is looked for is not there, and a text may have ten thousand words: its set tells at once.
    if not there.issuperset(first) or not (
        any(word.startswith(last) for word in there) if term.prefix else last in there
    ):
        return False
    if not first:
        return True
    for start in range(len(words) - len(first)):
        end = words[start + len(first)]
        if (end.startswith(last) if term.prefix else end == last) and list(words[start : start + len(first)]) == first:
            return True
    return False


def parse(text: str) -> TextQuery:
    """The query that a text means. Raises Invalid for one that looks for nothing, or for too much."""
    if len(text) > MAX_CHARS:
        raise invalid("text", f"is longer than {MAX_CHARS} characters")
    terms: list[Term] = []
    without: list[Term] = []
    for found in _TERM.finditer(text):
        told = found["phrase"] if found["phrase"] is not None else found["word"]
        term = Term(tuple(words(told)), prefix=found["phrase"] is None and told.endswith("*"))
        if term.words:
            (without if found["without"] else terms).append(term)
    if not terms:
        raise invalid("text", "names no word that must be there; write at least one letter or digit")
    if len(terms) + len(without) > MAX_TERMS:
        raise invalid("text", f"has more than {MAX_TERMS} words or phrases")
    return TextQuery(tuple(terms), tuple(without))
