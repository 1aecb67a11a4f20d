"""Cuts the sentences before and after out of changed paragraphs, to show in alerts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watcher.corpus.revisions.diff import Effort, differing_parts
from watcher.corpus.revisions.words import words_of
from watcher.model import Change, Hit, HitField, VersionText
from watcher.text.sentences import sentence_ends

LONGEST_PASSAGE = 400
_REACH = 1_500  # characters to each side of a place that are searched for the ends of its sentence


def headline_passage(before: VersionText, after: VersionText, changed: bool) -> Iterator[Change]:
    """Yields the headlines before and after, if they changed."""
    if changed:
        yield Change(before=_cut(before.title, 0) or None, after=_cut(after.title, 0) or None)


def hit_passages(
    changes: Sequence[Change], *, lost: Sequence[tuple[str, Hit | None]], gained: Sequence[tuple[str, Hit | None]]
) -> Iterator[Change]:
    """Yields the sentence of each hit that was lost or gained, with the sentence that has its place now, or had it.

    Hits are those of the whole texts that are named with them.
    """
    for text, hit in lost:
        if hit is not None and hit.field is HitField.TEXT:
            sentence = sentence_at(text, hit.start, hit.end)
            change = _change_with(changes, hit.form, before=True)
            yield Change(before=sentence, after=_other_side(change, hit.form, before=True))
    for text, hit in gained:
        if hit is not None and hit.field is HitField.TEXT:
            sentence = sentence_at(text, hit.start, hit.end)
            change = _change_with(changes, hit.form, before=False)
            yield Change(before=_other_side(change, hit.form, before=False), after=sentence)


def sentence_at(text: str, start: int, end: int) -> str:
    """Returns the sentence around a place, within its paragraph, in at most LONGEST_PASSAGE characters."""
    first = text.rfind("\n\n", max(0, start - _REACH), start)
    begins = first + 2 if first >= 0 else max(0, start - _REACH)
    begins = max(sentence_ends(text, begins, start + 1), default=begins)
    last = text.find("\n\n", end, end + _REACH)
    ends = last if last >= 0 else min(len(text), end + _REACH)
    ends = next(sentence_ends(text, end, ends), ends)
    return _cut(text[begins:ends].strip(), start - begins)


def _change_with(changes: Sequence[Change], form: str, *, before: bool) -> Change | None:
    sides = ((change, (change.before if before else change.after) or "") for change in changes)
    return next((change for change, text in sides if form in text), None)


def _other_side(change: Change | None, form: str, *, before: bool) -> str | None:
    """Returns the sentence on the other side of a change that has the place of a hit; None if there is none."""
    if change is None or change.before is None or change.after is None:
        return None
    own, other = (change.before, change.after) if before else (change.after, change.before)
    words, others = words_of(own), words_of(other)
    place = own.find(form)
    parts = differing_parts([word.text for word in words], [word.text for word in others], Effort(200_000))
    for first, last, other_first, other_last in parts:
        if last > first and words[first].start <= place < words[last - 1].end:
            at = other_first
            if other_first == other_last:  # nothing came instead
                preceded, followed = _rest_of_sentence(own, words[first].start, words[last - 1].end)
                if not (preceded or followed):
                    return None
                at -= preceded
            return sentence_at(other, others[at].start, others[at].end)
    return None


def _rest_of_sentence(text: str, start: int, end: int) -> tuple[bool, bool]:
    """Returns whether other words of its sentence precede a place, and whether some follow it."""
    begins = max(sentence_ends(text, 0, start + 1), default=0)
    ends = next(sentence_ends(text, end), None)
    return any(map(str.isalnum, text[begins:start])), any(map(str.isalnum, text[end:ends]))


def _cut(text: str, place: int) -> str:
    """Limits a sentence to LONGEST_PASSAGE characters around a place in it, on one line."""
    if len(text) > LONGEST_PASSAGE:
        start = max(0, min(place - LONGEST_PASSAGE // 2, len(text) - LONGEST_PASSAGE + 2))
        end = start + LONGEST_PASSAGE - 2
        text = f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
    return " ".join(text.split())
