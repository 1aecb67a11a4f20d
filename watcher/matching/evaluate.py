"""Evaluates a query on an article and names the words that make it true. Pure logic over nodes and evidence."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from watcher.matching.evidence import Evidence, Span, Witness
from watcher.matching.nodes import And, FactFilter, Near, Node, Not, Or, Words

_MOST_PASSAGES = 20_000  # pairs that one NEAR examines: a bound for texts that repeat two words thousands of times


def evaluate(node: Node, evidence: Evidence) -> list[Witness] | None:
    """Returns the witnesses of a query, None if it is false. `site:example.org` can be true without a witness.

    The verdict needs the first occurrence of words; further ones are searched only for hits and for NEAR.
    """
    match node:
        case Words():
            return [node] if evidence.holds_words(node) else None
        case FactFilter():
            return [] if evidence.holds(node) else None
        case Not(part=part):
            return None if evaluate(part, evidence) is not None else []
        case And(parts=parts):
            return _all(parts, evidence)
        case Or(parts=parts):
            true = [found for part in parts if (found := evaluate(part, evidence)) is not None]
            return [witness for found in true for witness in found] if true else None
        case Near():
            return [span for passage in passages(node, evidence) for span in passage.spans] or None


def _all(parts: Sequence[Node], evidence: Evidence) -> list[Witness] | None:
    collected: list[Witness] = []
    for part in parts:
        found = evaluate(part, evidence)
        if found is None:
            return None
        collected += found
    return collected


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of text that matches one side of NEAR: from the first of its spans to the end of the last."""

    whole: Span
    spans: tuple[Span, ...]


def passages(node: Node, evidence: Evidence) -> list[Passage]:
    """Lists the passages of a node that has positions: words, groups of them with OR, and NEAR itself."""
    match node:
        case Words():
            return [Passage(whole=span, spans=(span,)) for span in evidence.spans(node)]
        case Or(parts=parts):
            return [passage for part in parts for passage in passages(part, evidence)]
        case Near(left=left, right=right):
            pairs = _pairs(node, passages(left, evidence), passages(right, evidence), evidence)
            return [_joined(*pair) for pair in islice(pairs, _MOST_PASSAGES)]
        case _:
            raise TypeError(f"{node} has no position")


def _pairs(
    near: Near, left: Iterable[Passage], right: Iterable[Passage], evidence: Evidence
) -> Iterator[tuple[Passage, Passage]]:
    firsts, seconds = _in_order(left), _in_order(right)
    yield from _followed(firsts, seconds, near.distance, evidence)
    if not near.ordered:
        yield from _followed(seconds, firsts, near.distance, evidence)


def _followed(
    firsts: Sequence[Passage], seconds: Sequence[Passage], distance: int, evidence: Evidence
) -> Iterator[tuple[Passage, Passage]]:
    """Yields pairs of which the second begins behind the end of the first, at most `distance` words away."""
    starts = [_place(second) for second in seconds]
    for first in firsts:
        at = bisect_left(starts, (first.whole.field.value, first.whole.end))
        if at == len(starts) or starts[at][0] != first.whole.field.value:
            continue
        limit = evidence.reach(first.whole, distance)
        while at < len(starts) and starts[at] < (first.whole.field.value, limit):
            yield first, seconds[at]
            at += 1


def _in_order(passages: Iterable[Passage]) -> list[Passage]:
    return sorted(passages, key=lambda passage: (_place(passage), passage.whole.end))


def _place(passage: Passage) -> tuple[str, int]:
    return passage.whole.field.value, passage.whole.start


def _joined(first: Passage, second: Passage) -> Passage:
    whole = Span(
        number=-1,
        field=first.whole.field,
        start=first.whole.start,
        end=max(first.whole.end, second.whole.end),
    )
    return Passage(whole=whole, spans=(*first.spans, *second.spans))
