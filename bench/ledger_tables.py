"""The sums of all long runs as tables, and the curve of the last soak.

python -m bench.ledger_tables
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from bench.ledger import Ledger, Run
from bench.tables import Table, add_json_option, hand_over, table

OUTCOMES = {
    "article": "an article",
    "no match": "a page that matches nothing",
    "reason: no article": "no article, with a reason",
    "entries": "a feed with entries",
    "no entries": "a feed without entries",
    "reason: not a feed": "not a feed",
    "a source": "a feed or sitemap as a source",
    "no source": "not a source, with its links",
    "a list of feeds": "a list of feeds",
    "an empty list of feeds": "a list without feeds",
    "reason: not OPML": "not a list of feeds",
    "a query that matches": "a query that matches",
    "a query that does not match": "a query that does not match",
    "reason: not a query": "not a query",
    "reason: took too long": "took longer than ten seconds",
    "reason: out of memory": "out of memory",
    "reason: worker died": "the parser process ended",
    "bug": "a bug",
}
CURVE = ("seconds", "daemon, MB", "workers, MB", "descriptors", "threads", "archive, MB", "polls", "documents")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.ledger_tables", description="The sums of all long runs.")
    add_json_option(parser)
    hand_over(ledger_tables(Ledger("fuzz"), Ledger("crash"), Ledger("soak")), parser.parse_args().json)


def ledger_tables(fuzz: Ledger, crash: Ledger, soak: Ledger) -> list[Table]:
    """Returns the tables of docs/reliability.md."""
    return [
        _outcomes(fuzz),
        _runs("fuzz-runs", _days(fuzz.runs), counts={"inputs": "mutants", "problems": "problems"}, peaks=FUZZ_PEAKS),
        _crash_runs(crash),
        _controls(crash),
        _runs("soak-runs", [[run] for run in soak.runs], counts=SOAK_COUNTS, peaks=SOAK_PEAKS),
        _curve(soak),
    ]


FUZZ_PEAKS = {
    "loop busy in a row, s": "longest time that the event loop was busy",
    "loop stall, s, wall": "by wall time",
    "worker resident, MB": "largest parser process",
}
CRASH_COUNTS = {
    "kills": "kills",
    "power cuts": "power cuts",
    "documents": "documents",
    "alerts": "alerts",
    "alerts repeated": "sent twice",
    "problems": "problems",
}
SOAK_COUNTS = {
    "feeds": "feeds",
    "minutes": "minutes",
    "entries": "entries",
    "matches": "matches",
    "documents": "archived",
    "pages": "pages asked for",
    "problems": "problems",
}
SOAK_PEAKS = {
    "growth, %": "growth of memory",
    "loop stall, s, wall": "longest stall of the event loop",
    "loop busy in a row, s": "of which busy",
    "slowest page, s": "slowest page",
}


def _outcomes(fuzz: Ledger) -> Table:
    """A row for each way in which a mutant ended; ways without a name of their own come last."""
    counts = fuzz.counts
    names = [*OUTCOMES, *sorted(counts.keys() - OUTCOMES.keys() - {"inputs", "problems"})]
    rows = [(OUTCOMES.get(name, name), f"{counts[name]:,}") for name in names if counts[name]]
    return table("fuzz", ("mutants that ended as", ""), [*rows, ("all", f"{counts['inputs']:,}")])


def _runs(name: str, groups: Sequence[Sequence[Run]], *, counts: dict[str, str], peaks: dict[str, str]) -> Table:
    """A row for each group of runs, which have the same date and machine."""
    return table(
        name,
        ("date", "machine", *counts.values(), *peaks.values()),
        [(group[0].date, group[0].machine, *_figures(group, counts, peaks)) for group in groups],
    )


def _days(runs: Sequence[Run]) -> list[list[Run]]:
    """The runs of each day and machine, from the first to the last."""
    days: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        days.setdefault((run.date, run.machine), []).append(run)
    return list(days.values())


def _figures(runs: Sequence[Run], counts: Iterable[str], peaks: Iterable[str]) -> list[str]:
    """The sums of counts, and the highest peaks."""
    totals = [f"{sum(run.counts.get(count, 0) for run in runs):,}" for count in counts]
    return totals + [_peak(peak, [run.peaks[peak] for run in runs if peak in run.peaks]) for peak in peaks]


def _peak(name: str, values: list[float]) -> str:
    if not values:
        return "–"
    highest = max(values)
    if name.endswith(", %"):
        return f"{highest:.1f} %"
    if name.endswith(", MB"):
        return f"{highest:.0f} MB"
    return f"{highest:.1f} s" if name.startswith("slowest") else f"{highest * 1000:.0f} ms"


def _crash_runs(crash: Ledger) -> Table:
    days = _runs("crash-runs", _days(crash.runs), counts=CRASH_COUNTS, peaks={})
    return table(days.name, days.columns, [*days.rows, ("all", "", *_figures(crash.runs, CRASH_COUNTS, ()))])


def _controls(crash: Ledger) -> Table:
    """A row for each way in which the program was damaged on purpose."""
    modes = {"no-fsync": "files are never synced", "normal": "the state is committed with `synchronous=NORMAL`"}
    what = ("runs", "cuts", "noticed")
    rows = [(told, *(f"{crash.counts[f'control {mode}: {each}']:,}" for each in what)) for mode, told in modes.items()]
    return table(
        "crash-controls", ("control", "runs", "power cuts", "runs in which the checker reported a problem"), rows
    )


def _curve(soak: Ledger) -> Table:
    rows = [[f"{point[name]:,}" if name in point else "–" for name in CURVE] for point in soak.runs[-1].curve]
    return table("soak-curve", CURVE, rows)


if __name__ == "__main__":
    main()
