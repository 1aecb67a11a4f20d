"""Adapter around trafilatura: the only module that imports it. `tests/articles/test_trafilatura_adapter.py` checks each
assumption about the library that its public API does not promise."""

from __future__ import annotations

import copy
import logging
from enum import StrEnum
from functools import cache

import trafilatura
from lxml import etree
from lxml.html import HtmlElement
from trafilatura import external
from trafilatura.readability_lxml import Document

# justext, trafilatura's last fallback, is reached on one page in sixty. Its stop lists of 100 languages take 31 MB.
_STOPLIST_LANGUAGES = (
    *("German", "English", "French", "Spanish", "Italian", "Dutch", "Portuguese", "Danish", "Swedish", "Polish"),
)
_FAILURES = (RecursionError, ValueError, TypeError, AttributeError, IndexError, KeyError, etree.LxmlError)


class Mode(StrEnum):
    """How trafilatura weighs recall against precision and time."""

    DEFAULT = "default"
    FAST = "fast"
    PRECISION = "precision"


def extract_text(tree: HtmlElement, mode: Mode) -> str:
    """Extracts the main text of a tree (left unchanged) as lines; "" if trafilatura finds none or fails."""
    _limit_stoplists()
    try:
        # It copies the tree. A kept options object would freeze `max_date`; `deduplicate` uses a cache of all pages.
        text = trafilatura.extract(
            tree,
            include_comments=False,
            deduplicate=False,
            fast=mode is Mode.FAST,
            favor_precision=mode is Mode.PRECISION,
        )
    except _FAILURES:
        return ""
    return text or ""


def readability_html(tree: HtmlElement) -> str:
    """Extracts the main element of a tree (left unchanged) with trafilatura's readability; "" if that fails."""
    try:
        return str(Document(copy.deepcopy(tree)).summary())
    except _FAILURES:
        return ""


@cache
def _limit_stoplists() -> None:
    """Fills trafilatura's cache of stop words with ten languages, and silences its log messages about single pages."""
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    fallback = vars(external)
    words = {word for language in _STOPLIST_LANGUAGES for word in fallback["get_stoplist"](language)}
    fallback["JT_STOPLIST"] = tuple(words)
