"""The compiled watches: matches an article against all of them. No rules of language, no I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TypeGuard

from watcher.matching.candidates import candidates
from watcher.matching.evaluate import evaluate
from watcher.matching.evidence import Evidence, is_of_feed, site_of
from watcher.matching.explain import missing
from watcher.matching.lexicon import Lexicon
from watcher.matching.nodes import Fact, FactFilter
from watcher.matching.plan import Plan, Planner, Sign
from watcher.matching.terms import Term
from watcher.model import MAX_HITS, Article, Match, Needle, Watch
from watcher.text import fold, squeeze
from watcher.text.index import Condition

MAX_MENTIONS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The verdict of one watch on an article. `missing`: why it does not match, a sentence each; () if it does."""

    watch: str
    match: Match | None
    missing: tuple[str, ...] = ()


class Watchlist:
    """Watches, compiled once and evaluated on every article. Holds no state between articles."""

    def __init__(self, plans: Sequence[Plan], terms: Sequence[Term]) -> None:
        self._plans = tuple(plans)
        self._lexicon = Lexicon(terms)
        self._always = [number for number, plan in enumerate(plans) if plan.needs is None]
        self._plans_by_term = _plans_by_term((number, plan.needs or ()) for number, plan in enumerate(plans))
        authors = _plans_by_term((number, filter(_is_term, plans[number].signs or ())) for number in self._always)
        self._plans_by_sign = self._plans_by_term | {
            term: (*self._plans_by_term.get(term, ()), *numbers) for term, numbers in authors.items()
        }
        self._signs = [sign for number in self._always for sign in plans[number].signs or ()]
        sites = (site_of(sign) for sign in self._signs if _filters_by(sign, Fact.SITE))
        self._sites = tuple(dict.fromkeys(squeeze(fold(site).text) for site in sites))
        self._takes_all = "" in self._sites or any(plan.signs is None for plan in plans)

    @classmethod
    def compile(cls, watches: Iterable[Watch]) -> Watchlist:
        """Compiles watches. Raises QueryError with the watch, the place and the correction."""
        planner = Planner()
        plans = [planner.plan(watch) for watch in watches]
        return cls(plans, planner.terms)

    @property
    def needles(self) -> tuple[Needle, ...]:
        """The input of the prefilter. No watch matches an article without one of them in its page, author or hosts,
        unless `takes_all_of` its feed."""
        sites = (Needle(letters=site, inside_words=True) for site in self.sites)
        return (*self._lexicon.needles_of(self._plans_by_sign), *sites)

    @property
    def signs(self) -> tuple[Term, ...]:
        """The terms of `needles`."""
        return tuple(self._lexicon.terms[number] for number in self._plans_by_sign)

    @property
    def sites(self) -> tuple[str, ...]:
        """The letters of the sites of `needles`, which are looked for in hosts."""
        return tuple(filter(None, self._sites))

    def may_mention(self, needles: Iterable[int], *, without: Collection[str]) -> bool:
        """Whether a text with these of `needles` (their indices) may have `mentions` without these watches."""
        plans_of_needle = self._plans_by_needle
        numbers = (number for needle in _distinct(needles) for number in plans_of_needle[needle])
        return any(self._plans[number].watch.name not in without for number in numbers)

    @cached_property
    def _plans_by_needle(self) -> Sequence[tuple[int, ...]]:
        """The plans of which each of `needles` is a term that counts as a mention; a site is none."""
        found: dict[str, tuple[int, ...]] = {}
        for term, numbers in self._plans_by_sign.items():
            for spelling in self._lexicon.terms[term].spellings:
                found[spelling.needle] = found.get(spelling.needle, ()) + numbers
        return [*found.values(), *(() for site in self._sites if site)]

    def takes_all_of(self, feed: str) -> bool:
        """Whether a watch can match articles of this feed that have none of the needles: `feed:name -Sport`."""
        return self._takes_all or any(_filters_by(sign, Fact.FEED) and is_of_feed(sign, feed) for sign in self._signs)

    @property
    def unfilterable(self) -> tuple[str, ...]:
        """The names of the watches that can match every page of a site or feed: `site:example.org`."""
        plans = (self._plans[number] for number in self._always)
        return tuple(
            plan.watch.name
            for plan in plans
            if plan.signs is None or any(isinstance(sign, FactFilter) for sign in plan.signs)
        )

    def match(
        self,
        article: Article,
        *,
        feed_text: str = "",
        feed: str = "",
        language: Callable[[Article], str] | None = None,
    ) -> tuple[Match, ...]:
        """Returns the matches of the article, in the order of the watchlist, each with its hits.

        Hits point into `article.text`; a term that does not occur there is searched in `feed_text` (the text of the
        entry), and its hits have the field FEED. A match has at most `MAX_HITS` hits, the first of the text, and at
        most `MAX_HITS_OF_TERM` of each term; none if the watch consists of facts only. `feed`: the name of the feed.
        `language`: determines the language of the article, called at most once and only if a `lang:` filter is
        evaluated; by default it is `article.language`.
        """
        evidence = Evidence(self._lexicon, article, feed_text=feed_text, feed=feed, language=language)
        found = self._candidates(evidence)
        return tuple(match for plan, terms in found if (match := _match(plan, evidence, terms)))

    def satisfies(self, article: Article, *, feed_text: str = "", feed: str = "") -> bool:
        """Whether all watches match the article: the verdict of `match`, in half the time, because it makes no hits."""
        evidence = Evidence(self._lexicon, article, feed_text=feed_text, feed=feed)
        return all(evaluate(plan.node, evidence) is not None for plan in self._plans)

    def candidates(self, watch: str) -> Condition | None:
        """Returns a condition on indexed words that each article satisfies that this watch matches; None: any may."""
        return next(candidates(plan.node, self._lexicon.terms) for plan in self._plans if plan.watch.name == watch)

    def explain(self, article: Article, *, feed_text: str = "", feed: str = "") -> tuple[Finding, ...]:
        """Returns the verdict of every watch: its match, or the reasons why it does not match."""
        evidence = Evidence(self._lexicon, article, feed_text=feed_text, feed=feed)
        return tuple(self._finding(plan, evidence) for plan in self._plans)

    def mentions(self, text: str, *, without: Collection[str] = ()) -> tuple[Match, ...]:
        """Finds the terms of the watches in a text that is not an article, for each watch that has any there.

        The terms are those of which a watch needs one to match; if a watch needs several at once and the text has them
        all, all of these. Whether a query is true does not count. `without`: the names of watches to leave out.
        """
        evidence = Evidence(self._lexicon, Article(title="", body=text), feed_text="", feed="")
        candidates = evidence.candidates
        numbers = {number for term in candidates for number in self._plans_by_term.get(term, ())}
        plans = (self._plans[number] for number in sorted(numbers.union(self._always)))
        named = ((plan.watch.name, _mentioned(plan, evidence)) for plan in plans if plan.watch.name not in without)
        return tuple(
            Match(watch=watch, hits=hits)
            for watch, terms in named
            if (hits := tuple(evidence.mentions(terms, MAX_MENTIONS)))
        )

    def _finding(self, plan: Plan, evidence: Evidence) -> Finding:
        match = _match(plan, evidence, [number for number in plan.needs or () if evidence.occurs(number)])
        return Finding(watch=plan.watch.name, match=match, missing=() if match else missing(plan.node, evidence))

    def _candidates(self, evidence: Evidence) -> Iterator[tuple[Plan, Sequence[int]]]:
        """Yields the plans that can be true, in their order, with the terms of `needs` that occur.

        A term is searched only if a plan can still be true with it: if the letters of all its other terms are there.
        """
        found: dict[int, list[int]] = {number: [] for number in self._always}
        for term in evidence.candidates:
            numbers = self._plans_by_term.get(term)
            if numbers and (possible := self._possible(numbers, evidence)) and evidence.occurs(term):
                for number in possible:
                    found.setdefault(number, []).append(term)
        for number in sorted(found):
            plan = self._plans[number]
            if not plan.also_needs or all(any(map(evidence.occurs, terms)) for terms in plan.also_needs):
                yield plan, found[number]

    def _possible(self, numbers: Sequence[int], evidence: Evidence) -> Sequence[int]:
        """Leaves out the plans of which a needed term cannot occur."""
        plans, are_missing = self._plans, evidence.candidates.isdisjoint
        return [number for number in numbers if not any(map(are_missing, plans[number].also_needs))]


