"""`explain` and `match`: why did I (not) get this?"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.text import Text

from watcher.app import client_of, pool_of
from watcher.cli.present import in_context
from watcher.cli.shell import Shell, command, out, pass_shell, print_json
from watcher.config import Config
from watcher.errors import WatcherError
from watcher.matching import Watchlist
from watcher.model import Article, HitField, Match
from watcher.pipeline.explain import Explanation, look_up
from watcher.pipeline.reading import ENTRY
from watcher.pipeline.trial import try_page
from watcher.store import reading


def register(group: click.Group) -> None:
    """Adds the commands of this module."""

    @command(group, "explain")
    @click.argument("url")
    @click.option("--json", "as_json", is_flag=True, help="The whole chain as one JSON object.")
    @pass_shell
    def explain(shell: Shell, url: str, as_json: bool) -> None:
        """What happened, or would happen, to the page at URL, and why. Changes nothing."""
        explanation = asyncio.run(_explain(shell.config(), url))
        if as_json:
            print_json(asdict(explanation))
        else:
            _print(explanation)

    @command(group, "match")
    @click.option("--text", help="The text to match.")
    @click.option("--file", type=click.Path(path_type=Path), help="A file with the text; - is standard input.")
    @click.option("--json", "as_json", is_flag=True, help="The matches as one JSON array.")
    @pass_shell
    def match(shell: Shell, text: str | None, file: Path | None, as_json: bool) -> None:
        """Holds a text against the watches and marks the hits."""
        if (text is None) == (file is None):
            raise click.UsageError("give either --text or --file")
        article = Article(title="", body=text if text is not None else _read(file or Path("-")))
        watchlist = Watchlist.compile(shell.config().watches)
        matches = watchlist.match(article)
        if as_json:
            print_json([asdict(found) for found in matches])
        elif matches:
            _print_matches(matches, article.text, "")
        else:
            out.print("no watch matches", markup=False)


async def _explain(config: Config, url: str) -> Explanation:
    """From the store where it says all; a page that is unknown, or matched nothing, is looked at now."""
    known = Explanation(url=url)
    if config.state.path.exists():
        with reading(config.state.path) as store:
            known = look_up(store, url)
    if known.document:
        return known
    async with client_of(config) as client, pool_of(config) as pool:
        entry = next((ENTRY.validate_json(entry.entry) for entry in known.entries), None)
        trial = await try_page(
            client, pool, url, entry=entry, feed="", timezone=config.corpus.timezone, now=datetime.now(UTC)
        )
    return replace(known, trial=trial)


def _read(file: Path) -> str:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise WatcherError(f"cannot read {file}: {error.strerror}") from error
    return data.decode("utf-8", errors="replace")


def _print(explanation: Explanation) -> None:
    for section, lines in explanation.sections():
        out.print(Text(section, style="bold"))
        for line in lines:
            out.print(Text(f"  {line}"))
    _print_matches(explanation.matches, explanation.text, explanation.feed_text)


def _print_matches(matches: tuple[Match, ...], text: str, feed_text: str) -> None:
    for found in matches:
        out.print(Text(f"watch {found.watch}: {len(found.hits)} hits", style="bold"))
        for hit in found.hits[:10]:
            source = text if hit.field is HitField.TEXT else feed_text
            out.print(Text.assemble("  ", in_context(source, hit)))
