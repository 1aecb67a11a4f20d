"""`python -m bench.truth`: how right watcher is on real pages, beside plain trafilatura and all visible text.

One table, one run, on ../shared/realworld: bodies, dates, (term, page) pairs missed and false, story merges.
`--ablation` leaves out one choice of the body's reading at a time.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from unittest.mock import patch

import trafilatura
from rich.console import Console
from rich.table import Table

from bench.goldpages import TIMEZONE, GoldPage, gold_pages, token_f1
from bench.pairs import false_merges, missed_and_false, near_misses_of, silent_pairs
from watcher.articles import bodies, consensus, extract_article
from watcher.articles.dates import sources
from watcher.articles.decoding import decode_page
from watcher.articles.mass import Mass
from watcher.articles.page import read_page
from watcher.errors import NotAnArticle

NOW = datetime(2026, 11, 22, tzinfo=UTC)
GOOD = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one program makes of one page: the document's text, its date ("" if it has none), the processor time."""

    page: GoldPage
    text: str
    date: str
    seconds: float


Program = Callable[[GoldPage], tuple[str, str]]
Column = Callable[[Sequence[Reading]], str]


def main() -> None:
    """Prints the table, or the ablation."""
    parser = argparse.ArgumentParser(prog="python -m bench.truth", description=__doc__)
    parser.add_argument("--ablation", action="store_true", help="leave out one choice at a time")
    parser.add_argument("--dates", action="store_true", help="ask each source of dates alone")
    chosen = parser.parse_args()
    pages = gold_pages()
    if chosen.dates:
        show_sources(pages)
    elif chosen.ablation:
        show("What each choice gains: F1 without it", ablation(pages), BODY_COLUMNS)
    else:
        show("watcher on real pages", compare(pages), COLUMNS)


def compare(pages: Sequence[GoldPage]) -> Iterator[tuple[str, Sequence[Reading]]]:
    """Each program's name and its readings of all pages."""
    for name, program in PROGRAMS.items():
        yield name, [read(program, page) for page in pages]


def ablation(pages: Sequence[GoldPage]) -> Iterator[tuple[str, Sequence[Reading]]]:
    """The whole, then without each of its choices."""
    full = [page for page in pages if page.is_full]
    yield "all of it", [read(by_watcher, page) for page in full]
    for name, replacements in CHOICES.items():
        with _without(replacements):
            yield f"without {name}", [read(by_watcher, page) for page in full]


def read(program: Program, page: GoldPage) -> Reading:
    """One page, read and timed (its unpacking is not counted)."""
    len(page.bytes)
    started_at = time.process_time()
    text, date = program(page)
    return Reading(page=page, text=text, date=date, seconds=time.process_time() - started_at)


def show(title: str, rows: Iterator[tuple[str, Sequence[Reading]]], columns: Mapping[str, Column]) -> None:
    """Prints a table with a row for each program."""
    table = Table(title=title)
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    for name, readings in rows:
        table.add_row(name, *(column(readings) for column in columns.values()))
    Console().print(table)


def show_sources(pages: Sequence[GoldPage]) -> None:
    """Prints for each source of dates how many dated pages have it, and on how many its first value is right."""
    stated: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for page in pages:
        parsed = read_page(decode_page(page.bytes, "text/html"), url=page.url)
        if parsed is None or not page.date:
            continue
        firsts: dict[str, str] = {}
        for dated in sources(parsed, timezone=TIMEZONE, hint=None):
            firsts.setdefault(dated.origin, dated.stated.date.isoformat())
        stated.update(firsts.keys())
        right.update(origin for origin, day in firsts.items() if day == page.day)
    table = Table("source", "pages", "right", title="Sources of dates, each alone")
    for origin, count in stated.most_common():
        table.add_row(origin, str(count), str(right[origin]))
    Console().print(table)


# -- programs ---------------------------------------------------------------------------------------------------------


def by_watcher(page: GoldPage) -> tuple[str, str]:
    """The article as watcher archives it; nothing for a page that it refuses."""
    try:
        article = extract_article(page.bytes, content_type="text/html", url=page.url, timezone=TIMEZONE, now=NOW)
    except NotAnArticle:
        return "", ""
    return article.text, article.date.isoformat() if article.date else ""


def by_one_reader(page: GoldPage) -> tuple[str, str]:
    """The article if trafilatura's fast mode were the only reader."""
    with _without({"_TREE_READERS": (bodies.Reader.FAST,)}):
        return by_watcher(page)


def by_trafilatura(page: GoldPage, *, fast: bool = False, favor_precision: bool = False) -> tuple[str, str]:
    """Title, text and date as trafilatura gives them, without comments."""
    html = decode_page(page.bytes, "text/html")
    text = trafilatura.extract(html, include_comments=False, fast=fast, favor_precision=favor_precision) or ""
    metadata = trafilatura.extract_metadata(html, default_url=page.url)
    return f"{metadata.title or ''}\n\n{text}", metadata.date or ""


