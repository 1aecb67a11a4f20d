"""Tables of figures: each benchmark hands its rows over as one, printed for a person or written for `make figures`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of texts below named columns. `name`: that of the markers in the documentation."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __post_init__(self) -> None:
        if wrong := [row for row in self.rows if len(row) != len(self.columns)]:
            raise ValueError(f"table {self.name}: {len(self.columns)} columns, but {len(wrong[0])} cells in {wrong[0]}")

    def lines(self) -> Iterator[str]:
        """Yields the table for a terminal: the first column to the left, the others to the right."""
        grid = [self.columns, *self.rows]
        widths = [max(len(row[place]) for row in grid) for place in range(len(self.columns))]
        for row in grid:
            first, *others = zip(row, widths, strict=True)
            yield "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]).rstrip()

    def markdown(self) -> str:
        """Returns the table for a page."""
        lines = [self.columns, ("---",) * len(self.columns), *self.rows]
        return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)


def table(name: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Returns a table of any sequences."""
    return Table(name=name, columns=tuple(columns), rows=tuple(map(tuple, rows)))


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Adds `--json FILE`, the option of every benchmark for `hand_over`."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables there, too")


def hand_over(tables: Sequence[Table], file: Path | None) -> None:
    """Prints the tables, and writes them to a file if there is one."""
    for each in tables:
        print("\n".join(("", *each.lines())))
    if file:
        file.write_bytes(_TABLES.dump_json(tuple(tables)))


def read_tables(file: Path) -> tuple[Table, ...]:
    """Returns the tables that `hand_over` wrote."""
    return _TABLES.validate_json(file.read_bytes())


_TABLES = TypeAdapter(tuple[Table, ...])
