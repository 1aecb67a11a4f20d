"""Exports of the corpus for other tools: one module for each format, and the registry of all. Streams; opens no files.

    rows ─▶ tei.write, vrt.write, … ─▶ pieces of bytes

A new format is a module with a function `write` of the type `Write`, and a line in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from watcher.corpus.export.csv_records import csv_lines
from watcher.corpus.export.jsonl import COLUMNS, jsonl_lines, revision_row
from watcher.corpus.export.row import EXCERPT, ExportContext, ExportRow, Write

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "jsonl": "jsonl",
        "csv": "csv_records",
        "tei": "tei",
        "vrt": "vrt",
        "warc": "warc",
        "atom": "atom",
        "csl-json": "csl_json",
        "ris": "ris",
        "bibtex": "bibtex",
    }
)
"""Name of a format -> its module, which is imported on first use: the daemon needs none of them."""


def writer_of(name: str) -> Write:
    """Returns the function that writes a format of `FORMATS`."""
    write: Write = import_module(f"{__name__}.{FORMATS[name]}").write
    return write


__all__ = [
    "COLUMNS",
    "EXCERPT",
    "FORMATS",
    "ExportContext",
    "ExportRow",
    "Write",
    "csv_lines",
    "jsonl_lines",
    "revision_row",
    "writer_of",
]
