"""What is known of a page, and what a reading changes: versions count when seen twice, and once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
    is_admitted,
    version_text,
)
from watcher.model import PartialDate, Track, VersionText

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


@pytest.mark.parametrize(
    ("shown", "base", "seen_in", "candidates"),
    [
        ("A", "A", 1, ""),
        ("B", "A", 0, "B"),
        ("BB", "B", 2, ""),
        ("BC", "A", 0, "BC"),
        ("BCB", "B", 3, "C"),
        ("BBA", "A", 3, ""),
        ("BN", "N", 2, ""),
        ("a", "A", 0, "a"),
        ("0-", "A", 0, ""),
    ],
)
def test_what_is_known_after_the_readings(shown: str, base: str, seen_in: int, candidates: str) -> None:
    """The text that counts, the reading that showed it last, and the texts that one reading showed."""
    track = followed(shown)[-1].track
    assert (track.base, track.base_seen_at) == (TEXTS[base], START + seen_in * 10 * MINUTE)
    assert [each.text for each in track.candidates] == [TEXTS[sign] for sign in candidates]


def test_the_newest_reading_of_a_text_is_kept() -> None:
    """The same text may state another modification."""
    later = version_text(
        "Titel", "Der erste Text.", extractor="x 1", modified_on=PartialDate(year=2026, month=3, day=2)
    )
    step = follow_up(FIRST, Seen(text=later), schedule=SCHEDULE, archived_at=START, now=START + HOUR)
    assert step.track.base == later


def test_a_page_that_is_gone_is_a_version() -> None:
    """With the text that it had, and when that was seen last; it is not read more often than the schedule says."""
    step = followed("A000")[-1]
    assert step.version == NewVersion(
        number=1, before=TEXTS["A"], after=None, seen_at=START + 40 * MINUTE, before_seen_at=START + 10 * MINUTE
    )
    assert (step.track.version, step.track.gone, step.rebased) == (1, True, False)
    for track in (step.track, Track(base=TEXTS["A"], base_seen_at=START, version=1, gone=True)):
        again = follow_up(track, Absent(), schedule=SCHEDULE, archived_at=START, now=START + 12 * HOUR)
        assert (again.due_at, again.version) == (None, None)
    last = Track(base=TEXTS["A"], base_seen_at=START, absences=2)
    assert follow_up(last, Absent(), schedule=SCHEDULE, archived_at=START, now=START + 12 * HOUR).due_at is None


@pytest.mark.parametrize(
    ("after", "before", "admitted"),
    [
        ((None, None), (None, None), None),
        (("2026-03-02", None), ("2026-03-01", None), True),
        (("2026-03-02", None), ("2026-03-02", None), False),
        (("2026-03-02", 13), ("2026-03-02", 12), True),
        (("2026-03-02", 13), ("2026-03-02", 13), False),
        (("2026-03-01", 12), (None, None), True),
        (("2026-03-01", 11), (None, None), False),
        (("2026-03-01", None), (None, None), True),
        (("2026-02-28", None), (None, None), False),
    ],
)
def test_what_a_page_admits(
    after: tuple[str | None, int | None], before: tuple[str | None, int | None], admitted: bool | None
) -> None:
    """Another modification than before; where that is not known, one since the text before was seen last."""

    def text(day: str | None, hour: int | None) -> VersionText:
        on = PartialDate.fromisoformat(day) if day else None
        at = datetime(2026, 3, 1, hour, tzinfo=UTC) if hour else None
        return version_text("Titel", f"Text {day} {hour}", modified_on=on, modified_at=at)

    version = NewVersion(number=1, before=text(*before), after=text(*after), seen_at=START, before_seen_at=START)
    assert is_admitted(version) is admitted
    assert is_admitted(replace(version, after=None)) is None
    if before == (None, None):
        assert is_admitted(replace(version, before=None)) is admitted


def test_clocks_that_differ_a_little_admit_a_change() -> None:
    """A server that is ten minutes behind."""
    for minutes, admitted in ((10, True), (11, False)):
        at = START - minutes * MINUTE
        text = version_text("Titel", "Text", modified_on=PartialDate.of(at.date()), modified_at=at)
        version = NewVersion(number=1, before=None, after=text, seen_at=START, before_seen_at=START)
        assert is_admitted(version) is admitted


def test_an_unchanged_answer_confirms_what_it_belongs_to() -> None:
    """The version that was seen once, or the one that counts."""
    (once,) = followed("B")
    for text, number in ((TEXTS["B"], 1), (TEXTS["A"], 0)):
        unchanged = Unchanged(exact=text.exact)
        step = follow_up(once.track, unchanged, schedule=SCHEDULE, archived_at=START, now=START + HOUR)
        assert step.track.version == number
        assert (step.track.base, step.track.base_seen_at) == (text, START + HOUR)
    for track in (FIRST, Track(base=None, base_seen_at=START)):  # of a text that is not known any more
        step = follow_up(track, Unchanged(exact=1), schedule=SCHEDULE, archived_at=START, now=START + HOUR)
        assert (step.track, step.version, step.due_at) == (track, None, START + 3 * HOUR)


def test_the_first_reading_is_the_basis_where_the_document_has_none() -> None:
    """The text of a document may come from the feed, or from a part of its page."""
    steps = followed("BBCC", Track(base=None, base_seen_at=START))
    assert versions(steps) == ["C"]
    assert [step.rebased for step in followed("N-N")] == [True, False, False]
    assert (steps[0].track.base, steps[0].track.base_seen_at) == (TEXTS["B"], START + 10 * MINUTE)


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
    wall = Unreadable(problem="a wall", again=False)
    assert follow_up(FIRST, wall, schedule=SCHEDULE, archived_at=START, now=START + 12 * HOUR).due_at is None


def test_no_more_than_two_readings_come_between_two_of_the_schedule() -> None:
    """However often a page fails; one that falls on a reading of the schedule is that one."""
    track, seen = FIRST, []
    for at in (4 * HOUR, 4 * HOUR + 30 * MINUTE, 5 * HOUR, 12 * HOUR):
        step = follow_up(track, sighting("-"), schedule=SCHEDULE, archived_at=START, now=START + at)
        track = step.track
        assert step.due_at
        seen.append((step.due_at - START, track.extra))
    assert seen == [
        (4 * HOUR + 30 * MINUTE, 1),
        (5 * HOUR, 2),
        (12 * HOUR, 0),
        (12 * HOUR + 30 * MINUTE, 1),
    ]
    step = follow_up(FIRST, sighting("-"), schedule=SCHEDULE, archived_at=START, now=START + 30 * MINUTE)
    assert (step.due_at, step.track.extra) == (START + HOUR, 0)


def test_a_document_has_a_bounded_number_of_versions() -> None:
    """Further ones are counted, so that a person can see it."""
    nearly = Track(base=TEXTS["A"], base_seen_at=START, version=MOST_VERSIONS - 1)
    steps = followed("BBCC000", nearly)
    assert [step.version.number for step in steps if step.version] == [MOST_VERSIONS]
    assert (steps[-1].track.version, steps[-1].track.left_out) == (MOST_VERSIONS, 2)


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
