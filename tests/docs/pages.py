"""The documentation as the tests read it: its pages, the commands in their fences, the code in their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = tuple(sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]))

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_TABLE_ROW = re.compile(r"^\|(.+)\|$", re.MULTILINE)
_OURS = ("watcher ", "make ", ".venv/bin/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """One fenced block: the language of its opening fence, and its lines."""

    language: str
    text: str

    @property
    def commands(self) -> tuple[str, ...]:
        """The shell commands: every line of a `sh` block; of a block without language those that call our program."""
        lines = [re.sub(r"\s+# .*$", "", line).strip() for line in self.text.splitlines()]
        if self.language == "sh":
            return tuple(part for line in lines for part in line.split(" && ") if part)
        return tuple(line for line in lines if not self.language and line.startswith(_OURS))


def name_of(page: Path) -> str:
    """A page's path below the repository."""
    return str(page.relative_to(ROOT))


def fences(page: Path) -> list[Fence]:
    """The fenced blocks of a page, in order."""
    return [Fence(language=found[1], text=found[2]) for found in _FENCE.finditer(page.read_text(encoding="utf-8"))]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def code(text: str) -> list[str]:
    """Returns the texts in single backticks."""
    return _CODE.findall(text)


def first_cells(text: str) -> Iterator[str]:
    """The first cell of every table row."""
    for row in _TABLE_ROW.finditer(text):
        yield row[1].split(" | ")[0].strip(" `")
