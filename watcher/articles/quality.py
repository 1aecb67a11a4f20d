"""The quality gate: is this text an article, or a wall, an error page, a shell? Reads pages, decides nothing else."""

from __future__ import annotations

import hashlib
import re

from watcher.articles.page import ARTICLE_TYPES, Page, types_of
from watcher.articles.phrases import CONSENT, ERROR, PAYWALL
from watcher.model import Quality

SHORT_LETTERS = 280
_SHELL_LETTERS = 60
_HASHED_LETTERS = 40


def judge(page: Page, *, title: str, body: str) -> Quality:
    """What the page is, by its own marks and by the extracted text."""
    letters = len(body)
    if letters < 2_000 and ERROR.search(title):
        return Quality.ERROR_PAGE
    if letters < 600 and ERROR.search(body):
        return Quality.ERROR_PAGE
    if letters < 1_500 and _consents(title, body):
        return Quality.CONSENT
    if _is_stub(page, body):
        return Quality.PAYWALL
    if letters < _SHELL_LETTERS:
        return Quality.SHELL
    return Quality.SHORT if letters < SHORT_LETTERS else Quality.GOOD


def judge_text(text: str) -> Quality:
    """What a text is that came without a page (a feed's own)."""
    if len(text) < _SHELL_LETTERS:
        return Quality.SHELL
    return Quality.SHORT if len(text) < SHORT_LETTERS else Quality.GOOD


def paragraph_hashes(body: str) -> tuple[int, ...]:
    """A 63-bit hash for each distinct paragraph of some length, in order, to learn what a host repeats on every page.

    Digits count as one and the same, so that a counter or a date does not hide a repetition.
    """
    paragraphs = (" ".join(paragraph.split()).casefold() for paragraph in body.split("\n\n"))
    normal = (re.sub(r"\d+", "0", paragraph) for paragraph in paragraphs if len(paragraph) >= _HASHED_LETTERS)
    return tuple(dict.fromkeys(_hash(paragraph) for paragraph in normal))


def is_free(page: Page) -> bool | None:
    """What the page declares about itself (`isAccessibleForFree`, content tier); None if it is silent."""
    for thing in (page.thing, *page.things):
        if thing is page.thing or types_of(thing) & (ARTICLE_TYPES | {"webpage"}):
            value = thing.get("isAccessibleForFree")
            if value is not None:
                return str(value).strip().lower() not in {"false", "0", "no"}
    tier = page.meta_value("article:content_tier").lower()
    return {"free": True, "locked": False, "metered": None}.get(tier)


def _consents(title: str, body: str) -> bool:
    found = {match[0].lower() for match in CONSENT.finditer(f"{title}\n{body}")}
    return len(found) >= 2 or (bool(found) and len(body) < 600)


def _is_stub(page: Page, body: str) -> bool:
    """A paywall that cuts the text: declared, and little text is there; or short text that sells a subscription."""
    free = is_free(page)
    if free is True:
        return False
    sells = bool(PAYWALL.search(body[-800:]))
    if free is False:
        return len(body) < 1_500 or sells
    return len(body) < 1_200 and sells


def _hash(paragraph: str) -> int:
    return int.from_bytes(hashlib.blake2b(paragraph.encode(), digest_size=8).digest(), "big") >> 1
