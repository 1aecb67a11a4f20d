"""The mutants of `make fuzz`: the same for each number, and of every kind of input."""

from __future__ import annotations

from bench.further_mutants import FROM, any_mutant
from bench.mutants import Original, mutant

FEEDS_AND_PAGES = (
    Original("feed", b"<rss><channel><item><title>Meldung</title></item></channel></rss>", "text/xml"),
    Original("page", b"<html><body><p>Der Hafen liegt still.</p></body></html>", "text/html"),
)


def test_the_first_mutants_stay_what_they_were() -> None:
    """Sitemaps, lists and queries came later, so that a former mutant can be tried again by its number."""
    assert all(any_mutant(FEEDS_AND_PAGES, seed) == mutant(FEEDS_AND_PAGES, seed) for seed in range(FROM - 50, FROM))


def test_later_mutants_are_of_every_kind() -> None:
    """A third is made of sitemaps (read as feeds and as sources), lists and queries, and each is reproducible."""
    made = [any_mutant(FEEDS_AND_PAGES, seed) for seed in range(FROM, FROM + 300)]
    assert made == [any_mutant(FEEDS_AND_PAGES, seed) for seed in range(FROM, FROM + 300)]
    assert {each.kind for each in made} == {"feed", "page", "source", "opml", "query"}
    assert sum(b"sitemap" in each.body for each in made) > 15
    assert 25 <= sum(each.kind == "opml" for each in made) <= 34
    assert 25 <= sum(each.kind == "query" for each in made) <= 34
