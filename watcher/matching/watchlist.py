"""The compiled watches: which of them an article answers, with the hits. No rules of language, no I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from watcher.errors import QueryError
from watcher.matching.scan import Needles, Place, ScannedText
from watcher.matching.terms import Spelling, Term, compile_term, joined_as
from watcher.model import Article, Hit, HitField, Match, Watch

MAX_HITS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """One spelling of one term of one watch: what a needle stands for."""

    watch: int
    term: Term
    spelling: Spelling


class Watchlist:
    """Watches, compiled once and then asked for every article. Holds no state between articles."""

    def __init__(self, watches: Sequence[Watch], wanted: Iterable[_Wanted]) -> None:
        self._watches = tuple(watches)
        self._wanted: dict[str, list[_Wanted]] = defaultdict(list)
        for each in wanted:
            self._wanted[each.spelling.needle].append(each)
        self.needles: tuple[str, ...] = tuple(self._wanted)
        self.unfilterable: tuple[str, ...] = ()
        self._meanings = tuple(self._wanted.values())
        self._search = Needles(self.needles)

    @classmethod
    def compile(cls, watches: Iterable[Watch]) -> Watchlist:
        """Compile watches. Raises QueryError that names the watch, the term and what to write instead."""
        listed = tuple(watches)
        return cls(listed, [wanted for number, watch in enumerate(listed) for wanted in _wanted_by(number, watch)])

    def match(self, article: Article, *, feed_text: str = "", feed: str = "") -> tuple[Match, ...]:
        """The watches that the article answers, in the order of the watchlist, each with its hits.

        Hits point into `article.text`; a term that does not stand there is also looked for in `feed_text` (what the
        feed said about it), and its hits have the field FEED. A match has at most `MAX_HITS` hits, the first of the
        text. `feed` is the name of the feed, for queries that ask for it.
        """
        found = self._hits(article.text, HitField.TEXT)
        for watch, hits in self._hits(feed_text, HitField.FEED).items() if feed_text else ():
            known = {hit.term for hit in found.get(watch, ())}
            found.setdefault(watch, []).extend(hit for hit in hits if hit.term not in known)
        return tuple(
            Match(watch=self._watches[watch].name, hits=tuple(hits[:MAX_HITS]))
            for watch, hits in sorted(found.items())
            if hits
        )

    def _hits(self, text: str, field: HitField) -> dict[int, list[Hit]]:
        """The hits of each watch (by its number), in the order of the text, each term once at a place."""
        scanned = ScannedText(text)
        longest: dict[tuple[int, str, int], Hit] = {}
        for place in self._search.places(scanned):
            for wanted in self._meanings[place.needle]:
                hit = _hit(wanted, place, scanned, text, field)
                if hit is None:
                    continue
                key = (wanted.watch, hit.term, hit.start)
                if key not in longest or longest[key].end < hit.end:
                    longest[key] = hit
        hits: dict[int, list[Hit]] = defaultdict(list)
        for (watch, _, _), hit in sorted(longest.items(), key=lambda each: (each[1].start, each[1].end, each[1].term)):
            hits[watch].append(hit)
        return hits


def _wanted_by(number: int, watch: Watch) -> Iterator[_Wanted]:
    if watch.query:
        raise QueryError(f"watch {watch.name!r}: queries are not understood yet; write terms")
    if not watch.terms:
        raise QueryError(f"watch {watch.name!r} has no terms")
    for text in watch.terms:
        try:
            term = compile_term(text, inflect=watch.inflect, compounds=watch.compounds)
        except QueryError as error:
            raise QueryError(f"watch {watch.name!r}: {error}", position=error.position) from error
        for spelling in term.spellings:
            yield _Wanted(watch=number, term=term, spelling=spelling)


def _hit(wanted: _Wanted, place: Place, scanned: ScannedText, text: str, field: HitField) -> Hit | None:
    joints = wanted.spelling.joints
    if not all(joined_as(gap, at_joint=letters in joints) for letters, gap in place.gaps):
        return None
    span = wanted.term.standing(scanned.folded.text, place.start, place.end)
    if span is None:
        return None
    start, end = scanned.folded.original_span(*span)
    return Hit(term=wanted.term.text, form=text[start:end], start=start, end=end, field=field)
