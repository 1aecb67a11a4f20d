"""The compiled watches: which of them an article answers, with the hits. No rules of language, no I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from watcher.matching.evaluate import evaluate
from watcher.matching.evidence import Evidence
from watcher.matching.explain import missing
from watcher.matching.lexicon import Lexicon
from watcher.matching.plan import Plan, Planner
from watcher.matching.terms import Term
from watcher.model import Article, Match, Needle, Watch

MAX_HITS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one watch makes of an article. `missing`: why it does not match, one sentence each; () if it does."""

    watch: str
    match: Match | None
    missing: tuple[str, ...] = ()


class Watchlist:
    """Watches, compiled once and then asked for every article. Holds no state between articles."""

    def __init__(self, plans: Sequence[Plan], terms: Sequence[Term]) -> None:
        self._plans = tuple(plans)
        self._lexicon = Lexicon(terms)
        self._always = [number for number, plan in enumerate(plans) if plan.needs is None]
        woken_by: dict[int, list[int]] = defaultdict(list)
        for number, plan in enumerate(plans):
            for term in plan.needs or ():
                woken_by[term].append(number)
        self._woken_by = {term: tuple(numbers) for term, numbers in woken_by.items()}

    @classmethod
    def compile(cls, watches: Iterable[Watch]) -> Watchlist:
        """Compile watches. Raises QueryError that names the watch, the place and what to write instead."""
        planner = Planner()
        plans = [planner.plan(watch) for watch in watches]
        return cls(plans, planner.terms)

    @property
    def needles(self) -> tuple[Needle, ...]:
        """What to look for in a page before anything else: without any of them no article of it answers a watch, except
        those of `unfilterable`."""
        return self._lexicon.needles_of(self._woken_by)

    @property
    def unfilterable(self) -> tuple[str, ...]:
        """The names of the watches that an article can answer without a certain word: `site:example.org`."""
        return tuple(self._plans[number].watch.name for number in self._always)

    def match(self, article: Article, *, feed_text: str = "", feed: str = "") -> tuple[Match, ...]:
        """The watches that the article answers, in the order of the watchlist, each with its hits.

        Hits point into `article.text`; a term that does not stand there is also looked for in `feed_text` (what the
        feed said about it), and its hits have the field FEED. A match has at most `MAX_HITS` hits, the first of the
        text; it has none if the watch asks for facts only. `feed` is the name of the feed, for queries that ask for it.
        """
        evidence = Evidence(self._lexicon, article, feed_text=feed_text, feed=feed)
        return tuple(match for plan in self._candidates(evidence) if (match := _match(plan, evidence)))

    def explain(self, article: Article, *, feed_text: str = "", feed: str = "") -> tuple[Finding, ...]:
        """What every watch makes of the article: its match, or the reasons why it does not match."""
        evidence = Evidence(self._lexicon, article, feed_text=feed_text, feed=feed)
        return tuple(self._finding(plan, evidence) for plan in self._plans)

    def _finding(self, plan: Plan, evidence: Evidence) -> Finding:
        match = _match(plan, evidence)
        return Finding(watch=plan.watch.name, match=match, missing=() if match else missing(plan.node, evidence))

    def _candidates(self, evidence: Evidence) -> list[Plan]:
        woken = {number for term in evidence.found for number in self._woken_by.get(term, ())}
        return [self._plans[number] for number in sorted(woken.union(self._always))]


def definition(watch: Watch) -> int:
    """A signed 64-bit hash of all that decides what a watch matches: not its name, nor whom it tells."""
    parts = (watch.terms, watch.query, watch.inflect, watch.compounds)
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), signed=True)


def _match(plan: Plan, evidence: Evidence) -> Match | None:
    spans = evaluate(plan.node, evidence)
    if spans is None:
        return None
    return Match(watch=plan.watch.name, hits=tuple(evidence.hits(spans)[:MAX_HITS]))
