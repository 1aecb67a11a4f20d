"""Which paragraphs of two versions are shown as versions of one another."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.corpus.revisions import Effort, compare, version_text
from watcher.corpus.revisions.compare import changed_paragraphs
from watcher.model import Change

marked = st.lists(st.sampled_from("abcdef"), min_size=4, max_size=4).map(" ".join)


def common(one: str, other: str) -> int:
    """The number of words in common, out of five."""
    return (Counter(one.strip("…").split()) & Counter(other.strip("–").split())).total()


def most_in_common(before: list[str], after: list[str]) -> int:
    """The most words that pairs in order have in common, each at least two of its five."""

    @cache
    def best(at: int, other: int) -> int:
        if at == len(before) or other == len(after):
            return 0
        alike = common(before[at], after[other])
        skipped = max(best(at + 1, other), best(at, other + 1))
        return max(skipped, alike + best(at + 1, other + 1)) if alike >= 2 else skipped

    return best(0, 0)


@given(
    before=st.lists(marked | st.just("…"), min_size=1, max_size=4),
    after=st.lists(marked | st.just("–"), min_size=1, max_size=4),
)
def test_pairs_have_most_words_in_common(before: list[str], after: list[str]) -> None:
    """Altogether, and none of a pair too few; every paragraph is shown once, in its order."""
    before = [part if at and part == "…" else f"{part} {'pqrs'[at]}" for at, part in enumerate(before)]
    after = [part if at and part == "–" else f"{part} {'wxyz'[at]}" for at, part in enumerate(after)]
    changes = list(changed_paragraphs(before, after, Effort()))
    assert [change.before for change in changes if change.before is not None] == before
    assert [change.after for change in changes if change.after is not None] == after
    pairs = [common(change.before, change.after) for change in changes if change.before and change.after]
    if len(before) == len(after) == 1:
        assert len(pairs) == (common(before[0], after[0]) > 0)
    else:
        assert all(alike >= 2 for alike in pairs)
        assert sum(pairs) == most_in_common(before, after)


def turned(count: int) -> tuple[list[str], list[str]]:
    """As many paragraphs as that, the second time in the opposite order and with another end."""
    before = [f"Absatz {number} spricht vom Hafen {number}" for number in range(count)]
    return before, [f"{part} noch" for part in reversed(before)]


def test_many_paragraphs_are_paired_by_their_places() -> None:
    """Comparing each with each would take too long; so it would once the effort for two texts is spent."""
    before, after = turned(40)
    by_place = [Change(before=old, after=new) for old, new in zip(before, after, strict=True)]
    assert list(changed_paragraphs(before, after, Effort())) == by_place
    assert list(changed_paragraphs(before[:-2], after, Effort()))[-2:] == [
        Change(before=None, after=after[-2]),
        Change(before=None, after=after[-1]),
    ]
    few, others = turned(3)
    by_place = [Change(before=old, after=new) for old, new in zip(few, others, strict=True)]
    assert list(changed_paragraphs(few, others, Effort(0))) == by_place


def test_comparing_paragraphs_takes_effort() -> None:
    """A step for each different word of each pair, so that many changed parts are bounded together."""
    before, after = turned(20)
    effort = Effort(100_000)
    list(changed_paragraphs(before, after, effort))
    assert 100_000 - 10_000 < effort.left <= 100_000 - 20 * 20 * (5 + 6)


def test_a_split_paragraph_is_one_change() -> None:
    """With its parts as they are now."""
    before, after = version_text("", "Erst dies. Dann das."), version_text("", "Erst dies.\n\nDann das.")
    assert compare(before, after).changes == (Change(before=before.body, after=after.body),)
    assert compare(after, before).changes == (Change(before=after.body, after=before.body),)


@pytest.mark.parametrize("sign", ["…", "– – –"])
def test_a_line_without_words_comes_and_goes_alone(sign: str) -> None:
    """It is not a version of any paragraph."""
    before, after = version_text("", f"Eins.\n\n{sign}\n\nDrei."), version_text("", "Eins.\n\nZwei.\n\nDrei.")
    assert compare(before, after).changes == (Change(before=sign, after=None), Change(before=None, after="Zwei."))
