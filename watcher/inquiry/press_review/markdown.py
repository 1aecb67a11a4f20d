"""Writes a press review as Markdown (CommonMark)."""

from __future__ import annotations

import re

from watcher.inquiry.press_review.html import remarks, title_of
from watcher.inquiry.press_review.review import PressReview, ReviewedArticle, ReviewedStory
from watcher.model import Snippet

_MARKS = re.compile(r"[\\`*_\[\]<>#|~&!@]|:(?=//)|(?<=www)\.", re.IGNORECASE)
# What begins a list or a rule at the start of a line.
_AT_START = re.compile(r"\d{1,9}[.)]|[-+=:]")
_IN_TARGET = {"(": "%28", ")": "%29", "<": "%3C", ">": "%3E", "\\": "%5C"}


def to_markdown(review: PressReview) -> str:
    """Returns the review. All that comes from articles is escaped."""
    blocks = [f"# {_escaped(title_of(review))}", *map(_story, review.stories), *map(_escaped, remarks(review))]
    return "\n\n".join(blocks) + "\n"


def _story(story: ReviewedStory) -> str:
    first = story.articles[0]
    outlets = " · ".join(_outlet(article, first) for article in story.articles)
    return f"## {_linked(first.title, first.url)}\n\n{outlets}\n\n> {_excerpt(story.excerpt)}"


def _outlet(article: ReviewedArticle, first: ReviewedArticle) -> str:
    label = article.outlet if article.title == first.title else f"{article.outlet}: {article.title}"
    notes = [_escaped(note) for note in (article.date.isoformat() if article.date else "", *article.notes) if note]
    if terms := article.rights.tdm_policy:
        notes.append(_linked("terms", terms))
    return _linked(label, article.url) + (f" ({', '.join(notes)})" if notes else "")


def _linked(text: str, url: str) -> str:
    target = "".join(_IN_TARGET.get(sign, sign) for sign in url)
    return f"[{_escaped(text)}]({target})" if url else _escaped(text)


def _excerpt(snippet: Snippet) -> str:
    text = "".join(text for text, _ in snippet.runs)
    return ("…" if snippet.cut_before else "") + _escaped(text) + ("…" if snippet.cut_after else "")


def _escaped(text: str) -> str:
    found = _AT_START.match(text)
    end = found.end() if found else 0
    start = f"{text[: end - 1]}\\{text[end - 1 : end]}" if found else ""
    return start + _MARKS.sub(lambda sign: f"\\{sign[0]}", text[end:])
