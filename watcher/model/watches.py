"""Watches, their hits in an article, and near misses outside of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum


class Priority(StrEnum):
    """Whether a watch's alerts break through quiet hours."""

    NORMAL = "normal"
    HIGH = "high"


class NearMissMode(StrEnum):
    """Whether a watch's near misses are part of the digests of its channels."""

    OFF = "off"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A named rule: `terms` (any of them) or a `query`, never both, and the channels to notify.

    `spike`: they are notified of days with far more matches than usual, too.
    """

    name: str
    terms: tuple[str, ...] = ()
    query: str = ""
    channels: tuple[str, ...] = ()
    inflect: bool = True
    compounds: bool = False
    priority: Priority = Priority.NORMAL
    near_misses: NearMissMode = NearMissMode.OFF
    spike: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Needle:
    """Letters that an article must contain to match a watch: folded, no spaces, no hyphens. Input of the prefilter.

    `inside_words`: letters within a longer word count too.
    """

    letters: str
    inside_words: bool = False


MAX_HITS = 200
MAX_HITS_OF_TERM = 100
"""Limits on the hits of a match: of all its terms, and of each term."""


class HitField(StrEnum):
    """The text that a hit's offsets point into."""

    TEXT = "text"
    FEED = "feed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One occurrence of a watch's term: `form` == text[start:end] of `field`, as written there."""

    term: str
    form: str
    start: int
    end: int
    field: HitField = HitField.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A watch that an article matches, with the hits."""

    watch: str
    hits: tuple[Hit, ...]

    @property
    def may_have_more_hits(self) -> bool:
        """Whether the hits reach a limit, so that the article may have more."""
        if len(self.hits) < MAX_HITS_OF_TERM:
            return False
        most = max(Counter(hit.term for hit in self.hits).values())
        return len(self.hits) >= MAX_HITS or most >= MAX_HITS_OF_TERM


class Place(StrEnum):
    """A part of a page outside its article. The text of a near miss has one of these, or `removed:` and a rule."""

    MENU = "menu"
    TEASER = "teaser"
    CAPTION = "caption"
    COMMENT = "comment"
    OTHER = "other"


REMOVED = "removed:"
"""The place of a near miss in a line that a rule removed begins so; the name of the rule follows."""

LONGEST_NEAR_MISS = 300
MOST_NEAR_MISSES = 2_000
"""Limits on near misses: the length of a sentence in characters, and the number of one page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """A sentence that holds a term of a watch and is visible on a page, but outside its article.

    `form`: the term as the sentence has it. `place`: a `Place`, or `removed:` and the rule that removed the line.
    """

    watch: str
    term: str
    form: str
    sentence: str
    place: str
