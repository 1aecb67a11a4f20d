"""Rules for single lines of an extracted body: what to drop at its head and tail, and how to tidy what stays.

General rules only: the words that news sites of many languages use, never the name of one site.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from watcher.articles.phrases import AUTHOR_NOTE, BYLINE, CREDIT, POINTER, READING_TIME, TAIL

_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\ufeff\u2060]")  # soft hyphens would hide a word from plain tools
_LIST_MARKS = frozenset({"-", "•", "*", "·", "▪", "‣"})
_NOTHING = re.compile(r"^[\W_]*$")
_LONGEST_POINTER = 200
_LONGEST_TAIL = 300
_TAIL_LINES = 8
_HEAD_LINES = 6
_LONGEST_BYLINE = 100
_LEAST_REPEATED = 60
_KEY = 50


def tidy_lines(text: str) -> list[str]:
    """The lines of a text that say anything, white space tidied, list marks unified to `- `, table rules dropped."""
    lines = (tidy(line) for line in text.splitlines())
    return [line for line in lines if not _NOTHING.match(line)]


def plain_lines(text: str) -> list[str]:
    """The paragraphs of a plain text as lines: where blank lines part them, the line breaks within are only wraps."""
    if "\n\n" not in text:
        return tidy_lines(text)
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        for line in tidy_lines(paragraph):
            if line.startswith("- ") or not lines or lines[-1] == "":
                lines.append(line)
            else:
                lines[-1] += f" {line}"
        lines.append("")
    return [line for line in lines if line]


def tidy(line: str) -> str:
    """One line without invisible characters and with single spaces; a table's row without its outer bars."""
    line = " ".join((line if line.isascii() else _INVISIBLE.sub("", line)).split())
    if line.startswith("| ") and line.endswith(" |"):
        line = line.strip("| ")
    return f"- {line[2:]}" if line[:1] in _LIST_MARKS and line[1:2] == " " else line


def clean_lines(lines: Sequence[str], *, headings: Iterable[str], author: str = "") -> list[str]:
    """The lines of the article: headlines and bylines at its head, pointers to other articles, credits, repeated
    notices and the service text at its tail dropped."""
    kept = _without_repeated(_without_head(lines, {letters_of(heading) for heading in headings} - {""}, author))
    return _without_tail([line for line in kept if not _is_pointer(line) and not _is_credit(line)])


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


def letters_of(text: str) -> str:
    """Letters and digits only, case folded: what two spellings of one line have in common."""
    return "".join(filter(str.isalnum, text.casefold()))


def key_of(line: str) -> str:
    """The first letters of a line, as in `letters_of`: they identify a paragraph on its page."""
    key = letters_of(line[: 2 * _KEY])
    return (key if len(key) >= _KEY or len(line) <= 2 * _KEY else letters_of(line))[:_KEY]


def _without_head(lines: Sequence[str], headings: set[str], author: str) -> list[str]:
    head = [line for line in lines[:_HEAD_LINES] if not _is_head_matter(line, headings, letters_of(author))]
    return [*head, *lines[_HEAD_LINES:]]


def _is_head_matter(line: str, headings: set[str], author: str) -> bool:
    """A headline once more, a byline, a reading time: what stands above a text, not in it."""
    letters = letters_of(line)
    if letters in headings:
        return True
    if len(line) > _LONGEST_BYLINE:
        return False
    byline = BYLINE.sub("", line.removeprefix("- "))
    return bool(READING_TIME.match(line)) or (bool(author) and letters_of(byline) == author)


def _without_repeated(lines: Sequence[str]) -> list[str]:
    """Drops notices that stand in the text three times or more, and the second of two long equal paragraphs."""
    counts = Counter(line for line in lines if len(line) >= _LEAST_REPEATED)
    notices = {line for line, count in counts.items() if count > 2}
    if sum(len(line) * counts[line] for line in notices) > sum(map(len, lines)) / 2:
        notices = set()  # a text that consists of them
    seen: set[str] = set()
    kept = []
    for line in lines:
        if line not in notices and line not in seen:
            kept.append(line)
        if line in counts:
            seen.add(line)
    return kept


def _is_pointer(line: str) -> bool:
    return len(line) <= _LONGEST_POINTER and bool(POINTER.match(line.removeprefix("- ")))


def _is_credit(line: str) -> bool:
    return len(line) <= _LONGEST_BYLINE and bool(CREDIT.match(line))


def _without_tail(lines: list[str]) -> list[str]:
    start = max(1, len(lines) - _TAIL_LINES)
    notes = [index for index in range(start, len(lines)) if AUTHOR_NOTE.match(lines[index])]
    lines = lines[: notes[0]] if notes else lines
    tail = [line for line in lines[start:] if len(line) > _LONGEST_TAIL or not TAIL.search(line)]
    return [*lines[:start], *tail]
