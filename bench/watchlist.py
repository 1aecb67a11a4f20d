"""What many watches cost: the test that a page cannot match, the full match of an article, building, and memory.

    python -m bench.watchlist --sizes 10 1000 100000 --queries 10000

Each list is measured in a process of its own, over the pages of `shared/realworld` where they lie beside the checkout,
else over texts of our own. `page` is the whole look at a page (parse, fold, test), `test` the part of it that depends
on the list; `ratio`: how many looks cost as much as one plain `trafilatura.extract`, measured in the same run.
`article` is `Watchlist.match` on the extracted text. `rare`: German names and compounds made of syllables,
which hardly any page holds; `common`: words of the very articles, of which every page holds hundreds; `queries`: AND,
OR, NOT, NEAR and fields over both. `passed` says how many pages the test let through, `matched` how many match.

Times are processor time: of each page the median of three (plain: one), over pages the mean and the 99th percentile.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import psutil
import trafilatura

from bench.feedsite import report_texts
from bench.machine import machine
from bench.site import real_pages
from bench.tables import Table, add_json_option, hand_over, table
from watcher.articles import Prefilter, summarise_page
from watcher.matching import Watchlist
from watcher.model import Article, Watch
from watcher.text import fold, words

ROOT = Path(__file__).parents[1]
TERMS_PER_WATCH = 10
RUNS = 3

_HEADS = (
    *("Brück", "Linden", "Hafen", "Quell", "Rehm", "Strauch", "Falken", "Gersten", "Moor", "Nebel", "Ost", "Ritter"),
    *("Silber", "Tannen", "Ufer", "Vogel", "Weiden", "Ziegel", "Acker", "Birken", "Dorn", "Eichen", "Feld", "Graben"),
)
_MIDDLES = (
    "bau",
    "hol",
    "wie",
    "mar",
    "ket",
    "lun",
    "sper",
    "tor",
    "gau",
    "rin",
    "zel",
    "dack",
    "öhr",
    "üb",
    "äg",
    "ß",
)
_TAILS = ("mann", "stedt", "hausen", "berg", "förde", "meyer", "kamp", "wald", "inger", "ski", "bach", "rode", "heim")
_FIRST = ("Anna", "Jürgen", "Mehmet", "Katja", "Bärbel", "Ole", "Ulrike", "Piotr", "Hannelore", "Götz", "Lea", "Sven")
_KINDS = ("verordnung", "-Initiative", "gesetz", "-Skandal", "-Gutachten", "ausschuss", " AG", "-Werke", "behörde")


def main() -> int:
    options = _options()
    if options.measure:
        print(json.dumps(_measure(options.measure, Path(options.pages))))
        return 0
    lists = [f"{kind}:{size}" for kind in ("rare", "common") for size in options.sizes] + [f"queries:{options.queries}"]
    with tempfile.TemporaryDirectory(prefix="watcher-bench-") as folder:
        pages = Path(folder) / "pages.json"
        extracted = list(_extracted())
        pages.write_text(json.dumps([(page, text) for page, text, _ in extracted]), encoding="utf-8")
        plain = _mean_and_p99([seconds for _, _, seconds in extracted])
        rows = [_in_a_process(each, pages) for each in lists]
    print(f"{rows[0]['pages']} pages, {machine()}")
    hand_over([_table(rows, plain)], options.json)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.watchlist", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 1_000, 10_000, 100_000], help="terms")
    parser.add_argument("--queries", type=int, default=10_000)
    add_json_option(parser)
    parser.add_argument("--measure", default="", help=argparse.SUPPRESS)
    parser.add_argument("--pages", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def _extracted() -> Iterator[tuple[str, str, float]]:
    """Each page that has an article, its text, and the seconds that it took to extract it."""
    for page in tuple(real_pages()) or _own_pages():
        started = time.thread_time()
        text = trafilatura.extract(page, include_comments=False)
        seconds = time.thread_time() - started
        if text:
            yield page, text, seconds


def _own_pages() -> Iterator[str]:
    for parts in report_texts(300):
        body = "".join(f"<p>{part}</p>" for part in parts)
        yield f"<html><body><article>{body}</article></body></html>"


def _in_a_process(which: str, pages: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.watchlist", "--measure", which, "--pages", str(pages)]
    result: dict[str, Any] = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    return result


# -- in a process of its own -------------------------------------------------------------------------------------------


def _measure(which: str, file: Path) -> dict[str, Any]:
    pages = [
        (page.encode(), Article(title=text.split("\n")[0], body=text)) for page, text in json.loads(file.read_text())
    ]
    kind, _, size = which.partition(":")
    vocabulary = sorted({word.group() for _, article in pages for word in words(fold(article.text).text)})
    watches = _watches(kind, int(size), vocabulary)
    gc.collect()
    memory, started = psutil.Process().memory_info().rss, time.process_time()
    gc.disable()  # as the workers do
    watchlist = Watchlist.compile(watches)
    screen = Prefilter(watchlist.needles)
    gc.enable()
    built, grown = time.process_time() - started, psutil.Process().memory_info().rss - memory
    looks = [summarise_page(page, "text/html; charset=utf-8").text for page, _ in pages]
    return {
        "list": which,
        "pages": len(pages),
        "build": built,
        "memory": grown,
        "page": _times(
            lambda page: screen.may_match(summarise_page(page, "text/html; charset=utf-8").text), [p for p, _ in pages]
        ),
        "test": _times(screen.may_match, looks),
        "article": _times(watchlist.match, [article for _, article in pages]),
        "passed": sum(map(screen.may_match, looks)),
        "matched": sum(bool(watchlist.match(article)) for _, article in pages),
    }


def _times(work: Callable[[Any], object], things: Sequence[Any]) -> list[float]:
    """Mean and 99th percentile, in milliseconds, of the medians of three."""
    return _mean_and_p99([statistics.median(_seconds(work, thing) for _ in range(RUNS)) for thing in things])


def _mean_and_p99(seconds: Sequence[float]) -> list[float]:
    """In milliseconds."""
    return [1000 * statistics.fmean(seconds), 1000 * sorted(seconds)[int(0.99 * (len(seconds) - 1))]]


def _seconds(work: Callable[[Any], object], thing: Any) -> float:
    started = time.thread_time()
    work(thing)
    return time.thread_time() - started


def _watches(kind: str, size: int, vocabulary: list[str]) -> tuple[Watch, ...]:
    dice = Random(size)
    if kind == "queries":
        rare = list(islice(rare_terms(dice), size))
        return tuple(Watch(name=f"q{n}", query=_query(dice, rare, vocabulary)) for n in range(size))
    terms = list(islice(rare_terms(dice) if kind == "rare" else _common_terms(dice, vocabulary), size))
    groups = (terms[start : start + TERMS_PER_WATCH] for start in range(0, size, TERMS_PER_WATCH))
    return tuple(Watch(name=f"w{n}", terms=tuple(group)) for n, group in enumerate(groups))


def rare_terms(dice: Random) -> Iterator[str]:
    """Names of people, places and firms, and compounds with a hyphen, a space or neither; no two are the same."""
    told = set[str]()
    while True:
        name = dice.choice(_HEADS) + "".join(dice.choices(_MIDDLES, k=dice.randint(1, 2))) + dice.choice(_TAILS)
        term = (
            f"{dice.choice(_FIRST)} {name}",
            name,
            name + dice.choice(_KINDS),
        )[dice.randrange(3)]
        if term not in told:
            told.add(term)
            yield term


def _common_terms(dice: Random, vocabulary: list[str]) -> Iterator[str]:
    """Words of the articles first, then pairs of them."""
    shuffled = [word for word in vocabulary if len(word) > 3]
    dice.shuffle(shuffled)
    yield from shuffled
    while True:
        yield f"{dice.choice(shuffled)} {dice.choice(shuffled)}"


def _query(dice: Random, rare: list[str], vocabulary: list[str]) -> str:
    def word() -> str:
        return f'"{dice.choice(rare)}"'

    usual = dice.choice([each for each in dice.choices(vocabulary, k=20) if len(each) > 3] or ["Minister"])
    forms = (
        f'{word()} NEAR/30 (Milliarden OR Millionen) -title:"{usual}"',
        f"{word()} OR {word()} OR ({word()} {word()})",
        f'({word()} OR {word()}) "{usual}" -lang:en',
        f'title:{word()} OR ({word()} NEAR/5f "{usual}")',
        f'"{usual}" NEAR/10 {word()}',
    )
    return dice.choice(forms)


# -- the table ---------------------------------------------------------------------------------------------------------


COLUMNS = ("terms", "page", "ratio", "test", "article", "built in", "memory", "pages that pass", "articles that match")


def _table(rows: list[dict[str, Any]], plain: list[float]) -> Table:
    """A row for each list, with means and 99th percentiles, and one of the plain extraction."""
    lines: list[tuple[str, ...]] = [(f"plain extraction of {rows[0]['pages']} pages", _both(plain), "1.0", *("–",) * 6)]
    for row in rows:
        kind, _, size = row["list"].partition(":")
        lines.append(
            (
                f"{kind}: {int(size):,}",
                _both(row["page"]),
                f"{plain[0] / row['page'][0]:.1f}",
                _both(row["test"]),
                _both(row["article"]),
                f"{row['build']:.2f} s",
                f"{row['memory'] / 2**20:.0f} MB",
                *(f"{row[what] / row['pages'] * 100:.0f} %" for what in ("passed", "matched")),
            )
        )
    return table("watchlist", COLUMNS, lines)


def _both(times: list[float]) -> str:
    return f"{times[0]:.1f}, {times[1]:.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
