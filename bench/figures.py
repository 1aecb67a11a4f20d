"""`make figures`: runs benchmarks and writes their tables into the documentation, between markers.

    python -m bench.figures                          the short forms of all, twenty minutes on a quiet machine
    python -m bench.figures --long                   the long forms, hours
    python -m bench.figures throughput watchlist     only these; with --long their long forms
    python -m bench.figures --render                 the pages again, from the stored results

`bench/results/NAME.json` keeps what the commands of a figure measured, with machine, date and commit: those of the form
that was run last. If one of its commands fails, a figure stays as it was, and the exit code is 1 at the end.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import TypeAdapter

from bench.figure_list import FIGURES, Figure
from bench.machine import OtherPrograms, commit, machine
from bench.marked import rewritten
from bench.tables import Table, read_tables, table

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "bench" / "results"
INDEX = "index"
"""The marked part that lists all figures with their commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one command measured, and where. `others`: the share of the processors that other programs took."""

    command: str
    machine: str
    date: str
    commit: str
    others: float
    tables: tuple[Table, ...]


_MEASUREMENTS = TypeAdapter(tuple[Measurement, ...])


def main() -> int:
    options = _options()
    chosen = [figure for figure in FIGURES if figure.name in options.names and figure.commands(long=options.long)]
    failed = [] if options.render else [figure.name for figure in chosen if not _renew(figure, long=options.long)]
    render(ROOT, RESULTS)
    for name in failed:
        print(f"failed, and left as it was: {name}")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    names = [figure.name for figure in FIGURES]
    parser = argparse.ArgumentParser(prog="python -m bench.figures", description="Figures of the documentation.")
    parser.add_argument(
        "names", nargs="*", default=names, metavar="NAME", help=f"of {', '.join(names)}; all by default"
    )
    parser.add_argument("--long", action="store_true", help="run the long forms instead of the short ones")
    parser.add_argument("--render", action="store_true", help="run nothing; write the pages from the stored results")
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"no figure is called {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return options


# -- measuring ---------------------------------------------------------------------------------------------------------


def _renew(figure: Figure, *, long: bool) -> bool:
    """Runs the commands of a figure, one after the other, stores what they measured, and writes the pages."""
    measured: list[Measurement] = []
    for command in figure.commands(long=long):
        print(f"== {command}", flush=True)
        began = time.monotonic()
        found = measure(command)
        print(f"== {'done' if found else 'failed'} after {time.monotonic() - began:.0f} s\n", flush=True)
        if found is None:
            return False
        measured.append(found)
    store(RESULTS, figure, measured)
    render(ROOT, RESULTS)
    return True


def measure(command: str) -> Measurement | None:
    """Runs a command of a figure; None if it fails."""
    _, _, module, *arguments = command.split()
    others = OtherPrograms()
    with tempfile.TemporaryDirectory(prefix="watcher-figures-") as folder:
        file = Path(folder) / "tables.json"
        ended = subprocess.run([sys.executable, "-m", module, *arguments, "--json", str(file)], cwd=ROOT, check=False)
        if ended.returncode or not file.exists():
            return None
        return Measurement(
            command=command,
            machine=machine(),
            date=f"{datetime.now(UTC):%Y-%m-%d}",
            commit=commit(),
            others=round(others.share(), 2),
            tables=read_tables(file),
        )


# -- storing -----------------------------------------------------------------------------------------------------------


def stored(results: Path, figure: Figure) -> tuple[Measurement, ...]:
    """Returns what was measured of a figure last, in the order of its commands; nothing if it never was."""
    file = results / f"{figure.name}.json"
    return _MEASUREMENTS.validate_json(file.read_bytes()) if file.exists() else ()


def store(results: Path, figure: Figure, measured: Sequence[Measurement]) -> None:
    """Replaces what was measured of a figure. Raises ValueError if a command handed over other tables than listed."""
    for each in measured:
        if [handed.name for handed in each.tables] != list(figure.tables):
            raise ValueError(f"{each.command} must hand over the tables {', '.join(figure.tables)}, in this order")
    results.mkdir(exist_ok=True)
    (results / f"{figure.name}.json").write_bytes(_MEASUREMENTS.dump_json(tuple(measured), indent=1) + b"\n")


# -- rendering ---------------------------------------------------------------------------------------------------------


def render(root: Path, results: Path) -> None:
    """Rewrites the marked parts of all pages from the stored results."""
    written = parts(results)
    for name in sorted({figure.page for figure in FIGURES}):
        page = root / name
        before = page.read_text(encoding="utf-8")
        if (after := rewritten(before, written)) != before:
            page.write_text(after, encoding="utf-8")


def parts(results: Path) -> Mapping[str, str]:
    """Returns the text of each marked part of which something was measured."""
    made = {INDEX: _index().markdown()}
    for figure in FIGURES:
        measured = stored(results, figure)
        for name in figure.tables if measured else ():
            made[name] = f"{_joined(name, measured).markdown()}\n\n{_sources(measured)}"
    return made


def _joined(name: str, measured: Sequence[Measurement]) -> Table:
    """One table of the rows of all commands."""
    same = [each for one in measured for each in one.tables if each.name == name]
    return table(name, same[0].columns, [row for each in same for row in each.rows])


def _sources(measured: Sequence[Measurement]) -> str:
    """A sentence for the commands of each day, machine and commit."""
    groups = defaultdict[tuple[str, str, str], list[Measurement]](list)
    for each in measured:
        groups[each.date, each.machine, each.commit].append(each)
    return "\n".join(_source(*place, group) for place, group in groups.items())


def _source(date: str, where: str, at_commit: str, group: Sequence[Measurement]) -> str:
    shares = sorted({f"{each.others:.0%}".replace("%", " %") for each in group}, key=lambda share: int(share[:-2]))
    taken = " to ".join(dict.fromkeys((shares[0], shares[-1])))
    commands = ", ".join(f"`{each.command}`" for each in group)
    code = f"commit {at_commit}" if at_commit else "no commit"
    return f"{date}, {where}, {taken} of their time taken by other programs, {code}: {commands}."


def _index() -> Table:
    """A row for each figure; all pages are in the folder of the one that has this table."""
    rows = [(each.measures, _link(Path(each.page).name), f"`make figures FIGURES={each.name}`") for each in FIGURES]
    return table(INDEX, ("measured", "page", "command"), rows)


def _link(page: str) -> str:
    return f"[{page}]({page})"


if __name__ == "__main__":
    sys.exit(main())
