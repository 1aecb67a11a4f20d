"""`match`: tests a text, a file or the whole corpus against the watches of the config, or against one query."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.text import Text

from watcher.cli.output import print_hits
from watcher.cli.shell import Shell, command, counted, out, pass_shell, print_json
from watcher.cli.state import corpus_folder
from watcher.config import Config
from watcher.corpus import CorpusFile, CorpusFolder, parse_document
from watcher.errors import QueryError, WatcherError
from watcher.matching import Watchlist
from watcher.model import Article, Match, Watch
from watcher.store import StoreReader, reading
from watcher.store.queries import stored_documents


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """One text to match. `name`: the document's file name, "" for other texts."""

    article: Article
    name: str = ""
    feed_text: str = ""
    feed: str = ""


def register(group: click.Group) -> None:
    """Adds the command of this module."""

    @command(group, "match")
    @click.option("--text", help="The text to match.")
    @click.option("--file", type=click.Path(path_type=Path), help="A file with the text; - for standard input.")
    @click.option("--corpus", is_flag=True, help="Match every document of the corpus.")
    @click.option("--query", help="Match this query instead of the watches. Needs a config only with --corpus.")
    @click.option("--json", "as_json", is_flag=True, help="Print the matches as one JSON array.")
    @pass_shell
    def match(
        shell: Shell, text: str | None, file: Path | None, corpus: bool, query: str | None, as_json: bool
    ) -> None:
        """Tests a text against the watches and marks the hits."""
        if (text is not None) + (file is not None) + corpus != 1:
            raise click.UsageError("give one of --text, --file and --corpus")
        config = shell.config() if corpus or query is None else None
        watches = (Watch(name="query", query=query),) if query is not None else config.watches if config else ()
        try:
            watchlist = Watchlist.compile(watches)
        except QueryError as error:
            if query is None:
                raise
            raise click.UsageError(str(error)) from error
        texts = _corpus(config) if corpus and config else iter([_given(text, file)])
        found = ((one, matches) for one in texts if (matches := _match(watchlist, one)))
        if as_json:
            print_json([row for one, matches in found for row in _rows(one, matches)])
        else:
            _print(found, "no document matches" if corpus else "no watch matches")


def _match(watchlist: Watchlist, text: _Text) -> tuple[Match, ...]:
    return watchlist.match(text.article, feed_text=text.feed_text, feed=text.feed)


def _given(text: str | None, file: Path | None) -> _Text:
    return _Text(article=Article(title="", body=text if text is not None else _read(file or Path("-"))))


def _read(file: Path) -> str:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise WatcherError(f"cannot read {file}: {error.strerror}") from error
    return data.decode("utf-8", errors="replace")


def _corpus(config: Config) -> Iterator[_Text]:
    """Yields every document in order, one in memory at a time, with the metadata of the store where it has any."""
    folder = corpus_folder(config)
    with ExitStack() as open_things:
        store = open_things.enter_context(reading(config.location)) if config.has_state else None
        for file in sorted(folder.scan(), key=lambda file: file.number):
            yield _known(store, file) or _from_file(folder, file)


def _known(store: StoreReader | None, file: CorpusFile) -> _Text | None:
    if store is None:
        return None
    try:
        document = store.read(stored_documents.get, file.number)
    except LookupError:
        return None
    if document.adopted or document.name != file.name:
        return None
    return _Text(article=document.article, name=document.name, feed_text=document.feed_text, feed=document.feed)


def _from_file(folder: CorpusFolder, file: CorpusFile) -> _Text:
    parsed = parse_document(folder.read(file.name))
    title, _, body = parsed.text.partition("\n\n")
    return _Text(article=Article(title=title, body=body, date=parsed.date), name=file.name)


def _rows(text: _Text, matches: tuple[Match, ...]) -> Iterator[dict[str, object]]:
    for found in matches:
        yield ({"document": text.name} if text.name else {}) | asdict(found)


def _print(found: Iterator[tuple[_Text, tuple[Match, ...]]], nothing: str) -> None:
    empty = True
    for text, matches in found:
        empty = False
        if text.name:
            out.print(Text(f"{text.name}: {text.article.title}", style="bold"))
        for match in matches:
            out.print(Text(f"watch {match.watch}: {counted(len(match.hits), 'hit')}", style="bold"))
            print_hits(match.hits, text.article.text, text.feed_text)
    if empty:
        out.print(nothing, markup=False)