def all_visible_text(page: GoldPage) -> tuple[str, str]:
    """Every word that a reader could see somewhere on the page."""
    return bodies.plain_text(decode_page(page.bytes, "text/html")), ""


PROGRAMS: dict[str, Program] = {
    "watcher": by_watcher,
    "watcher, one reader": by_one_reader,
    "trafilatura": by_trafilatura,
    "trafilatura fast": lambda page: by_trafilatura(page, fast=True),
    "trafilatura favor_precision": lambda page: by_trafilatura(page, favor_precision=True),
    "all visible text": all_visible_text,
}

# The replacement of each choice when it is left out: names of `consensus` -> something that does not choose.
CHOICES: dict[str, dict[str, object]] = {
    "agreement of four readers (trafilatura alone)": {"_TREE_READERS": (bodies.Reader.DEFAULT,)},
    "pruning of link lists and margins": {"pruned": copy.deepcopy},
    "the strictest reader's longer text": {"_LONGER": 1e9},
    "the check against the page's prose": {"mass_of": lambda lines, prose: Mass(prose=0, other=0)},
    "paragraphs put back": {"with_left_out": lambda lines, blocks: list(lines)},
    "strays behind the article": {"without_strays": lambda lines, blocks: list(lines)},
    "the standfirst": {"standfirst": lambda page, blocks, lines, title: []},
    "line rules": {"clean_lines": lambda lines, **facts: (list(lines), ())},
    "JSON-LD articleBody": {"json_ld_body": lambda page: ""},
}


@contextmanager
def _without(replacements: Mapping[str, object]) -> Iterator[None]:
    with ExitStack() as stack:
        for name, replacement in replacements.items():
            stack.enter_context(patch.object(consensus, name, replacement))
        yield


# -- columns ----------------------------------------------------------------------------------------------------------


def f1_of(belongs: Callable[[GoldPage], bool]) -> Column:
    """The mean F1 of the pages with full gold that belong, and how many reach 0.9."""

    def cell(readings: Sequence[Reading]) -> str:
        scores = [token_f1(one.text, one.page.document) for one in readings if one.page.is_full and belongs(one.page)]
        good = sum(score >= GOOD for score in scores)
        return f"{sum(scores) / len(scores):.4f} ({good}/{len(scores)})"

    return cell


def dates_of(belongs: Callable[[GoldPage], bool]) -> Column:
    """How many of the dated pages that belong have exactly their gold date, in its precision."""

    def cell(readings: Sequence[Reading]) -> str:
        dated = [one for one in readings if one.page.date and belongs(one.page)]
        return f"{sum(one.date == one.page.day for one in dated)}/{len(dated)}"

    return cell


def pairs(readings: Sequence[Reading]) -> str:
    """(term, page) pairs missed of all, and false ones."""
    return missed_and_false([(one.page, one.text) for one in readings])


def near(readings: Sequence[Reading]) -> str:
    """(term, page) pairs that leave a near miss, of those visible on all pages."""
    return near_misses_of([(one.page, one.text) for one in readings])


def silent(readings: Sequence[Reading]) -> str:
    """Visible (term, page) pairs that leave neither a match nor a near miss."""
    return silent_pairs([(one.page, one.text) for one in readings])


def merges(readings: Sequence[Reading]) -> str:
    """Pairs of different reports that would be one story."""
    return false_merges([(one.page, one.text) for one in readings])


def milliseconds(readings: Sequence[Reading]) -> str:
    """The mean processor time for a page."""
    return f"{1000 * sum(one.seconds for one in readings) / len(readings):.0f}"


def _is_month(page: GoldPage) -> bool:
    return page.precision == "month"


BODY_COLUMNS: dict[str, Column] = {
    "German": f1_of(lambda page: page.is_german),
    "others": f1_of(lambda page: not page.is_german),
    "English": f1_of(lambda page: page.language == "en"),
    "German, tuned on": f1_of(lambda page: page.is_german and not page.is_held_back),
    "German, held back": f1_of(lambda page: page.is_german and page.is_held_back),
    "others, tuned on": f1_of(lambda page: not page.is_german and not page.is_held_back),
    "others, held back": f1_of(lambda page: not page.is_german and page.is_held_back),
}
COLUMNS: dict[str, Column] = BODY_COLUMNS | {
    "day, German full gold": dates_of(lambda page: page.is_german and page.text != ""),
    "day, all full gold": dates_of(lambda page: page.text != ""),
    "day, all pages": dates_of(lambda page: not _is_month(page)),
    "month only": dates_of(_is_month),
    "pairs missed, false": pairs,
    "near misses": near,
    "silent pairs": silent,
    "false merges": merges,
    "CPU ms/page": milliseconds,
}

if __name__ == "__main__":
    main()
