"""The quality gate: decides whether a text is an article, or a wall, an error page, a shell.

A phrase alone never makes a wall: a report about consent, errors or subscriptions uses the same words. Phrases only
raise a suspicion (`suspected_wall`); `walls` looks for evidence of form.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection

from lxml.html import HtmlElement

from watcher.articles.page import ARTICLE_TYPES, Page, Thing, text_of, types_of
from watcher.articles.phrases import CONSENT, CONSENT_HINTS, ERROR, PAYWALL, PAYWALL_NAMES
from watcher.articles.walls import has_article_structure, is_consent_wall, is_error_notice, is_offer
from watcher.model import Quality

SHORT_LETTERS = 280
SHELL_LETTERS = 60
LONGEST_WALL = 6_000
_LONGEST_ERROR = 1_200
LONGEST_STUB = 1_500
_OFFER_LINES = 6  # of a text: a paywall's offer follows behind it
_LOCKED_LETTERS = 300
_HASHED_LETTERS = 40
_SHORTEST = 3  # words of a sentence
_SENTENCE_ENDS = tuple(".!?\"”“»«’')。！？")


def judge(page: Page, *, title: str, body: str) -> Quality:
    """Judges a page by its own marks and by the text that was extracted from it."""
    if len(body) < SHELL_LETTERS:
        return suspected_wall(title=title, text=f"{body} {_visible(page.tree)}") or Quality.SHELL
    wall = _wall(title=title, body=body, tree=page.tree)
    if wall and not (_is_stated_article(page.thing) and len(body) >= SHORT_LETTERS):
        return wall
    if _is_stub(page, body):
        return Quality.PAYWALL
    return judge_text(body)


def _wall(*, title: str, body: str, tree: HtmlElement | None) -> Quality | None:
    """Returns CONSENT or ERROR_PAGE if a text has the phrases of one and also its form."""
    titles = tuple(filter(None, (title, _document_title(tree))))
    if (
        any(_may_be_error(each, body) for each in titles or ("",))
        and is_error_notice(titles, body)
        and not has_article_structure(body)
    ):
        return Quality.ERROR_PAGE
    return Quality.CONSENT if _may_ask_for_consent(title, body) and is_consent_wall(title, body, tree) else None


def _document_title(tree: HtmlElement | None) -> str:
    return "" if tree is None else " ".join((tree.findtext(".//title") or "").split())


def suspected_wall(*, title: str, text: str) -> Quality | None:
    """Returns CONSENT or ERROR_PAGE if title and text, extracted or visible, hold the phrases of one, else None.

    Cheap enough for every page: it needs no extraction. A suspicion, not a verdict.
    """
    if _may_be_error(title, text):
        return Quality.ERROR_PAGE
    return Quality.CONSENT if _may_ask_for_consent(title, text) else None


def _may_be_error(title: str, text: str) -> bool:
    if len(text) >= _LONGEST_ERROR:
        return False
    return bool(ERROR.search(title) or (len(text) < _LONGEST_ERROR / 2 and ERROR.search(text)))


def _may_ask_for_consent(title: str, text: str) -> bool:
    if len(text) >= LONGEST_WALL:
        return False
    needed = 1 if len(text) < SHORT_LETTERS else 2 if len(text) < LONGEST_STUB else 4
    return _asks_for_consent(f"{title}\n{text}", needed)


def _asks_for_consent(text: str, times: int) -> bool:
    """Returns whether that many different phrases of CONSENT occur; with too few hints the search is skipped."""
    lowered = text.lower()
    if sum(map(lowered.count, CONSENT_HINTS)) < times:
        return False
    return len({match[0] for match in CONSENT.finditer(lowered)}) >= times


def judge_plain(text: str) -> Quality:
    """Judges a page that is plain text: an error page by its form, else by length."""
    return _wall(title="", body=text, tree=None) or judge_text(text)


def judge_text(text: str) -> Quality:
    """Returns GOOD, SHORT or SHELL by length alone: for texts without a page."""
    if len(text) < SHELL_LETTERS:
        return Quality.SHELL
    return Quality.SHORT if len(text) < SHORT_LETTERS else Quality.GOOD


def paragraph_hashes(body: str) -> tuple[int, ...]:
    """Hashes each distinct long paragraph, in order, to 63 bits: to learn the paragraphs that a host repeats.

    All digits count as equal, so that a counter or a date does not hide a repetition.
    """
    paragraphs = (" ".join(paragraph.split()).casefold() for paragraph in body.split("\n\n"))
    normal = (re.sub(r"\d+", "0", paragraph) for paragraph in paragraphs if len(paragraph) >= _HASHED_LETTERS)
    return tuple(dict.fromkeys(_hash(paragraph) for paragraph in normal))


def repeated_share(body: str, repeated: Collection[int]) -> float:
    """Returns the share of a text, by letters, in paragraphs that its host repeats: from 0 to 1."""
    return 1 - len(without_repeated(body, repeated)) / len(body) if repeated and body else 0.0


def without_repeated(body: str, repeated: Collection[int]) -> str:
    """Removes the paragraphs that the host repeats (given by their `paragraph_hashes`)."""
    known = frozenset(repeated)
    paragraphs = body.split("\n\n")
    return "\n\n".join(paragraph for paragraph in paragraphs if known.isdisjoint(paragraph_hashes(paragraph)))


def holds_sentence(text: str) -> bool:
    """Returns whether a text holds a sentence, or is long enough to be a text without one."""
    sentences = (line for line in text.splitlines() if line.endswith(_SENTENCE_ENDS) and len(line.split()) >= _SHORTEST)
    return len(text) >= SHELL_LETTERS or any(True for _ in sentences)


def is_free(page: Page) -> bool | None:
    """Returns what the page declares (`isAccessibleForFree`, content tier); None if it declares nothing."""
    for thing in (page.thing, *page.things):
        if thing is page.thing or types_of(thing) & (ARTICLE_TYPES | {"webpage"}):
            value = thing.get("isAccessibleForFree")
            if value is not None:
                return str(value).strip().lower() not in {"false", "0", "no"}
    tier = page.meta_value("article:content_tier").lower()
    return {"free": True, "locked": False}.get(tier)


def _is_stub(page: Page, body: str) -> bool:
    """Returns whether a paywall cut the text: it is short, and ends in an offer or is declared to be a part."""
    free = is_free(page)
    if len(body) >= LONGEST_STUB or free is True:
        return False
    sells = any(is_offer(line) and PAYWALL.search(line.lower()) for line in body.splitlines()[-_OFFER_LINES:])
    if free is None or sells:
        return sells
    if _has_offer(page.tree):
        return True
    return not _shows_locked_part(page) and (len(body) < 2 * SHORT_LETTERS or not body.endswith(_SENTENCE_ENDS))


def _shows_locked_part(page: Page) -> bool:
    """Returns whether the part declared as locked (`hasPart` with a `cssSelector`) is there, with its text."""
    selectors = {text_of(thing.get("cssSelector")) for thing in page.things if thing.get("cssSelector")}
    classes = {name for selector in selectors for name in re.findall(r"\.([\w-]+)", selector)}
    if not classes:
        return False
    marked = (element for element in page.tree.iter() if classes & set((element.get("class") or "").split()))
    return any(sum(map(len, element.itertext())) > _LOCKED_LETTERS for element in marked)


def _has_offer(tree: HtmlElement) -> bool:
    """Returns whether an element is named as a paywall and its words sell a subscription."""
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
    raw = paragraph.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "big") >> 1
