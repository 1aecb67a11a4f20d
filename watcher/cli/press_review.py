"""`press-review`: the excerpts and links of a day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import click

from watcher.cli.export import check_watch
from watcher.cli.shell import Shell, command, pass_shell
from watcher.cli.state import state_of
from watcher.inquiry.press_review import review_of, to_html, to_markdown

_FORMATS = {"html": to_html, "md": to_markdown}


def register(group: click.Group) -> None:
    """Adds the command of this module."""

    @command(group, "press-review")
    @click.option("--date", "day", help="The day, such as 2026-11-22, in the time zone of the corpus. Default: today.")
    @click.option("--watch", help="Only documents that match this watch.")
    @click.option("--format", "form", type=click.Choice(tuple(_FORMATS)), default="html", show_default=True)
    @pass_shell
    def press_review(shell: Shell, day: str | None, watch: str | None, form: str) -> None:
        """Prints the press review of a day: excerpts and links, grouped by story.

        A story is shown with its outlets, headlines and links, the sentence that hit, and an excerpt of at most 500
        characters. Paywalls and reservations of rights are named. The full text is never part of it.
        """
        config = shell.config()
        zone = config.corpus.timezone
        chosen = _day(day) if day is not None else datetime.now(UTC).astimezone(ZoneInfo(zone)).date()
        with state_of(config) as store:
            check_watch(config, store, watch)
            review = review_of(store, chosen, watch=watch, timezone=zone)
        click.echo(_FORMATS[form](review).encode("utf-8", "replace"), nl=False)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"--date {text!r} is not a day such as 2026-11-22") from error
