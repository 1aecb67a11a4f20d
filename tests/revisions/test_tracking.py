"""What is known of a page, and what a reading changes: versions count when seen twice, and once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.corpus.revisions import (
    MOST_VERSIONS,
    Absent,
    NewVersion,
    Progress,
    Schedule,
    Seen,
    Sighting,
    Unchanged,
    Unreadable,
    follow_up,
    version_text,
)
from watcher.model import Track, VersionText

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCHEDULE = Schedule(waits=(15 * MINUTE, HOUR, 3 * HOUR, 12 * HOUR))
TEXTS = {
    "A": version_text("Titel", "Der erste Text.", extractor="x 1"),
    "a": version_text("Titel", "Der erste Text!", extractor="x 1"),
    "B": version_text("Titel", "Der zweite Text.", extractor="x 1"),
    "b": version_text("Titel", "Der zweite Text!", extractor="x 1"),
    "C": version_text("Titel", "Der dritte Text.", extractor="x 1"),
    "N": version_text("Titel", "Ein neuer Auszug.", extractor="x 2"),
}
FIRST = Track(base=TEXTS["A"], base_seen_at=START)


def sighting(sign: str) -> Sighting:
    if sign == "-":
        return Unreadable(problem="HTTP 503", again=True)
    return Absent() if sign == "0" else Seen(text=TEXTS[sign])


def followed(signs: str, track: Track = FIRST, every: timedelta = 10 * MINUTE) -> list[Progress]:
    """The progress of each reading, one every ten minutes."""
    steps = []
    for number, sign in enumerate(signs, start=1):
        at = START + number * every
        steps.append(follow_up(track, sighting(sign), schedule=SCHEDULE, archived_at=START, now=at))
        track = steps[-1].track
    return steps


def versions(steps: Sequence[Progress]) -> list[str]:
    """The signs of the recorded versions; 0 for a page that is gone."""
    return [_sign(step.version) for step in steps if step.version]


def _sign(version: NewVersion) -> str:
    if version.after is None:
        return "0"
    return next(sign for sign, text in TEXTS.items() if text.exact == version.after.exact)


@pytest.mark.parametrize(
    ("shown", "recorded"),
    [
        ("AAAA", ""),
        ("B", ""),
        ("BB", "B"),
        ("BAB", "B"),
        ("BAAAB", "B"),
        ("BCBCB", "BC"),
        ("BBAABBAB", "B"),
        ("BBCCBBCCAA", "BC"),
        ("B-B", "B"),
        ("B0B", "B"),
        ("aa", "a"),
        ("aAaA", "a"),
        ("Bb", "b"),
        ("BBbb", "Bb"),
        ("BBabab", "B"),
        ("000", "0"),
        ("00A0", ""),
        ("00A00-0", "0"),
        ("000A000", "0"),
        ("000BB", "0B"),
        ("0-0-0", "0"),
        ("NNN", ""),
        ("BN", ""),
    ],
)
def test_what_counts_as_a_version(shown: str, recorded: str) -> None:
    """A to C are texts, small letters the same with other punctuation, N one by another extractor, 0 a missing page."""
    assert "".join(versions(followed(shown))) == recorded


def test_a_version_was_seen_when_it_was_seen_first() -> None:
    """It replaces the text before, which was seen last before that."""
    version = followed("ABB")[-1].version
    assert version is not None
    assert (version.number, version.seen_at) == (1, START + 20 * MINUTE)
    assert (version.before, version.before_seen_at) == (TEXTS["A"], START + 10 * MINUTE)


def test_an_unchanged_answer_confirms_what_it_belongs_to() -> None:
    """The version that was seen once, or the one that counts."""
    (once,) = followed("B")
    for text, number in ((TEXTS["B"], 1), (TEXTS["A"], 0)):
        unchanged = Unchanged(exact=text.exact)
        step = follow_up(once.track, unchanged, schedule=SCHEDULE, archived_at=START, now=START + HOUR)
        assert step.track.version == number


def test_the_first_reading_is_the_basis_where_the_document_has_none() -> None:
    """The text of a document may come from the feed, or from a part of its page."""
    steps = followed("BBCC", Track(base=None, base_seen_at=START))
    assert versions(steps) == ["C"]
    assert [step.rebased for step in followed("NN")] == [True, False]


def test_readings_follow_the_schedule_with_few_more() -> None:
    """A new text is read again after 10 minutes, a missing page after an hour, a failed reading after 30 minutes."""

    def due(track: Track, sign: str, at: timedelta) -> timedelta | None:
        step = follow_up(track, sighting(sign), schedule=SCHEDULE, archived_at=START, now=START + at)
        return step.due_at - START if step.due_at else None

    assert due(FIRST, "A", 15 * MINUTE) == HOUR
    assert due(FIRST, "A", 5 * HOUR) == 12 * HOUR
    assert due(FIRST, "A", 12 * HOUR) is None
    assert due(FIRST, "B", 15 * MINUTE) == 25 * MINUTE
    assert due(FIRST, "B", 55 * MINUTE) == HOUR
    assert due(FIRST, "B", 12 * HOUR) == 12 * HOUR + 10 * MINUTE
    assert due(FIRST, "-", HOUR) == HOUR + 30 * MINUTE
    assert due(FIRST, "0", 3 * HOUR) == 4 * HOUR
    asked = Unreadable(problem="HTTP 429", again=True, wait=timedelta(days=9))
    step = follow_up(FIRST, asked, schedule=SCHEDULE, archived_at=START, now=START + 12 * HOUR)
    assert step.due_at == START + 36 * HOUR


def test_a_document_has_a_bounded_number_of_versions() -> None:
    """Further ones are counted, so that a person can see it."""
    full = Track(base=TEXTS["A"], base_seen_at=START, version=MOST_VERSIONS)
    last = followed("BBCC", full)[-1].track
    assert (last.version, last.left_out) == (MOST_VERSIONS, 2)


@given(shown=st.text("AaBbC0-", max_size=24))
def test_whatever_a_page_shows_no_version_is_listed_twice(shown: str) -> None:
    """Each has been seen twice by then, numbers have no gaps, and readings end with the schedule."""
    steps = followed(shown, every=45 * MINUTE)
    recorded = versions(steps)
    assert len(set(recorded)) == len(recorded)
    assert [step.version.number for step in steps if step.version] == list(range(1, len(recorded) + 1))
    for at, step in enumerate(steps):
        assert step.due_at is None or START + (at + 1) * 45 * MINUTE < step.due_at
        if step.version and (sign := _sign(step.version)) != "0":
            assert _substance(shown[: at + 1]).count(TEXTS[sign].substance) >= 2
        elif step.version:
            assert shown[: at + 1].count("0") >= 3
    extra = [step.track.extra for step in steps]
    assert all(number <= 2 for number in extra)


def _substance(signs: str) -> list[int]:
    texts: list[VersionText] = [TEXTS[sign] for sign in signs if sign in TEXTS]
    return [text.substance for text in texts]
