"""Which candidate is the body: the choice by evidence, cheap or dear."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from watcher.articles.bodies import Reader, read_body
from watcher.articles.headline import first_heading
from watcher.articles.lines import clean_lines, join_lines, tidy_lines
from watcher.articles.page import Page


class Effort(StrEnum):
    """FULL asks every reader and weighs them; FAST asks one (about a quarter of the time)."""

    FULL = "full"
    FAST = "fast"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The chosen body and the reader, or readers, that it comes from."""

    text: str
    origin: str


def choose_body(page: Page, *, title: str, effort: Effort) -> Body:
    """The page's body text; an empty one if no reader found any."""
    readers = (Reader.FAST,) if effort is Effort.FAST else (Reader.DEFAULT, Reader.FAST)
    if page.truncated:
        readers = (Reader.PLAIN,)
    for reader in readers:
        lines = clean_lines(tidy_lines(read_body(page, reader)), headings=(title, first_heading(page)))
        if lines:
            return Body(text=join_lines(lines), origin=reader.value)
    return Body(text="", origin="")
