"""The compiled watches: which of them an article answers, with the hits. No rules of language, no I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeGuard

from watcher.matching.evaluate import evaluate
from watcher.matching.evidence import Evidence, is_of_feed, site_of
from watcher.matching.explain import missing
from watcher.matching.lexicon import Lexicon
from watcher.matching.nodes import About, Fact
from watcher.matching.plan import Plan, Planner, Sign
from watcher.matching.terms import Term
from watcher.model import Article, Match, Needle, Watch
from watcher.text import fold, squeeze

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
        self._signs = [sign for number in self._always for sign in plans[number].signs or ()]
        sites = (site_of(sign) for sign in self._signs if _is_about(sign, Fact.SITE))
        self._sites = tuple(dict.fromkeys(squeeze(fold(site).text) for site in sites))
        self._takes_all = "" in self._sites or any(plan.signs is None for plan in plans)

    @classmethod
    def compile(cls, watches: Iterable[Watch]) -> Watchlist:
        """Compile watches. Raises QueryError that names the watch, the place and what to write instead."""
        planner = Planner()
        plans = [planner.plan(watch) for watch in watches]
        return cls(plans, planner.terms)

    @property
    def needles(self) -> tuple[Needle, ...]:
        """What to look for before anything else in a page, with the names of its author and hosts: without any of them
        no article of it answers a watch, unless `takes_all_of` says so of its feed."""
        terms = dict.fromkeys([*self._woken_by, *(sign for sign in self._signs if isinstance(sign, int))])
        sites = (Needle(letters=site, inside_words=True) for site in self._sites if site)
        return (*self._lexicon.needles_of(terms), *sites)

    def takes_all_of(self, feed: str) -> bool:
        """Whether a watch can be answered by any article of this feed, whatever stands in it: `feed:name -Sport`."""
        return self._takes_all or any(_is_about(sign, Fact.FEED) and is_of_feed(sign, feed) for sign in self._signs)

    @property
    def unfilterable(self) -> tuple[str, ...]:
        """The names of the watches that every page of a site or feed may answer: `site:example.org`."""
        plans = (self._plans[number] for number in self._always)
        return tuple(
            plan.watch.name
            for plan in plans
            if plan.signs is None or any(isinstance(sign, About) for sign in plan.signs)
        )

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
        wakers = (term for term in evidence.suspects if term in self._woken_by and evidence.stands(term))
        woken = {number for term in wakers for number in self._woken_by[term]}
        plans = (self._plans[number] for number in sorted(woken.union(self._always)))
        return [plan for plan in plans if all(any(map(evidence.stands, terms)) for terms in plan.needs_too)]


def _is_about(sign: Sign, fact: Fact) -> TypeGuard[About]:
    return isinstance(sign, About) and sign.fact is fact


def definition(watch: Watch) -> int:
    """A signed 64-bit hash of all that decides what a watch matches: not its name, nor whom it tells."""
    parts = (watch.terms, watch.query, watch.inflect, watch.compounds)
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), signed=True)


def _match(plan: Plan, evidence: Evidence) -> Match | None:
    spans = evaluate(plan.node, evidence)
    if spans is None:
        return None
    return Match(watch=plan.watch.name, hits=tuple(evidence.hits(spans)[:MAX_HITS]))
