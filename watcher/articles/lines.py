"""Lines of text: splitting, tidying, joining, and keys to compare them. `line_rules` decides which lines to remove."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from watcher.articles.markup import holds_markup, resolved
from watcher.text.marks import limit_marks

_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\ufeff\u2060]")  # soft hyphens hide a word from plain tools
_LIST_MARKS = frozenset({"-", "•", "*", "·", "▪", "‣"})
_NOTHING = re.compile(r"^[\W_]*$")
_KEY = 50
_NO_LETTERS = bytes(code for code in range(0x80) if not chr(code).isalnum())
_OTHER_SIGNS = re.compile(r"[\W_]+")


def tidy_lines(text: str) -> list[str]:
    """Splits a text into tidy lines that hold letters or digits; list marks become `- `, table rules are dropped."""
    lines = (tidy(line) for line in text.splitlines())
    return [line for line in lines if not _NOTHING.match(line)]


def plain_lines(text: str) -> list[str]:
    """Splits a plain text into paragraphs, one a line: if blank lines separate them, single line breaks are wraps."""
    if "\n\n" not in text:
        return tidy_lines(text)
    wrapped: list[list[str]] = []
    for paragraph in re.split(r"\n\s*\n", text):
        for number, line in enumerate(tidy_lines(paragraph)):
            if number == 0 or line.startswith("- "):
                wrapped.append([line])
            else:
                wrapped[-1].append(line)
    return [" ".join(lines) for lines in wrapped]


def tidy(line: str) -> str:
    """Returns a line without markup and invisible characters, with single spaces; a table row without outer bars."""
    if holds_markup(line):
        line = resolved(line)
    line = " ".join((line if line.isascii() else _INVISIBLE.sub("", line)).split())
    if line.startswith("| ") and line.endswith(" |"):
        line = line.strip("| ")
    return f"- {line[2:]}" if line[:1] in _LIST_MARKS and line[1:2] == " " else line


def join_lines(lines: Iterable[str]) -> str:
    """Joins lines to paragraphs separated by one blank line; the entries of a list stay together, one a line."""
    body = ""
    previous = ""
    for line in lines:
        if previous:
            body += "\n" if line.startswith("- ") and previous.startswith("- ") else "\n\n"
        body += line
        previous = line
    return body


def letters_of(text: str) -> str:
    """Returns letters and digits only, case folded: equal for two spellings of one line."""
    if text.isascii():  # in bytes, a third of the time of a test of each character
        return text.lower().encode().translate(None, _NO_LETTERS).decode()
    raw = unicodedata.normalize("NFC", limit_marks(text)).casefold().encode("utf-8", "surrogatepass")
    letters = raw.translate(None, _NO_LETTERS).decode("utf-8", "surrogatepass")
    return letters if letters.isalnum() else _OTHER_SIGNS.sub("", letters)


def words_of(text: str) -> frozenset[str]:
    """Returns the distinct words of a text, case folded."""
    return frozenset(re.findall(r"\w+", text.casefold()))


def key_of(line: str) -> str:
    """Returns the first letters of a line, as in `letters_of`: they identify a paragraph on its page."""
    key = letters_of(line[: 2 * _KEY])
    return (key if len(key) >= _KEY or len(line) <= 2 * _KEY else letters_of(line))[:_KEY]
