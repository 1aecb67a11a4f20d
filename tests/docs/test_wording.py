"""The project's English: no page, docstring, comment or message uses the words that wording.py lists."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT
from tests.docs.wording import Prose, findings, prose_of, prose_of_markdown, prose_of_python

NOT_YET: frozenset[str] = frozenset()
"""Rooms that the check leaves out until they have been rewritten."""

_OTHERS = ("Makefile", "config.toml", "pyproject.toml", "systemd/config.toml", "systemd/watcher.service")


def _room_of(file: Path) -> str:
    """`watcher/net/guard.py` -> net, `tests/net/test_guard.py` -> tests/net, `docs/alerts.md` -> docs/alerts."""
    first, *rest = file.relative_to(ROOT).with_suffix("").parts
    if first == "watcher":
        return rest[0]
    if not rest:
        return file.name
    return f"{first}/{rest[0]}" if first in ("docs", "tests") else first


def _rooms() -> dict[str, list[Path]]:
    rooms = defaultdict(list)
    modules = [file for top in ("watcher", "tests", "bench") for file in sorted((ROOT / top).rglob("*.py"))]
    for file in [*PAGES, *modules, *(ROOT / name for name in _OTHERS)]:
        if "node_modules" not in file.parts:
            rooms[_room_of(file)].append(file)
    return dict(rooms)


ROOMS = _rooms()


@pytest.mark.parametrize("room", sorted(ROOMS.keys() - NOT_YET))
def test_a_room_uses_plain_words(room: str) -> None:
    """Each finding names file, line, phrase and a better word."""
    wrong = [
        f"{file.relative_to(ROOT)}:{finding}"
        for file in ROOMS[room]
        for prose in prose_of(file, literals=file.is_relative_to(ROOT / "watcher"))
        for finding in findings(prose)
    ]
    assert wrong == [], "\n".join(wrong)


def test_every_exempt_room_exists() -> None:
    """A renamed room leaves the list of exemptions."""
    assert ROOMS.keys() >= NOT_YET


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The body is no feed.", ['1: "is no feed": better is not a …']),
        ("There is no channel, and a feed that is no longer asked.", []),
        ("Fine.\nThe channel was told\nagain.", ['2: "told": better notify, send, report']),
        ("Two reports cannot be told apart from copies.", []),
        ("Whoever calls it", ['1: "Whoever": better a noun, such as: the caller, any value']),
        ("the helper and the history", []),
    ],
)
def test_phrases_are_found_as_whole_words(text: str, found: list[str]) -> None:
    """With their line; in any case; not inside of other words."""
    assert list(findings(Prose(line=1, text=text))) == found


def test_only_prose_of_a_module_is_read() -> None:
    """Docstrings, comments and messages are read; names, single words, code spans and SQL are not."""
    module = (
        '"""The `told` column."""\n'
        "told = 'told'  # why it is told\n"
        "sql = 'SELECT told FROM deliveries'\n"
        "message = f'{told} channels were told'\n"
    )
    words = [(prose.line, prose.text) for prose in prose_of_python(module, literals=True)]
    assert words == [(2, "# why it is told"), (1, "The  column."), (4, " channels were told")]
    assert [prose.line for prose in prose_of_python(module, literals=False)] == [2, 1]


def test_only_prose_of_a_page_is_read() -> None:
    """Fences, code spans and link targets are left out; lines keep their numbers."""
    page = "A `told` [link](told.md)\n```text\ntold\n```\nIt is told.\n"
    (prose,) = prose_of_markdown(page)
    assert list(findings(prose)) == ['5: "told": better notify, send, report']
