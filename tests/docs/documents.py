"""Reading the repository's documents: headings, links, and the examples that a reader would paste."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def all_docs() -> str:
    """The text of README.md and docs/."""
    return "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *DOCS])


def bash_blocks(document: Path) -> list[str]:
    """The examples of a document that can be pasted into a terminal, in their order."""
    return _blocks(document, "bash")


def python_blocks(document: Path) -> list[str]:
    """The examples of a document that are Python, in their order."""
    return _blocks(document, "python")


def _blocks(document: Path, wanted: str) -> list[str]:
    return [text for language, text in _FENCE.findall(document.read_text(encoding="utf-8")) if language == wanted]


def links(document: Path) -> list[str]:
    """Where a document's links lead, without those in examples."""
    return _LINK.findall(_FENCE.sub("", document.read_text(encoding="utf-8")))


def anchors(document: Path) -> set[str]:
    """The places in a document that a link can name, as the usual renderers make them from headings."""
    headings = _HEADING.findall(_FENCE.sub("", document.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
