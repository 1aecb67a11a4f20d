"""The quality gate: is this text an article, or a wall, an error page, a shell? Reads pages, decides nothing else."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection

from lxml.html import HtmlElement

from watcher.articles.page import ARTICLE_TYPES, Page, Thing, text_of, types_of
from watcher.articles.phrases import CONSENT, CONSENT_HINTS, ERROR, PAYWALL, PAYWALL_NAMES
from watcher.model import Quality

SHORT_LETTERS = 280
SHELL_LETTERS = 60
LONGEST_WALL = 6_000
_LONGEST_ERROR = 1_200
LONGEST_STUB = 1_500
_TAIL_LETTERS = 800  # where a paywall's offer stands
_LOCKED_LETTERS = 300
_HASHED_LETTERS = 40
_SENTENCE_ENDS = tuple(".!?\"”“»«’')。！？")


def judge(page: Page, *, title: str, body: str) -> Quality:
    """What the page is, by its own marks and by the text that was extracted from it."""
    wall = judge_wall(title=title, text=body)
    if wall and not (_is_stated_article(page.thing) and len(body) >= SHORT_LETTERS):
        return wall
    if len(body) < SHELL_LETTERS:
        return judge_wall(title=title, text=_visible(page.tree)) or Quality.SHELL
    if _is_stub(page, body):
        return Quality.PAYWALL
    return judge_text(body)


def judge_wall(*, title: str, text: str) -> Quality | None:
    """CONSENT or ERROR_PAGE if title and text, extracted or just visible, are those of one; None if they are not.

    Cheap enough for every page: it needs no extraction.
    """
    if len(text) < _LONGEST_ERROR and (ERROR.search(title) or (len(text) < _LONGEST_ERROR / 2 and ERROR.search(text))):
        return Quality.ERROR_PAGE
    if len(text) >= LONGEST_WALL:
        return None
    needed = 1 if len(text) < SHORT_LETTERS else 2 if len(text) < LONGEST_STUB else 4
    return Quality.CONSENT if _asks_for_consent(f"{title}\n{text}", needed) else None


def _asks_for_consent(text: str, times: int) -> bool:
    """Whether that many different phrases of CONSENT are there; the search is spared where the hints are too few."""
    lowered = text.lower()
    if sum(map(lowered.count, CONSENT_HINTS)) < times:
        return False
    return len({match[0] for match in CONSENT.finditer(lowered)}) >= times


def judge_text(text: str) -> Quality:
    """GOOD, SHORT or SHELL, by length alone: for texts that came without a page."""
    if len(text) < SHELL_LETTERS:
        return Quality.SHELL
    return Quality.SHORT if len(text) < SHORT_LETTERS else Quality.GOOD


def paragraph_hashes(body: str) -> tuple[int, ...]:
    """A 63-bit hash for each distinct paragraph of some length, in order, to learn what a host repeats on every page.

    Digits count as one and the same, so that a counter or a date does not hide a repetition.
    """
    paragraphs = (" ".join(paragraph.split()).casefold() for paragraph in body.split("\n\n"))
    normal = (re.sub(r"\d+", "0", paragraph) for paragraph in paragraphs if len(paragraph) >= _HASHED_LETTERS)
    return tuple(dict.fromkeys(_hash(paragraph) for paragraph in normal))


def repeated_share(body: str, repeated: Collection[int]) -> float:
    """How much of a text, by letters, is paragraphs that its host repeats: from 0 to 1."""
    own = len(without_repeated(body, repeated))
    return 1 - own / len(body) if repeated and body else 0.0


def without_repeated(body: str, repeated: Collection[int]) -> str:
    """A text without the paragraphs that its host repeats (their `paragraph_hashes`)."""
    known = frozenset(repeated)
    paragraphs = body.split("\n\n")
    return "\n\n".join(paragraph for paragraph in paragraphs if known.isdisjoint(paragraph_hashes(paragraph)))


def is_free(page: Page) -> bool | None:
    """What the page declares about itself (`isAccessibleForFree`, content tier); None if it is silent."""
    for thing in (page.thing, *page.things):
        if thing is page.thing or types_of(thing) & (ARTICLE_TYPES | {"webpage"}):
            value = thing.get("isAccessibleForFree")
            if value is not None:
                return str(value).strip().lower() not in {"false", "0", "no"}
    tier = page.meta_value("article:content_tier").lower()
    return {"free": True, "locked": False}.get(tier)


def _is_stub(page: Page, body: str) -> bool:
    """A text cut by a paywall: little of it, and the page sells the rest, or declares and shows that there is more."""
    free = is_free(page)
    if len(body) >= LONGEST_STUB or free is True:
        return False
    sells = bool(PAYWALL.search(body[-_TAIL_LETTERS:].lower()))
    if free is None or sells:
        return sells
    if _has_offer(page.tree):
        return True
    return not _shows_locked_part(page) and (len(body) < 2 * SHORT_LETTERS or not body.endswith(_SENTENCE_ENDS))


def _shows_locked_part(page: Page) -> bool:
    """The part that the page declares as locked (`hasPart` with a `cssSelector`) is there, with its text."""
    selectors = {text_of(thing.get("cssSelector")) for thing in page.things if thing.get("cssSelector")}
    classes = {name for selector in selectors for name in re.findall(r"\.([\w-]+)", selector)}
    if not classes:
        return False
    marked = (element for element in page.tree.iter() if classes & set((element.get("class") or "").split()))
    return any(sum(map(len, element.itertext())) > _LOCKED_LETTERS for element in marked)


def _has_offer(tree: HtmlElement) -> bool:
    """An element whose name says paywall and whose words sell a subscription."""
    for element in tree.iter("div", "section", "aside"):
        names = f"{element.get('class') or ''} {element.get('id') or ''}"
        if PAYWALL_NAMES.search(names) and PAYWALL.search(" ".join(element.itertext())[:LONGEST_STUB].lower()):
            return True
    return False


def _is_stated_article(thing: Thing) -> bool:
    return bool(text_of(thing.get("headline"))) and bool(text_of(thing.get("datePublished")))


def _visible(tree: HtmlElement) -> str:
    hidden = {"script", "style", "noscript", "template", "head"}
    texts = (
        text for element in tree.iter() if element.tag not in hidden for text in (element.text, element.tail) if text
    )
    return " ".join(" ".join(texts).split())


def _hash(paragraph: str) -> int:
    return int.from_bytes(hashlib.blake2b(paragraph.encode(), digest_size=8).digest(), "big") >> 1
