"""Explains why a query is false for an article: one sentence for each part that fails, in the words of the query."""

from __future__ import annotations

from dataclasses import replace

from watcher.matching.evaluate import evaluate, passages
from watcher.matching.evidence import Evidence
from watcher.matching.nodes import And, FactFilter, Near, Node, Not, Or, Scope, Words
from watcher.model import HitField

_PLACES = {Scope.ANYWHERE: "text", Scope.TITLE: "title", Scope.BODY: "body"}
_MOST_REASONS = 5
_MOST_PLACES = 200


def missing(node: Node, evidence: Evidence) -> tuple[str, ...]:
    """Returns the reasons why `node` is false, () if it is true."""
    if evaluate(node, evidence) is not None:
        return ()
    match node:
        case Words():
            return (f"{node} is not in the {_PLACES[node.scope]}{_instead(node, evidence)}",)
        case FactFilter(fact=fact):
            known = evidence.fact(fact)
            return (f"{node} is not true: {f'it is {known}' if known else 'it is not known'}",)
        case Not(part=part):
            return (f"{part} is excluded, but {_presence(part, evidence)}",)
        case And(parts=parts):
            return tuple(reason for part in parts for reason in missing(part, evidence))
        case Or(parts=parts):
            reasons = [reason for part in parts for reason in missing(part, evidence)]
            more = f"; and {len(reasons) - _MOST_REASONS} more" if len(reasons) > _MOST_REASONS else ""
            return (f"none of these is true: {'; '.join(reasons[:_MOST_REASONS])}{more}",)
        case Near():
            return _too_far(node, evidence)


def _instead(words: Words, evidence: Evidence) -> str:
    """Says where else these letters occur, if they do."""
    if words.scope and evidence.spans(replace(words, scope=Scope.ANYWHERE)):
        return ", only elsewhere"
    inside = evidence.inside_words(words)
    return f", only as part of {', '.join(inside)}" if inside else ""


def _presence(node: Node, evidence: Evidence) -> str:
    forms = dict.fromkeys(hit.form for hit in evidence.hits(evaluate(node, evidence) or ()))
    return f"{', '.join(list(forms)[:3])} is there" if forms else "it is true"


def _too_far(near: Near, evidence: Evidence) -> tuple[str, ...]:
    sides = (near.left, near.right)
    if lacking := tuple(reason for side in sides for reason in missing(side, evidence)):
        return lacking
    left, right = (
        [passage.whole for passage in passages(side, evidence) if passage.whole.field is HitField.TEXT][:_MOST_PLACES]
        for side in sides
    )
    distances = [evidence.words_between(one, two) for one in left for two in right if one.end <= two.start]
    if not near.ordered:
        distances += [evidence.words_between(two, one) for one in left for two in right if two.end <= one.start]
    nearest = f": the nearest are {min(distances)} words apart" if distances else ""
    return (f"{near} is not true{nearest}",)
