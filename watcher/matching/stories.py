"""Groups documents into stories: the same wire copy or report under another headline or byline, cut, or with
additional paragraphs. Pure: fingerprints in, decision out; the store keeps the rows.

    text -> words, without agency marks and bylines
         -> shingles: a hash for every five words in a row
         -> sketch: a quarter of them, chosen so that texts that share thirteen words in a row share a fingerprint
    sketch of a new document, documents of the last 72 hours with shared fingerprints -> the story, or none
    text of a new document, text of the best of them -> their facts differ (facts.py): not this story

The store needs one row (fingerprint, document) for each fingerprint and the size of each document's sketch:

    SELECT document, COUNT(*) FROM fingerprints WHERE fingerprint IN (...) GROUP BY document
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import accumulate, islice

from watcher.matching.facts import differ
from watcher.model import Overlap, PartialDate, StoryId
from watcher.text import fold, words

WINDOW = timedelta(hours=72)
SHINGLE = 5
CONTAINED = 0.5  # of 295 real pages no two different reports share more than 0.1; a text cut to 40 % keeps 0.9
_SHARED_AT_LEAST = 3
_MOST_COMPARED = 20  # documents whose facts are compared with those of a new one
_WINNOWED = 9  # 9 shingles of 5 words span 13 words
_NUMBER = re.compile(r"\d[\d.,:]*")
_LONGEST_COUNTER = 60  # characters of a line
_LONGEST = 5_000  # words; a ticker that grows for days does not fill the store

_AGENCY = "(?:dpa|afp|ap|apa|rtr|reuters|epd|kna|sid|ots|keystone-sda|sda|dts|dapd|tass|ansa|efe|belga|anp|pap)"
_AGENCY_MARK = re.compile(
    rf"\((?:\w+[ /,-]+)?{_AGENCY}(?:[ /,-]+\w+)*\)"  # (dpa), (dpa/lno), (AFP), (Reuters, Berlin)
    r"|\bdpa-infocom[^\n]*|\bdpa-afx\b|\bdpa/\w+"
    r"|\b(?:dpa|afp|apa|epd|kna|rtr|sid)(?=\s*$)",  # at the end of a paragraph
    re.MULTILINE,
)
_BYLINE = re.compile(
    r"^[^\S\n]*(?:von|by|par|por|di|door|text|autor(?:in)?|foto|quelle|©)\b:?[^\n.!?]{3,80}$", re.MULTILINE
)


def sketch(text: str) -> frozenset[int]:
    """Computes the fingerprints of a text: signed 64-bit integers, equal in every process and version of Python.

    The smallest hash of every nine shingles in a row (winnowing: Schleimer, Wilkerson, Aiken, SIGMOD 2003), so that
    any thirteen words in a row that two texts share give them a common fingerprint.
    """
    hashes = _hashes(text)
    if len(hashes) <= _WINNOWED:
        return frozenset(hashes)
    return frozenset(map(min, *(hashes[first:] for first in range(_WINNOWED))))


def shingles(text: str) -> frozenset[int]:
    """Computes all hashed shingles of a text; `sketch` keeps some of them."""
    return frozenset(_hashes(text))


def containment(one: Collection[int], other: Collection[int]) -> float:
    """Returns the share of the smaller text in the larger one, from 0 to 1: exact for shingles, about for sketches."""
    smaller = min(len(one), len(other))
    return len(set(one).intersection(other)) / smaller if smaller else 0.0


def story_of(
    size: int,
    overlaps: Iterable[Overlap],
    *,
    text: str = "",
    text_of: Callable[[int], str] | None = None,
    published_at: datetime | None = None,
    date: PartialDate | None = None,
) -> StoryId | None:
    """Finds the story of a document with a sketch of `size`, among documents recorded in the last `WINDOW`.

    None if the document begins a story. The story whose text it shares most wins; of several the one with the most
    shared fingerprints, then the oldest. Documents published more than `WINDOW` apart, where both moments are known,
    are never one story: a weekly column repeats its set words. Nor are documents with other facts in the same words
    (see `facts`): with `text_of`, `text` is compared with the text of a document by its number.
    """
    moment = _moment(published_at, date)
    ranked = [
        (other.shared / min(size, other.size), other.shared, -other.story, other.story, other.document)
        for other in overlaps
        if other.shared >= min(_SHARED_AT_LEAST, size, other.size) > 0
        and not _far_apart(moment, _moment(other.published_at, other.date))
    ]
    for share, *_, story, document in sorted(ranked, reverse=True)[:_MOST_COMPARED]:
        if share < CONTAINED:
            return None
        if text_of is None or not differ(text, text_of(document)):
            return story
    return None


def same_but_for_counters(one: str, other: str) -> bool:
    """Whether two texts differ at most in the numbers of short lines ("Gelesen: 1.204 Mal"), below their titles."""
    return _without_counters(one) == _without_counters(other)


def _without_counters(text: str) -> list[str]:
    lines = [line for line in text.split("\n") if line]
    return lines[:1] + [_NUMBER.sub("", line) if len(line) <= _LONGEST_COUNTER else line for line in lines[1:]]


def _moment(published_at: datetime | None, date: PartialDate | None) -> datetime | None:
    """The time of publication; noon, if only the day is known."""
    if published_at is not None or date is None or date.month is None or date.day is None:
        return published_at
    return datetime(date.year, date.month, date.day, 12, tzinfo=UTC)


def _far_apart(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and abs(one - other) > WINDOW


def _hashes(text: str) -> list[int]:
    joined = " ".join(_own_words(text)).encode()
    if not joined:
        return []
    starts = [0, *accumulate(len(word) + 1 for word in joined.split(b" "))]
    ends = starts[SHINGLE:] or starts[-1:]
    return [_hash(joined[start : end - 1]) for start, end in zip(starts, ends, strict=False)]


def _own_words(text: str) -> list[str]:
    """Returns the words of the report itself, folded."""
    folded = _BYLINE.sub(" ", _AGENCY_MARK.sub(" ", fold(text).text))
    return [word.group() for word in islice(words(folded), _LONGEST)]


def _hash(shingle: bytes) -> int:
    return int.from_bytes(blake2b(shingle, digest_size=8).digest(), signed=True)
