"""Combining marks: which characters are, and a limit to how many follow each other."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MOST_MARKS = 30
"""Marks in a row; no language needs more (UAX 15, Stream-Safe Text Format). To normalise a row takes quadratic time."""

_ASCII = bytes(range(0x80))


@lru_cache(maxsize=4096)
def is_combining(mark: str) -> bool:
    """Returns whether a text begins with a combining mark: no other character composes with the one before it."""
    return unicodedata.combining(unicodedata.normalize("NFKD", mark)[:1] or " ") != 0


def limit_marks(text: str) -> str:
    """Returns a text without the marks beyond `MOST_MARKS` in a row: to be called before each normalisation."""
    if text.isascii():
        return text
    signs = text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")
    marks = sorted(filter(is_combining, set(signs)))
    return _too_many("".join(marks)).sub(r"\1", text) if marks else text


@lru_cache(maxsize=64)
def _too_many(marks: str) -> re.Pattern[str]:
    """Finds more of these marks in a row than `MOST_MARKS`; the first of them are its group."""
    some = re.escape(marks)
    return re.compile(f"([{some}]{{{MOST_MARKS}}})[{some}]++")
