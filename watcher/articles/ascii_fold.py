"""The bare letters of a text: what a quick look can compare, before the text is folded for good.

Folding takes apart, composes and lowers every character; here all that is not ASCII is thrown away instead, on both
sides, and only a few characters need a thought: those that folding turns into ASCII (ß, ﬁ, ²).
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits

from watcher.text import fold

_ASCII = bytes(range(0x80))
_NO_LETTERS = bytes(set(range(0x100)) - set((ascii_letters + digits).encode()))
_LOWER = bytes.maketrans(ascii_uppercase.encode(), ascii_lowercase.encode())


def bare_letters(text: str) -> bytes | None:
    """The ASCII letters and digits of `fold(text)`, without all that stands between them.

    None where only folding tells: a combining mark may take an ASCII letter away.
    """
    raw = text.encode("utf-8", "surrogatepass")
    if not text.isascii():
        for sign in set(raw.translate(None, _ASCII).decode("utf-8", "surrogatepass")):
            letters = _letters_of(sign)
            if letters is None:
                return None
            if letters:
                raw = raw.replace(sign.encode(), letters)
    return raw.translate(_LOWER, _NO_LETTERS)


@lru_cache(maxsize=4096)
def _letters_of(sign: str) -> bytes | None:
    """What is left of a character beyond ASCII, None if it may change the one before it."""
    folded = fold(sign).text
    if any(
        unicodedata.normalize("NFKC", letter + mark)[0] != letter for mark in (sign, folded) for letter in ascii_letters
    ):
        return None
    return folded.encode("ascii", "ignore").translate(_LOWER, _NO_LETTERS)