def _distinct(values: Iterable[int]) -> Iterator[int]:
    """Yields each value once, as soon as it comes."""
    seen: set[int] = set()
    for value in values:
        if value not in seen:
            seen.add(value)
            yield value


def _plans_by_term(plans: Iterable[tuple[int, Iterable[int]]]) -> dict[int, tuple[int, ...]]:
    """Turns the terms of each plan into the plans of each term, all by their numbers."""
    found: dict[int, list[int]] = defaultdict(list)
    for number, terms in plans:
        for term in terms:
            found[term].append(number)
    return {term: tuple(numbers) for term, numbers in found.items()}


def _is_term(sign: Sign) -> TypeGuard[int]:
    return isinstance(sign, int)


def _filters_by(sign: Sign, fact: Fact) -> TypeGuard[FactFilter]:
    return isinstance(sign, FactFilter) and sign.fact is fact


def definition(watch: Watch) -> int:
    """Computes a signed 64-bit hash of everything that decides whether a watch matches; name and channels do not."""
    parts = (watch.terms, watch.query, watch.inflect, watch.compounds)
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), signed=True)


def _match(plan: Plan, evidence: Evidence, terms: Sequence[int]) -> Match | None:
    """Returns the match of a plan, None if it is false. `terms`: those of `plan.needs` that occur."""
    if plan.is_any_of_needs:
        return Match(watch=plan.watch.name, hits=tuple(evidence.hits_of(terms)[:MAX_HITS])) if terms else None
    witnesses = evaluate(plan.node, evidence)
    if witnesses is None:
        return None
    return Match(watch=plan.watch.name, hits=tuple(evidence.hits(witnesses)[:MAX_HITS]))


def _mentioned(plan: Plan, evidence: Evidence) -> list[int]:
    """Returns the terms of a plan that count as a mention: those it needs, or authors for a plan that needs none."""
    if plan.needs is None:
        return [sign for sign in plan.signs or () if isinstance(sign, int)]
    if all(any(map(evidence.occurs, terms)) for terms in (plan.needs, *plan.also_needs)):
        return list(dict.fromkeys([*plan.needs, *(term for terms in plan.also_needs for term in sorted(terms))]))
    return list(plan.needs)
