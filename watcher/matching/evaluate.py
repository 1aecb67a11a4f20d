"""Is a query true of an article, and which words make it so? Pure logic over nodes and evidence."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from watcher.matching.evidence import Evidence, Span
from watcher.matching.nodes import About, And, Near, Node, Not, Or, Words

_MOST_STRETCHES = 20_000  # pairs that one NEAR looks at: a text that repeats two words thousands of times ends here


def evaluate(node: Node, evidence: Evidence) -> list[Span] | None:
    """The spans that make a query true, None if it is not. A query can be true without a span: `site:example.org`."""
    match node:
        case Words():
            return evidence.spans(node) or None
        case About():
            return [] if evidence.holds(node) else None
        case Not(part=part):
            return None if evaluate(part, evidence) is not None else []
        case And(parts=parts):
            return _all(parts, evidence)
        case Or(parts=parts):
            true = [spans for part in parts if (spans := evaluate(part, evidence)) is not None]
            return [span for spans in true for span in spans] if true else None
        case Near():
            return [span for stretch in stretches(node, evidence) for span in stretch.spans] or None


def _all(parts: Sequence[Node], evidence: Evidence) -> list[Span] | None:
    collected: list[Span] = []
    for part in parts:
        spans = evaluate(part, evidence)
        if spans is None:
            return None
        collected += spans
    return collected


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A piece of text that answers one side of NEAR: from the first of its spans to the end of the last."""

    whole: Span
    spans: tuple[Span, ...]


def stretches(node: Node, evidence: Evidence) -> list[Stretch]:
    """Every place of a node that has places: words, groups of them with OR, and NEAR itself."""
    match node:
        case Words():
            return [Stretch(whole=span, spans=(span,)) for span in evidence.spans(node)]
        case Or(parts=parts):
            return [stretch for part in parts for stretch in stretches(part, evidence)]
        case Near(left=left, right=right):
            pairs = _pairs(node, stretches(left, evidence), stretches(right, evidence), evidence)
            return [_joined(*pair) for pair in islice(pairs, _MOST_STRETCHES)]
        case _:
            raise TypeError(f"{node} has no place")


def _pairs(
    near: Near, left: Iterable[Stretch], right: Iterable[Stretch], evidence: Evidence
) -> Iterator[tuple[Stretch, Stretch]]:
    firsts, seconds = _in_order(left), _in_order(right)
    yield from _followed(firsts, seconds, near.distance, evidence)
    if not near.ordered:
        yield from _followed(seconds, firsts, near.distance, evidence)


def _followed(
    firsts: Sequence[Stretch], seconds: Sequence[Stretch], distance: int, evidence: Evidence
) -> Iterator[tuple[Stretch, Stretch]]:
    """Each of `firsts` with each of `seconds` that begins behind its end, `distance` words away at most."""
    starts = [_place(second) for second in seconds]
    for first in firsts:
        limit = evidence.reach(first.whole, distance)
        at = bisect_left(starts, (first.whole.field.value, first.whole.end))
        while at < len(starts) and starts[at] < (first.whole.field.value, limit):
            yield first, seconds[at]
            at += 1


def _in_order(stretches: Iterable[Stretch]) -> list[Stretch]:
    return sorted(stretches, key=lambda stretch: (_place(stretch), stretch.whole.end))


def _place(stretch: Stretch) -> tuple[str, int]:
    return stretch.whole.field.value, stretch.whole.start


def _joined(first: Stretch, second: Stretch) -> Stretch:
    whole = Span(
        number=-1,
        field=first.whole.field,
        start=first.whole.start,
        end=max(first.whole.end, second.whole.end),
    )
    return Stretch(whole=whole, spans=(*first.spans, *second.spans))
