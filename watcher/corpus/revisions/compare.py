"""Compares two versions of a text: the paragraphs that changed, and the classes of the change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from watcher.corpus.revisions.diff import Effort, differing_parts
from watcher.corpus.revisions.passages import headline_passage, hit_passages
from watcher.corpus.revisions.text import paragraphs_of
from watcher.corpus.revisions.words import Word, substance, words_of
from watcher.model import Change, Comparison, Hit, Match, RevisionClass, VersionText

_MOST_PAIRED = 30  # paragraphs on each side of a changed part that are paired by their words
_ALIKE = 0.4  # the share of common words from which two paragraphs are versions of one
_LONG = 5  # words: a longer insertion or deletion is added or removed text; its numbers and names are not compared
_MOST_PASSAGES = 4

Term = tuple[str, str]


def compare(
    before: VersionText, after: VersionText, *, hits_before: Sequence[Match] = (), hits_after: Sequence[Match] = ()
) -> Comparison:
    """Compares two versions that differ. `hits_before`, `hits_after`: the matches of the same watches in their `text`.

    A hit is gained where a term of a watch has hits only after the change, or a watch matches only after it; lost the
    other way round.
    """
    effort, classes = Effort(), set[RevisionClass]()
    changes = []
    if before.title != after.title:
        changes.append(Change(before=before.title or None, after=after.title or None))
    if substance(before.title) != substance(after.title):
        classes.add(RevisionClass.HEADLINE)
    for change in changed_paragraphs(paragraphs_of(before), paragraphs_of(after), effort):
        changes.append(change)
        classes |= _classes_of(change, effort)
    known, found = _terms(hits_before), _terms(hits_after)
    gained, lost = found.keys() - known.keys(), known.keys() - found.keys()
    classes |= {RevisionClass.HIT_GAINED} if gained else set()
    classes |= {RevisionClass.HIT_LOST} if lost else set()
    passages = [
        *headline_passage(before, after, RevisionClass.HEADLINE in classes),
        *hit_passages(
            changes,
            lost=[(before.text, hit) for term, hit in known.items() if term in lost][:_MOST_PASSAGES],
            gained=[(after.text, hit) for term, hit in found.items() if term in gained][:_MOST_PASSAGES],
        ),
    ]
    return Comparison(
        classes=_ordered(classes),
        changes=tuple(changes),
        passages=tuple(dict.fromkeys(passages))[:_MOST_PASSAGES],
        gained=tuple(dict.fromkeys(term[0] for term in found if term in gained)),
    )


def changed_paragraphs(before: Sequence[str], after: Sequence[str], effort: Effort) -> Iterator[Change]:
    """Yields the paragraphs that changed, were added or removed, in their order."""
    for first, last, other_first, other_last in differing_parts(before, after, effort):
        yield from _paired(before[first:last], after[other_first:other_last], effort)


def _terms(matches: Sequence[Match]) -> dict[Term, Hit | None]:
    """Returns each term of each watch that matches, with its first hit; a watch of facts alone has no term."""
    found: dict[Term, Hit | None] = {}
    for match in matches:
        for hit in match.hits:
            found.setdefault((match.watch, hit.term), hit)
        if not match.hits:
            found[match.watch, ""] = None
    return found


def _ordered(classes: Collection[RevisionClass]) -> tuple[RevisionClass, ...]:
    return tuple(each for each in RevisionClass if each in classes) or (RevisionClass.COSMETIC,)


# -- paragraphs --------------------------------------------------------------------------------------------------------


def _paired(before: Sequence[str], after: Sequence[str], effort: Effort) -> Iterator[Change]:
    """Pairs the paragraphs of a changed part that are versions of one another; the rest came or went."""
    if _joined_words(before) == _joined_words(after):  # only split, joined or punctuated otherwise
        yield Change(before="\n\n".join(before) or None, after="\n\n".join(after) or None)
        return
    done = other_done = 0
    for at, other in _pairs(before, after, effort):
        yield from (Change(before=part, after=None) for part in before[done:at])
        yield from (Change(before=None, after=part) for part in after[other_done:other])
        yield Change(before=before[at], after=after[other])
        done, other_done = at + 1, other + 1
    yield from (Change(before=part, after=None) for part in before[done:])
    yield from (Change(before=None, after=part) for part in after[other_done:])


def _joined_words(paragraphs: Sequence[str]) -> list[str]:
    return [word for paragraph in paragraphs for word in substance(paragraph)]


def _pairs(before: Sequence[str], after: Sequence[str], effort: Effort) -> list[tuple[int, int]]:
    """Returns the pairs in order that have most words in common altogether; of a large part, by position."""
    if len(before) == len(after) == 1:
        return [(0, 0)] if _likeness(Counter(substance(before[0])), Counter(substance(after[0]))) else []
    if max(len(before), len(after)) > _MOST_PAIRED or effort.spent:
        return [(at, at) for at in range(min(len(before), len(after)))]
    bags, others = [[Counter(substance(part)) for part in parts] for parts in (before, after)]
    effort.left -= sum(map(len, bags)) * len(others) + sum(map(len, others)) * len(bags)
    likeness = [[_likeness(bag, other) for other in others] for bag in bags]
    best = [[0.0] * (len(others) + 1) for _ in range(len(bags) + 1)]
    for a in range(len(bags) - 1, -1, -1):
        for b in range(len(others) - 1, -1, -1):
            pair = likeness[a][b] + best[a + 1][b + 1] if likeness[a][b] >= _ALIKE else 0.0
            best[a][b] = max(best[a + 1][b], best[a][b + 1], pair)
    return _traced(likeness, best)


def _traced(likeness: list[list[float]], best: list[list[float]]) -> list[tuple[int, int]]:
    pairs, a, b = [], 0, 0
    while a < len(best) - 1 and b < len(best[0]) - 1:
        if likeness[a][b] >= _ALIKE and best[a][b] == likeness[a][b] + best[a + 1][b + 1]:
            pairs.append((a, b))
            a, b = a + 1, b + 1
        elif best[a][b] == best[a + 1][b]:
            a += 1
        else:
            b += 1
    return pairs


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """The share of the words that two paragraphs have in common, of the shorter one, from 0 to 1."""
    shorter = min(one.total(), other.total())
    return (one & other).total() / shorter if shorter else 0.0


# -- classes -----------------------------------------------------------------------------------------------------------


def _classes_of(change: Change, effort: Effort) -> set[RevisionClass]:
    """Returns the classes of a changed paragraph; none if only punctuation or a date line changed."""
    before, after = (_joined_words((text or "").split("\n\n")) for text in (change.before, change.after))
    if before == after:
        return set()
    if not before:
        return {RevisionClass.ADDED}
    if not after:
        return {RevisionClass.REMOVED}
    old, new = words_of(change.before or ""), words_of(change.after or "")
    classes = set[RevisionClass]()
    for a, b, c, d in differing_parts([word.text for word in old], [word.text for word in new], effort):
        classes |= _classes_of_words(old[a:b], new[c:d])
    return classes


def _classes_of_words(old: Sequence[Word], new: Sequence[Word]) -> set[RevisionClass]:
    """Returns the classes of one changed part of a paragraph: words that were added, removed or replaced."""
    classes = set[RevisionClass]()
    if any(word.quoted for word in (*old, *new)):
        classes.add(RevisionClass.QUOTES)
    only_one_side = not old or not new
    if only_one_side and len(old) + len(new) > _LONG:
        return classes | ({RevisionClass.ADDED} if new else {RevisionClass.REMOVED})
    if _numbers(old) != _numbers(new):
        classes.add(RevisionClass.NUMBERS)
    if _named(old) != _named(new):
        classes.add(RevisionClass.NAMES)
    gone, came = _plain(old) - _plain(new), _plain(new) - _plain(old)
    if RevisionClass.QUOTES not in classes or only_one_side:
        classes |= {RevisionClass.ADDED} if came else set()
        classes |= {RevisionClass.REMOVED} if gone else set()
    if not classes:  # the same words in another order
        classes = {RevisionClass.ADDED, RevisionClass.REMOVED}
    return classes


def _numbers(words: Sequence[Word]) -> Counter[str]:
    return Counter(word.text for word in words if word.is_number)


def _named(words: Sequence[Word]) -> Counter[str]:
    return Counter(word.text for word in words if word.is_name and not word.is_number)


def _plain(words: Sequence[Word]) -> Counter[str]:
    return Counter(word.text for word in words if not (word.is_name or word.is_number))
