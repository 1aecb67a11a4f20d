"""`backup`: copies the state, also while the daemon runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from watcher.cli.shell import Shell, command, counted, out, pass_shell, print_json
from watcher.errors import WatcherError
from watcher.store.engine.backup import Backup, back_up, default_backup


def register(group: click.Group) -> None:
    """Adds the commands of this module."""

    @command(group, "backup")
    @click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
    @click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @pass_shell
    def backup(shell: Shell, file: Path | None, force: bool, as_json: bool) -> None:
        """Copies the state to FILE, also while the daemon runs.

        Default: a file beside the state, from which watcher restores a damaged state by itself. Documents are not
        part of it: copy the folder of the corpus, too.
        """
        config = shell.config()
        if config.state.server is not None:
            raise WatcherError("the state is on PostgreSQL; copy it with pg_dump, and the folder of the corpus, too")
        state = config.state.path
        made = back_up(state, file or default_backup(state, now=datetime.now(UTC)), overwrite=force)
        if as_json:
            print_json({"file": made.path, "bytes": made.size, "documents": made.documents, "as_of": made.as_of})
        else:
            out.print(_sentence(made), markup=False)


def _sentence(made: Backup) -> str:
    known = f"everything until {made.as_of:%Y-%m-%d %H:%M:%S} UTC" if made.as_of else "no poll yet"
    return f"{made.path}: {made.size:,} bytes, {counted(made.documents, 'document')} on record, {known}"
