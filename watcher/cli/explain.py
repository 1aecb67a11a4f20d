"""`explain`: why a page did, or did not, become a document and an alert."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.text import Text

from watcher.app import client_of
from watcher.cli.explain_json import plain
from watcher.cli.output import print_hits
from watcher.cli.shell import Shell, command, counted, out, pass_shell, print_json
from watcher.config import Config
from watcher.corpus import parse_file_name
from watcher.errors import WatcherError
from watcher.inquiry.dry_run import PageTrial, try_bytes, try_page
from watcher.inquiry.explain import Explanation, look_up, look_up_document, story_of_trial
from watcher.model import Entry
from watcher.parsing.launch import parser_pool
from watcher.store import StoreReader, reading
from watcher.text.addresses import clean_address


def register(group: click.Group) -> None:
    """Adds the command of this module."""

    @command(group, "explain")
    @click.argument("page", metavar="URL|FILE")
    @click.option("--json", "as_json", is_flag=True, help="Print the whole explanation as one JSON object.")
    @pass_shell
    def explain(shell: Shell, page: str, as_json: bool) -> None:
        """Explains what happened, or would happen, to a page, and why. Changes nothing.

        URL is its address. FILE is a saved page (HTML, or .txt for plain text) or a document of the corpus.
        """
        explanation = asyncio.run(_explain(shell.config(), clean_address(page) if "://" in page else page))
        if as_json:
            print_json(plain(explanation))
        else:
            _print(explanation)


async def _explain(config: Config, page: str) -> Explanation:
    """Combines what the store knows with a dry run, because fetched pages are not kept."""
    async with AsyncExitStack() as open_things:
        store = None
        if config.has_state:
            store = open_things.enter_context(reading(config.location))
        if "://" in page:
            known = look_up(store, page, config.watches) if store else Explanation(url=page)
            trial = await _try_url(config, page, known)
        else:
            file = Path(page)
            if store and (document := _document_in(store, file, config)):
                return document
            known, trial = Explanation(url=page), await _try_file(config, file)
        explanation = replace(known, trial=trial)
        return explanation if known.document else _with_dry_run(explanation, trial, store)


def _with_dry_run(explanation: Explanation, trial: PageTrial, store: StoreReader | None) -> Explanation:
    story, members = story_of_trial(store, trial) if store else (None, ())
    findings = trial.reading.findings if trial.reading else ()
    return replace(explanation, findings=findings, story=story, members=members)


async def _try_url(config: Config, url: str, known: Explanation) -> PageTrial:
    async with client_of(config) as client, parser_pool(config) as pool:
        newest = known.entries[0] if known.entries else None
        return await try_page(
            client,
            pool,
            url,
            entry=newest.entry if newest else None,
            feed=newest.feed if newest else "",
            feed_language=newest.feed_language if newest else "",
            timezone=config.corpus.timezone,
            now=datetime.now(UTC),
        )


async def _try_file(config: Config, file: Path) -> PageTrial:
    page, url = await asyncio.to_thread(_read_page, file)
    async with parser_pool(config) as pool:
        return await try_bytes(
            pool,
            page,
            url=url,
            content_type="text/plain; charset=utf-8" if file.suffix == ".txt" else "text/html",
            entry=Entry(id="", link="", title=""),
            timezone=config.corpus.timezone,
            now=datetime.now(UTC),
        )


def _read_page(file: Path) -> tuple[bytes, str]:
    try:
        return file.read_bytes(), file.resolve().as_uri()
    except OSError as error:
        raise WatcherError(f"{file} is neither an address (https://…) nor a readable file: {error.strerror}") from error


def _document_in(store: StoreReader, file: Path, config: Config) -> Explanation | None:
    """Explains the document if the file is one; else None."""
    name = parse_file_name(file.name)
    if name is None or file.resolve().parent != config.corpus.folder.resolve():
        return None
    try:
        found = look_up_document(store, name[0], config.watches)
    except LookupError:
        return None
    return found if found.document and found.document.name == file.name else None


def _print(explanation: Explanation) -> None:
    for section, lines in explanation.sections():
        out.print(Text(section, style="bold"))
        for line in lines:
            out.print(Text(f"  {line}"))
    for finding in explanation.findings:
        if finding.match:
            out.print(Text(f"watch {finding.watch}: matches, {counted(len(finding.match.hits), 'hit')}", style="bold"))
            print_hits(finding.match.hits, explanation.text, explanation.feed_text)
        else:
            out.print(Text(f"watch {finding.watch}: does not match", style="bold"))
            for reason in finding.missing:
                out.print(Text(f"  {reason}"))
