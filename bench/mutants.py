"""Seeded mutants of real feeds and pages: mutant N is the same on every machine that has the same originals."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.given import REALWORLD
from tests.acceptance.pages import news_page, paragraphs
from tests.feed_bodies import CONTENT_TYPES, feed_body
from watcher.model import Entry

WHOLE = 1 / 8
HEAD, PART = 1_500, 12_000  # bytes
LARGEST = 2_000_000  # bytes; most mutants stay near the size of their original

_TOKENS = (
    *(
        b"&",
        b"<",
        b">",
        b'"',
        b"'",
        b"<![CDATA[",
        b"]]>",
        b"<!--",
        b"-->",
        b"<!DOCTYPE",
        b"<?xml",
        b"?>",
        b"\x00",
        b"\xff",
    ),
    *(
        b"&#9999999;",
        b"&#xD800;",
        b"&#0;",
        b"&nbsp;",
        b"&lol9;",
        b"<br>",
        b"<div>",
        b"</div>",
        b"<table><tr><td>",
        b"<p>",
    ),
    *(
        b"<script>",
        b"</script>",
        b"<style>",
        b"<template>",
        b"<svg>",
        b"<math>",
        b"<plaintext>",
        b"<noscript>",
        b"<!ENTITY",
    ),
    *(
        b'<a href="http://[">',
        b'<base href="//[::1">',
        b'<p style="aaaa">',
        b"<item>",
        b"</item>",
        b"<entry>",
        b"<guid>",
    ),
    *(
        b"<pubDate>0</pubDate>",
        b"<pubDate>99999-99-99</pubDate>",
        b"<author>a@a.a.a.a.a.a!</author>",
        b'charset="zlib"',
    ),
    *(
        b"\xc3",
        b"\xe2\x80\xae",
        b"\xef\xbb\xbf",
        b"\xfe\xff",
        b"\r",
        b"\n",
        b"\t",
        b"\xc2\xad",
        b"{",
        b"}",
        b"[",
        b'"items":',
    ),
    *(b'<script type="application/ld+json">{"@type":"NewsArticle","articleBody":', b'{"datePublished":"2025-13-99"}'),
)
_CHARSETS = (
    "utf-8",
    "utf-16",
    "iso-8859-1",
    "windows-1252",
    "punycode",
    "zlib_codec",
    "utf-7",
    "koi8-r",
    "x-user-defined",
    "",
)
_NUMBER = re.compile(rb"[0-9]+")
_TAG = re.compile(rb"<[a-zA-Z][^<>]{0,80}>")


@dataclass(frozen=True, slots=True)
class Original:
    """Bytes of a feed or a page, and the content type that goes with them."""

    kind: str
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """What the daemon would be sent."""

    kind: str
    body: bytes
    content_type: str
    recipe: str


def originals() -> tuple[Original, ...]:
    """The real feeds, pages and hostile inputs beside the checkout, or else our own."""
    real = [
        *(Original("feed", gzip.decompress(file.read_bytes()), "text/xml") for file in _files("feeds")),
        *(Original("page", gzip.decompress(file.read_bytes()), "text/html; charset=utf-8") for file in _files("pages")),
    ]
    for file in _files("hostile"):
        body = gzip.decompress(file.read_bytes())
        real += [Original("feed", body, "text/xml"), Original("page", body, "text/html")]
    return tuple(real) or _own()


def mutant(pool: Sequence[Original], seed: int) -> Mutant:
    """Mutant number `seed`: one original or, seven times of eight, a part of it, changed one to five times."""
    dice = random.Random(seed)
    origin = dice.choice(pool)
    body, recipe = origin.body if dice.random() < WHOLE else _part(dice, origin.body), []
    for _ in range(dice.choice((1, 1, 2, 3, 5))):
        name = dice.choice(tuple(_CHANGES))
        body = _CHANGES[name](dice, body, pool)[:LARGEST]
        recipe.append(name)
    content_type = origin.content_type
    if dice.random() < 0.15:
        content_type = f"{content_type.partition(';')[0]}; charset={dice.choice(_CHARSETS)}"
    kind = origin.kind if dice.random() < 0.95 else dice.choice(("feed", "page"))
    return Mutant(kind, body, content_type, "+".join(recipe))


def _part(dice: random.Random, body: bytes) -> bytes:
    """Its head and some kilobytes of the rest: what trips a parser is short, and ten parts cost what one page does."""
    start = dice.randrange(max(len(body) - PART, 1))
    return body[:HEAD] + body[max(start, HEAD) : start + PART]


def _files(folder: str) -> list[Path]:
    return sorted((REALWORLD / folder).glob("*.gz"))


def _own() -> tuple[Original, ...]:
    entries = [
        Entry(id=f"k-{n}", link=f"http://news.example/{n}", title=f"Meldung {n}", summary="Kurz.") for n in range(9)
    ]
    feeds = [
        Original("feed", feed_body(name, entries, title="Redaktion", site="http://news.example/"), kind)
        for name, kind in CONTENT_TYPES.items()
    ]
    pages = [
        news_page(f"Meldung {n}", "".join(f"<p>{part}</p>" for part in paragraphs(n, matching=True))) for n in range(9)
    ]
    return (*feeds, *(Original("page", page.encode(), "text/html; charset=utf-8") for page in pages))


# -- changes: dice, body, the other originals -> body ------------------------------------------------------------------


def _flip(dice: random.Random, body: bytes, _pool: Sequence[Original]) -> bytes:
    changed = bytearray(body)
    for _ in range(dice.choice((1, 8, 64, 512)) if body else 0):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _cut(dice: random.Random, body: bytes, _pool: Sequence[Original]) -> bytes:
    start, end = _span(dice, body)
    return body[:start] + body[end:]


def _truncate(dice: random.Random, body: bytes, _pool: Sequence[Original]) -> bytes:
    return body[: dice.randrange(len(body) + 1)]


def _repeat(dice: random.Random, body: bytes, _pool: Sequence[Original]) -> bytes:
    start, end = _span(dice, body, most=2000)
    return body[:start] + body[start:end] * dice.choice((2, 3, 10, 100)) + body[end:]


def _insert(dice: random.Random, body: bytes, _pool: Sequence[Original]) -> bytes:
    for _ in range(dice.choice((1, 3, 10))):
        place = dice.randrange(len(body) + 1)
        body = body[:place] + dice.choice(_TOKENS) * dice.choice((1, 1, 2, 50)) + body[place:]
    return body


def _flood(dice: random.Random, body: bytes, _pool: Sequence[Original]) -> bytes:
    place = dice.randrange(len(body) + 1)
    return body[:place] + dice.choice(_TOKENS) * dice.choice((1000, 5000)) + body[place:]


def _splice(dice: random.Random, body: bytes, pool: Sequence[Original]) -> bytes:
    other = dice.choice(pool).body
    start, end = _span(dice, other, most=20_000)
    place = dice.randrange(len(body) + 1)
    return body[:place] + other[start:end] + body[place:]


def _swap_tags(dice: random.Random, body: bytes, _pool: Sequence[Original]) -> bytes:
    tags = list(_TAG.finditer(body))
    if len(tags) < 2:
        return body
    first, second = sorted(dice.sample(tags, 2), key=lambda found: found.start())
    between = body[first.end() : second.start()]
    return body[: first.start()] + second[0] + between + first[0] + body[second.end() :]


def _numbers(dice: random.Random, body: bytes, _pool: Sequence[Original]) -> bytes:
    odd = (b"0", b"-1", b"9" * 20, b"99999", b"2147483648", b"1e999", b"")
    return _NUMBER.sub(lambda found: dice.choice(odd) if dice.random() < 0.05 else found[0], body)


def _recode(dice: random.Random, body: bytes, _pool: Sequence[Original]) -> bytes:
    return body.decode("utf-8", "replace").encode(dice.choice(("utf-16", "latin-1", "utf-32", "cp1252")), "replace")


def _long_attribute(dice: random.Random, body: bytes, _pool: Sequence[Original]) -> bytes:
    place = max(body.find(b">", dice.randrange(len(body) + 1)), 0)
    return body[:place] + b' style="' + b"a" * dice.choice((1000, 20_000)) + b'"' + body[place:]


def _span(dice: random.Random, body: bytes, *, most: int = 10_000) -> tuple[int, int]:
    start = dice.randrange(len(body) + 1)
    return start, min(len(body), start + dice.randrange(most))


_CHANGES: dict[str, Callable[[random.Random, bytes, Sequence[Original]], bytes]] = {
    "flip": _flip,
    "cut": _cut,
    "truncate": _truncate,
    "repeat": _repeat,
    "insert": _insert,
    "flood": _flood,
    "splice": _splice,
    "swap tags": _swap_tags,
    "numbers": _numbers,
    "recode": _recode,
    "long attribute": _long_attribute,
}
