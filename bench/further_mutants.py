"""Originals of other kinds for the mutants: sitemaps, lists of feeds in OPML, and queries.

They came later: a third of the mutants from `FROM` on is made of them, and all mutants before stay what they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from bench.given import REALWORLD
from bench.mutants import Mutant, Original, mutant
from tests.feeds.sitemaps import SITE, address, article, index, urlset

FROM = 49_800
EACH = 3

QUERIES = (
    'Rutte NEAR/10 "zwei Milliarden" NOT title:Kommentar',
    "(Purl OR Purl-Initiative) AND (Kiew OR Nato*) -Sport",
    'title:"Mark Rutte" OR (Rutte NEAR/5f Haushalt)',
    "site:example.org lang:de author:Müller feed:tagesschau",
    '=Rutte AND NOT (="Der Spiegel" OR Kommentar)',
    "Rutte NEAR/3 (Milliarden OR Millionen) NEAR/20 Euro",
    '"Straße" Straßen* Donau-Dampfschiff Bürger:innen',
    "((((Rutte)))) OR ((Kiew AND (Nato OR (Leer))))",
    'a AND b OR c -d NOT e (f) "g h" i* =j title:k',
    "Rutte " * 40,
)


def any_mutant(feeds_and_pages: Sequence[Original], seed: int) -> Mutant:
    """Returns mutant number `seed`, of a feed or a page or of one of these originals; no two kinds are mixed."""
    if seed < FROM or seed % EACH:
        return mutant(feeds_and_pages, seed)
    return mutant((_sitemaps, _lists, _queries)[seed // EACH % 3](), seed)


@cache
def _sitemaps() -> tuple[Original, ...]:
    news = urlset("".join(article(f"{SITE}/{n}", f"Meldung {n} &amp; mehr") for n in range(40)))
    plain = urlset("".join(address(f"{SITE}/{n}", "2026-11-20T08:00:00+01:00") for n in range(200)))
    of_sitemaps = index({f"{SITE}/sitemap-{n}.xml.gz": "2026-11-20" for n in range(20)})
    text = "\n".join(f"{SITE}/{n}" for n in range(100))
    kinds = ("feed", "source")
    made = [Original(kind, body.encode(), "application/xml") for body in (news, plain, of_sitemaps) for kind in kinds]
    return (*made, *(Original(kind, text.encode(), "text/plain") for kind in kinds))


@cache
def _lists() -> tuple[Original, ...]:
    outline = (
        '<outline text="Blatt {0}" title="Blatt {0}" type="rss" xmlUrl="https://blatt{0}.example/rss?a=1&amp;b=2"/>'
    )
    groups = "".join(
        f'<outline text="Ordner {n}">{"".join(outline.format(f"{n}-{m}") for m in range(8))}</outline>'
        for n in range(5)
    )
    own = f'<?xml version="1.0"?><opml version="2.0"><head><title>Liste</title></head><body>{groups}</body></opml>'
    return (Original("opml", own.encode(), "text/x-opml"), *(_list(file) for file in _files()))


def _files() -> list[Path]:
    return sorted((REALWORLD / "opml").glob("*.opml"))


def _list(file: Path) -> Original:
    return Original("opml", file.read_bytes(), "text/x-opml")


@cache
def _queries() -> tuple[Original, ...]:
    return tuple(Original("query", query.encode(), "text/plain") for query in QUERIES)
