"""`revisions`: what changed in the articles of documents after they were archived."""

from __future__ import annotations

import click

from watcher.cli.shell import Shell, command, pass_shell, print_json, print_table, printable
from watcher.cli.state import state_of
from watcher.config import Config
from watcher.corpus import revision_row
from watcher.corpus.revisions import word_diff
from watcher.errors import WatcherError
from watcher.inquiry.revisions import History, history_json, history_of, reading_lines, version_heading
from watcher.model import Change, Revision
from watcher.store.queries import revisions

_COLUMNS = ("seen", "document", "version", "changed", "watches", "title", "page")


def register(group: click.Group) -> None:
    """Adds the commands of this module."""

    @group.group("revisions")
    def revisions_group() -> None:
        """Shows what changed in archived articles. `[revisions] enabled = true` has their pages read again."""

    @command(revisions_group, "list")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
    @pass_shell
    def list_(shell: Shell, as_json: bool) -> None:
        """Lists the later versions of documents, the newest first."""
        with state_of(shell.config()) as store:
            found = store.read(revisions.newest) if store else []
        if as_json:
            print_json([revision_row(each) for each in found])
        else:
            print_table(_COLUMNS, map(_cells, found))

    @command(revisions_group, "show")
    @click.argument("number", type=click.IntRange(min=0))
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with the text of each version.")
    @pass_shell
    def show(shell: Shell, number: int, as_json: bool) -> None:
        """Shows the changes of a document: [-removed-] and {+added+} words. NUMBER is that of the document."""
        history = _read(shell.config(), number)
        if as_json:
            print_json(history_json(history))
        else:
            click.echo("\n".join(map(printable, _lines(history))))


def _read(config: Config, number: int) -> History:
    with state_of(config) as store:
        history = history_of(store, number) if store else None
    if history is None:
        raise WatcherError(f"no document has the number {number}; `watcher revisions list` names those that changed")
    return history


def _cells(revision: Revision) -> tuple[str, ...]:
    return (
        revision.seen_at.astimezone().strftime("%Y-%m-%d %H:%M"),
        str(revision.number),
        str(revision.version),
        ", ".join(revision.classes),
        ", ".join(revision.watches),
        printable(revision.title),
        revision.url,
    )


def _lines(history: History) -> list[str]:
    document = history.document
    lines = [document.title or document.name, document.url, *reading_lines(history.readings)]
    for version in history.versions:
        lines += ["", version_heading(version.revision)]
        if version.dropped_at is not None:
            lines.append(f"its text was dropped on {version.dropped_at.astimezone():%Y-%m-%d}")
        for change in version.changes or ():
            lines += ["", *_diff(change)]
    return lines if history.versions else [*lines, "", "no later version is known"]


def _diff(change: Change) -> list[str]:
    return word_diff(change).split("\n")
