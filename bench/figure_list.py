"""The figures of the documentation: which commands measure them, and on which page their tables appear."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Tables that the same commands measure. `measures`: what, in a few words.

    `short`: commands that take minutes at most, together twenty for all figures; `long`: the others.
    """

    name: str
    page: str
    measures: str
    tables: tuple[str, ...]
    short: tuple[str, ...]
    long: tuple[str, ...] = ()

    def commands(self, *, long: bool) -> tuple[str, ...]:
        """Returns the commands of one form."""
        return self.long if long else self.short


PERFORMANCE = "docs/performance.md"
FIGURES = (
    Figure(
        name="throughput",
        page=PERFORMANCE,
        measures="articles per second, compared with a plain loop",
        tables=("throughput",),
        short=(
            "python -m bench.throughput --pages 900 --match-percent 1 --runs 1 --watches 10 1000",
            "python -m bench.throughput --pages 600 --match-percent 20 --runs 1",
            "python -m bench.throughput --pages 900 --match-percent 1 --runs 1 --undated",
            "python -m bench.throughput --pages 900 --match-percent 1 --runs 1 --addresses 10",
            "python -m bench.throughput --pages 900 --match-percent 1 --runs 1 --keep 30d",
        ),
        long=(
            "python -m bench.throughput --pages 3000 --match-percent 1 --runs 3 --watches 10 1000",
            "python -m bench.throughput --pages 1500 --match-percent 20 --runs 3",
            "python -m bench.throughput --pages 1500 --match-percent 1 --runs 3 --addresses 10",
            "python -m bench.throughput --pages 3000 --match-percent 1 --runs 3 --keep 30d",
        ),
    ),
    Figure(
        name="polling",
        page=PERFORMANCE,
        measures="processor time per poll, compared with other feed readers",
        tables=("polling", "polling-whole"),
        short=("python -m bench.polling --feeds 200 --runs 1 --programs watcher reader",),
        long=("python -m bench.polling --feeds 500 --runs 3",),
    ),
    Figure(
        name="coverage",
        page=PERFORMANCE,
        measures="share of a simulated newsroom that is read, requests and delay, beside fixed schedules",
        tables=("coverage",),
        short=("python -m bench.coverage --outlets 100 --hours 6",),
        long=("python -m bench.coverage --outlets 200 --hours 24",),
    ),
    Figure(
        name="latency",
        page=PERFORMANCE,
        measures="time from a feed's answer to the accepted alert",
        tables=("latency",),
        short=("python -m bench.latency --rounds 5",),
        long=("python -m bench.latency --rounds 40",),
    ),
    Figure(
        name="alerts",
        page=PERFORMANCE,
        measures="many matches in a minute to four channels",
        tables=("alerts",),
        short=("python -m bench.alerts --matches 50 --seconds 3",),
        long=("python -m bench.alerts --matches 1000 --seconds 60",),
    ),
    Figure(
        name="scale",
        page=PERFORMANCE,
        measures="100,000 feeds, 10,000,000 known entries",
        tables=("scale",),
        short=("python -m bench.scale --feeds 1000 100000 --known 0 --polls 6000 --rate 250",),
        long=("python -m bench.scale --feeds 1000 100000 --known 0 10000000 --polls 30000 --rate 400",),
    ),
    Figure(
        name="starts",
        page=PERFORMANCE,
        measures="processor time of starts with nothing to do",
        tables=("starts",),
        short=("python -m bench.starts --runs 5",),
    ),
    Figure(
        name="watchlist",
        page=PERFORMANCE,
        measures="1,000 to 100,000 terms, 10,000 queries",
        tables=("watchlist",),
        short=("python -m bench.watchlist --sizes 1000 100000 --queries 10000",),
    ),
    Figure(
        name="transport",
        page=PERFORMANCE,
        measures="one fetch, compared with other HTTP clients",
        tables=("transport",),
        short=("python -m bench.transport --requests 500 --rounds 3",),
    ),
    Figure(
        name="web",
        page=PERFORMANCE,
        measures="each page over many documents, and the memory that the pages add",
        tables=("web", "web-costs"),
        short=("python -m bench.web --documents 20000 --runs 15",),
        long=("python -m bench.web --documents 100000 --runs 50",),
    ),
    Figure(
        name="retention",
        page="docs/reliability.md",
        measures="disk space of 1,000 feeds in a year",
        tables=("retention", "retention-parts"),
        short=("python -m bench.retention --feeds 20 --step 5",),
        long=("python -m bench.retention --feeds 20",),
    ),
    Figure(
        name="ledgers",
        page="docs/reliability.md",
        measures="the sums of all runs of `make fuzz`, `make crash` and `make soak`",
        tables=("fuzz", "fuzz-runs", "crash-runs", "crash-controls", "soak-runs", "soak-curve"),
        short=("python -m bench.ledger_tables",),
    ),
    Figure(
        name="silence",
        page="docs/coverage.md",
        measures="false alarms of the rule that finds silent feeds, and its delay",
        tables=("silence",),
        short=("python -m bench.silence --feeds 2",),
        long=("python -m bench.silence --feeds 20",),
    ),
    Figure(
        name="search",
        page="docs/search.md",
        measures="size and speed of the seen archive, beside `LIKE` and plain FTS5",
        tables=("seen-sizes", "seen-search", "search-german"),
        short=("python -m bench.memory --articles 5000 --backfill 1000",),
        long=("python -m bench.memory --articles 200000",),
    ),
    Figure(
        name="cluster-model",
        page="docs/scale.md",
        measures="what rows cost on both databases, and what a cluster of any size does",
        tables=("cluster-costs", "cluster-lock", "cluster-simulated", "cluster-load"),
        short=("python -m bench.cluster_model",),
    ),
    Figure(
        name="cluster",
        page="docs/scale.md",
        measures="speed-up of several workers, and what sharing costs",
        tables=("cluster-speed", "cluster-overhead", "cluster-jobs"),
        short=("python -m bench.cluster --workers 1 4 --pages 384 --runs 1 --jobs 2000",),
        long=("python -m bench.cluster --workers 1 4 8 --pages 768 --runs 3 --jobs 10000",),
    ),
)
"""In the order of the index in docs/performance.md. The names of all tables are different."""
