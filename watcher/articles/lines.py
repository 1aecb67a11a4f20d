"""Rules for single lines of an extracted body: what to drop at its head and tail, and how to tidy what stays.

General rules only: the words that news sites of many languages use, never the name of one site.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from watcher.articles.phrases import POINTER, TAIL

_SPACES = re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u205f\u3000\x0b\x0c]+")
_INVISIBLE = re.compile("[\u200b\ufeff\u2060]")
_LIST_MARK = re.compile(r"^[-•*·▪‣]\s+")
_LONGEST_POINTER = 200
_LONGEST_TAIL = 400
_TAIL_LINES = 6


def tidy_lines(text: str) -> list[str]:
    """The non-empty lines of a text, white space tidied, list marks unified to `- `."""
    return [line for line in (tidy(line) for line in text.splitlines()) if line and line != "-"]


def tidy(line: str) -> str:
    """One line without invisible characters (soft hyphens stay: they belong to words) and with single spaces."""
    return _LIST_MARK.sub("- ", _SPACES.sub(" ", _INVISIBLE.sub("", line)).strip())


def clean_lines(lines: Iterable[str], *, headings: Iterable[str]) -> list[str]:
    """The lines of the article: leading headlines, pointers to other articles, and tails of service text dropped."""
    kept = _without_head(list(lines), {_letters(heading) for heading in headings} - {""})
    kept = [line for line in kept if not _is_pointer(line)]
    return _without_tail(kept)


def join_lines(lines: Iterable[str]) -> str:
    """Paragraphs split by one blank line; the entries of a list stay together, one a line."""
    body = ""
    previous = ""
    for line in lines:
        if previous:
            body += "\n" if line.startswith("- ") and previous.startswith("- ") else "\n\n"
        body += line
        previous = line
    return body


def _without_head(lines: list[str], headings: set[str]) -> list[str]:
    """Drops a headline that is repeated within the first three lines."""
    return [line for index, line in enumerate(lines) if index > 2 or _letters(line) not in headings]


def _is_pointer(line: str) -> bool:
    return len(line) <= _LONGEST_POINTER and bool(POINTER.match(line.removeprefix("- ")))


def _without_tail(lines: list[str]) -> list[str]:
    end = len(lines)
    for index in range(len(lines) - 1, max(0, len(lines) - _TAIL_LINES) - 1, -1):
        if len(lines[index]) <= _LONGEST_TAIL and TAIL.search(lines[index]):
            end = index
    return lines[:end] if end > 0 else lines


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
