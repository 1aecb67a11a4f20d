"""Every hostile input of the field, through the real worker processes: an end with a reason, and the pool lives on."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bench.fuzz import WORKER_FLOOR, WORKER_LIMIT, Findings, fuzz, real_pool, send
from bench.given import REALWORLD
from bench.mutants import Mutant, originals
from tests.needs import needs_realworld
from watcher.parsing import ParserPool, client

SIZE = 100_000
PATIENCE = timedelta(seconds=3)


def rss(xml: str) -> bytes:
    """A feed with one entry."""
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><item><title>t</title>{xml}</item></channel></rss>'.encode()
    )


def html(inside: str) -> bytes:
    """A page."""
    return f"<html><body>{inside}</body></html>".encode()


FEEDS = {
    "a style attribute": rss(f'<description>&lt;p style="{"a" * SIZE}"&gt;</description>'),
    "newlines before the root": b"\n" * 50_000 + rss(""),
    "200,000 attributes": b"<rss " + b" ".join(b'a%d="x"' % number for number in range(200_000)) + b"></rss>",
    "an author without end": rss(f"<author>a@{'a.' * SIZE}!</author>"),
    "a reference beyond Unicode": rss("<description>&#9999999;</description>"),
    "a path": b"/etc/passwd",
    "an address": b"http://127.0.0.1:9/",
    "quadratic in expat": b'<!DOCTYPE x [<!ENTITY a "' + b"A" * 50_000 + b'">]><rss>' + b"&a;" * 40_000 + b"</rss>",
    "two megabytes of open comments": rss("<!--" * 500_000),
    "an entity bomb": (
        b'<!DOCTYPE x [<!ENTITY l0 "ha">'
        + b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
        + b"]><rss>&l9;</rss>"
    ),
    "JSON without end": b'{"version": "https://jsonfeed.org/version/1.1", "items": ' + b"[" * SIZE,
    "nothing": b"",
    "zeros": bytes(SIZE),
}
PAGES = {
    "depth beyond libxml2's": html("<div>" * 100_000 + "Rutte"),
    "a flat page of 8 MiB": html("<p>Der Hafen liegt still.</p>" * 280_000),
    "4 MB of line breaks": html("<br>" * 1_000_000),
    "50,000 attributes": html(f"<p {' '.join(f'a{number}=x' for number in range(50_000))}>Text</p>"),
    "open tables": html("<table><tr><td>" * 20_000),
    "open formatting": html("<b><i><u>" * 10_000 + "x"),
    "JSON-LD without end": html(f'<script type="application/ld+json">{"[" * SIZE}</script>'),
    "a word without end": html("a" * 2_000_000),
    "references without end": html("&" * SIZE + "&#9999999;" * 10_000),
    "a base that is none": b'<base href="http://[::1"><a href="//[">x</a>',
    "nothing but a tag": b"<",
    "zeros": bytes(SIZE),
}
CHARSETS = (
    "punycode",
    "zlib_codec",
    "bz2_codec",
    "rot13",
    "utf-16",
    "idna",
    "unicode_escape",
    "undefined",
    "x" * 10_000,
)


@pytest.fixture
async def pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ParserPool]:
    monkeypatch.setattr(client, "FEED_TIMEOUT", PATIENCE)
    monkeypatch.setattr(client, "PAGE_TIMEOUT", PATIENCE)
    async with real_pool(2) as pool:
        yield pool


async def assert_harmless(pool: ParserPool, mutants: list[Mutant]) -> None:
    """Each ends without a bug, no worker above its memory, and the pool serves the next."""
    findings = Findings()
    for number, made in enumerate(mutants):
        await send(pool, made, number, findings)
    assert findings.bugs == []
    assert sum(findings.outcomes.values()) == len(mutants)
    assert findings.memory < WORKER_LIMIT + WORKER_FLOOR
    after = Findings()
    await send(pool, Mutant("feed", rss(""), "text/xml", "a good one"), 0, after)
    assert after.outcomes == {"entries": 1}


async def test_feeds_made_to_hang_or_crash(pool: ParserPool) -> None:
    """What made feedparser and expat hang, raise, or open files and addresses."""
    await assert_harmless(pool, [Mutant("feed", body, "text/xml", name) for name, body in FEEDS.items()])


async def test_pages_made_to_hang_or_crash(pool: ParserPool) -> None:
    """What made libxml2 and extraction slow, large or silent."""
    await assert_harmless(pool, [Mutant("page", body, "text/html", name) for name, body in PAGES.items()])


async def test_charsets_that_are_none(pool: ParserPool) -> None:
    """Codecs that unpack, or that no page is written in, in header and body."""
    body = (
        '<?xml version="1.0" encoding="{0}"?><rss version="2.0"><channel><item><title>t</title></item></channel></rss>'
    )
    page = '<html><head><meta charset="{0}"></head><body><p>Der Hafen.</p></body></html>'
    made = [Mutant("feed", body.format(name).encode(), f"text/xml; charset={name}", name) for name in CHARSETS]
    made += [Mutant("page", page.format(name).encode(), f"text/html; charset={name}", name) for name in CHARSETS]
    await assert_harmless(pool, made)


@needs_realworld
async def test_the_collection_of_hostile_inputs(pool: ParserPool) -> None:
    """Each of them, read as a feed and as a page."""
    bodies = [gzip.decompress(file.read_bytes()) for file in sorted((REALWORLD / "hostile").glob("*.gz"))]
    kinds = (("feed", "text/xml"), ("page", "text/html"))
    await assert_harmless(pool, [Mutant(kind, body, name, "") for body in bodies for kind, name in kinds])


async def test_mutants_of_real_input(pool: ParserPool) -> None:
    """The short form of `make fuzz`: forty mutants, each to its end, the loop never busy for long."""
    findings = await fuzz(pool, originals(), range(10**9, 10**9 + 40))
    assert findings.problems == []
    assert sum(findings.outcomes.values()) == 40
