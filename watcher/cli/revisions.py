"""`revisions`: what changed in the articles of documents after they were archived."""

from __future__ import annotations

import click

from watcher.cli.shell import Shell, command, pass_shell, print_json, print_table, printable
from watcher.cli.state import state_of
from watcher.config import Config
from watcher.corpus import revision_row
from watcher.corpus.revisions import word_diff
from watcher.errors import WatcherError
from watcher.model import Change, Revision, RevisionClass
from watcher.store.queries import revisions, stored_documents
from watcher.store.queries.revisions import ReadingStatus, StoredVersion
from watcher.store.queries.stored_documents import StoredDocument

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
        document, found, status = _read(shell.config(), number)
        if as_json:
            print_json(_json(document, found, status))
        else:
            click.echo("\n".join(map(printable, _lines(document, found, status))))


def _read(config: Config, number: int) -> tuple[StoredDocument, list[StoredVersion], ReadingStatus | None]:
    with state_of(config) as store:
        document = store.read(stored_documents.get_many, [number]).get(number) if store else None
        if store is None or document is None:
            raise WatcherError(
                f"no document has the number {number}; `watcher revisions list` names those that changed"
            )
        return document, store.read(revisions.versions, number), store.read(revisions.reading_status, number)


def _json(document: StoredDocument, found: list[StoredVersion], status: ReadingStatus | None) -> dict[str, object]:
    first = {
        "version": 0,
        "seen_at": document.fetched_at or document.recorded_at,
        "title": document.title,
        "text": document.text,
        "classes": [],
    }
    return {
        "number": document.number,
        "url": document.url,
        "title": document.title,
        "versions": [first, *map(_version, found)],
        "changes": [_changes(each) for each in found],
        "readings": None
        if status is None
        else {
            "count": status.readings,
            "last_at": status.last_at,
            "next_at": status.next_at,
            "problem": status.problem,
            "left_out": status.left_out,
        },
    }


def _version(version: StoredVersion) -> dict[str, object]:
    revision = version.revision
    return {
        "version": revision.version,
        "seen_at": revision.seen_at,
        "title": revision.title,
        "text": version.text or "",
        "classes": list(revision.classes),
        "modified_at": revision.modified_at,
        "admitted": revision.admitted,
        "dropped_at": version.dropped_at,
    }


def _changes(version: StoredVersion) -> dict[str, object]:
    return {
        "version": version.revision.version,
        "classes": list(version.revision.classes),
        "paragraphs": [{"before": each.before, "after": each.after} for each in version.changes or ()],
    }


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


def _lines(document: StoredDocument, found: list[StoredVersion], status: ReadingStatus | None) -> list[str]:
    lines = [document.title or document.name, document.url, *_reading_lines(status)]
    for version in found:
        revision = version.revision
        seen_at = revision.seen_at.astimezone().strftime("%Y-%m-%d %H:%M")
        lines += ["", f"version {revision.version}, {seen_at}: {', '.join(revision.classes)}{_admission(revision)}"]
        if version.dropped_at is not None:
            lines.append(f"its text was dropped on {version.dropped_at.astimezone():%Y-%m-%d}")
        for change in version.changes or ():
            lines += ["", *_diff(change)]
    return lines if found else [*lines, "", "no later version is known"]


def _reading_lines(status: ReadingStatus | None) -> list[str]:
    if status is None:
        return ["its page is not read again"]
    ahead = f"next at {status.next_at.astimezone():%Y-%m-%d %H:%M}" if status.next_at else "none ahead"
    lines = [f"{status.readings} readings of its page, {ahead}"]
    if status.problem:
        lines.append(f"the last one showed no version: {status.problem}")
    if status.left_out:
        lines.append(f"{status.left_out} further versions were not recorded")
    return lines


def _admission(revision: Revision) -> str:
    if RevisionClass.GONE in revision.classes:
        return ""
    if revision.admitted is None:
        return " (the page states no modification date)"
    return " (the page states a modification)" if revision.admitted else " (its modification date is older)"


def _diff(change: Change) -> list[str]:
    return word_diff(change).split("\n")
