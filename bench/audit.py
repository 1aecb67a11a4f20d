"""The checker: compares store, corpus and what the receivers saw after a crash. Reads only; every lie is a sentence.

`promised` holds at any moment, before any repair: each document that a receiver was notified of is in the corpus,
complete. `settled` holds after one more `once`: nothing lost, torn, doubled or misnumbered, every alert sent, and
repeated at most once a crash where the channel has no key.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

from bench.newswire import KEYED, Newswire, Report, Told
from watcher.corpus import parse_document, parse_file_name
from watcher.errors import SeenError
from watcher.seen import Window, open_reader
from watcher.text.index import Phrase

TERM = "rutte"
"""A word of each report."""


def promised(wire: Newswire, seeds: Path) -> list[str]:
    """Returns the alerts whose documents are missing."""
    return [
        f"{told.channel} was told of {told.document} (report {told.number}), which is not in the corpus"
        for told in {(t.document, t.number): t for t in wire.told()}.values()
        if not _stands(seeds / told.document)
    ]


def settled(wire: Newswire, seeds: Path, state: Path, *, crashes: Collection[int]) -> list[str]:
    """Everything that is wrong. `crashes`: the lives that ended in one."""
    files = {file.name: file.read_bytes() for file in seeds.iterdir()}
    reports = wire.reports
    return [
        *_numbering(files),
        *_contents(files, reports),
        *_records(files, state),
        *_alerts(files, reports, list(wire.told()), crashes),
        *archive(state.with_name("seen.db")),
    ]


def archive(path: Path) -> Iterator[str]:
    """Yields what is wrong with the seen archive. It may lack the texts of the last seconds, but not be damaged."""
    if not path.exists():
        yield f"the seen archive {path.name} is not there"
        return
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as archived:
            yield from (
                f"the seen archive is damaged: {row[0]}"
                for row in archived.execute("PRAGMA integrity_check")
                if row != ("ok",)
            )
        with open_reader(path) as reader:
            texts = list(reader.newest(Window()))
            found = {text.place for text in reader.newest(Window(), Phrase(words=(TERM,)))}
    except (sqlite3.DatabaseError, SeenError) as error:
        yield f"the seen archive is damaged: {error}"
        return
    if reader.unreadable:
        yield f"{reader.unreadable} texts of the seen archive cannot be read"
    if repeated := len(texts) - len({text.link_key for text in texts}):
        yield f"{repeated} pages are in the seen archive twice"
    if found != {text.place for text in texts if TERM in text.article.text.lower()}:
        yield "the index of the seen archive does not fit its texts"


def _stands(file: Path) -> bool:
    return file.is_file() and _is_whole(file.name, file.read_bytes())


def _is_whole(name: str, data: bytes) -> bool:
    parsed = parse_file_name(name)
    return parsed is not None and hashlib.sha256(data).hexdigest()[:16] == parsed[1]


def _numbering(files: Mapping[str, bytes]) -> Iterator[str]:
    numbers = []
    for name in sorted(files):
        parsed = parse_file_name(name)
        if parsed is None:
            yield f"misnumbered: {name} is no document's name"
        else:
            numbers.append(parsed[0])
    if sorted(numbers) != list(range(len(numbers))):
        yield f"misnumbered: {sorted(numbers)}"


def _contents(files: Mapping[str, bytes], reports: Mapping[int, Report]) -> Iterator[str]:
    for name, data in files.items():
        if not _is_whole(name, data):
            yield f"torn: {name} has {len(data)} bytes that are not those of its id"
    found = Counter(parse_document(data).text for name, data in files.items() if _is_whole(name, data))
    for report in reports.values():
        if not found[report.text]:
            yield f"lost: report {report.number} has no document"
        elif found[report.text] > 1:
            yield f"doubled: report {report.number} has {found[report.text]} documents"
    if strangers := set(found) - {report.text for report in reports.values()}:
        yield f"{len(strangers)} documents are none of the reports, e.g. {min(strangers)[:60]!r}"


def _records(files: Mapping[str, bytes], state: Path) -> Iterator[str]:
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as store:
        yield from (
            f"the state is damaged: {row[0]}" for row in store.execute("PRAGMA integrity_check") if row != ("ok",)
        )
        if store.execute("PRAGMA foreign_key_check").fetchall():
            yield "the state refers to rows that are not there"
        rows = store.execute("SELECT number, name, adopted, written_at, text FROM documents").fetchall()
        if (still := store.execute("SELECT count(*) FROM entries WHERE state <> 'done'").fetchone()[0]) > 0:
            yield f"{still} entries are still open"
        states = dict(store.execute("SELECT state, count(*) FROM deliveries GROUP BY state"))
    if set(states) - {"delivered"}:
        yield f"deliveries did not all arrive: {states}"
    if differing := {row[1] for row in rows} ^ set(files):
        yield f"store and folder differ in {sorted(differing)[:6]}"
    for number, name, adopted, written_at, text in rows:
        if adopted:
            yield f"lost: the store knows no more of document {name} than its file"
        if written_at is None:
            yield f"lost: document {number} was never written"
        if name in files and parse_document(files[name]).text != text:
            yield f"torn: {name} is not what the store holds"


def _alerts(
    files: Mapping[str, bytes], reports: Mapping[int, Report], told: Iterable[Told], crashes: Collection[int]
) -> Iterator[str]:
    by_alert: dict[tuple[str, int], list[Told]] = defaultdict(list)
    for message in told:
        by_alert[message.channel, message.number].append(message)
    repeats: Counter[tuple[str, int]] = Counter()
    for report in reports.values():
        for channel in report.channels:
            messages = by_alert.pop((channel, report.number), [])
            yield from _alert(channel, report, messages, files)
            if channel != KEYED:
                repeats.update((channel, life) for life in sorted(message.life for message in messages)[:-1])
    for channel, number in by_alert:
        yield f"{channel} was told of report {number}, which does not concern it"
    for (channel, life), count in repeats.items():
        if count > (life in crashes):
            yield f"alert doubled: {channel} heard {count} alerts of life {life} again"


def _alert(channel: str, report: Report, messages: Collection[Told], files: Collection[str]) -> Iterator[str]:
    if not messages:
        yield f"alert lost: {channel} never heard of report {report.number}"
    if {message.document for message in messages} - set(files):
        yield f"misnumbered: {channel} was told other names of report {report.number} than the folder has"
    if channel == KEYED and len({message.key for message in messages}) > 1:
        yield f"alert doubled: {channel} heard of report {report.number} under several keys"
