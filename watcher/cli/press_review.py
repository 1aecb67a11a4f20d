"""`press-review`: the excerpts and links of a day or span."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import click

from watcher.cli.export import check_watch
from watcher.cli.moments import span_of
from watcher.cli.shell import Shell, command, pass_shell
from watcher.cli.state import state_of
from watcher.inquiry.period import Period
from watcher.inquiry.press_review import review_of, to_html, to_markdown

_MOMENT = 'a duration such as "7d", a day, or a time in ISO 8601.'
_FORMATS = {"html": to_html, "md": to_markdown}


def register(group: click.Group) -> None:
    """Adds the command of this module."""

    @command(group, "press-review")
    @click.option("--date", "day", help="The day, such as 2026-11-22, in the time zone of the corpus. Default: today.")
    @click.option("--since", help=f"The first day of a span, instead of --date: {_MOMENT} Its day counts as a whole.")
    @click.option("--until", help=f"The last day of the span: {_MOMENT} Its day counts as a whole. Default: today.")
    @click.option("--watch", help="Only documents that match this watch.")
    @click.option("--format", "form", type=click.Choice(tuple(_FORMATS)), default="html", show_default=True)
    @pass_shell
    def press_review(
        shell: Shell, day: str | None, since: str | None, until: str | None, watch: str | None, form: str
    ) -> None:
        """Prints the press review of a day or span: excerpts and links, grouped by story.

        A story is shown with its outlets, headlines and links, the sentence that hit, and an excerpt of at most 500
        characters. Paywalls and reservations of rights are named. The full text is never part of it.
        """
        config = shell.config()
        zone = config.corpus.timezone
        first, last = _days(day, since, until, timezone=zone)
        with state_of(config) as store:
            check_watch(config, store, watch)
            review = review_of(store, first, until=last, watch=watch, timezone=zone)
        click.echo(_FORMATS[form](review).encode("utf-8", "replace"), nl=False)


def _days(day: str | None, since: str | None, until: str | None, *, timezone: str) -> tuple[date, date]:
    """Returns the first and the last day. Raises click.UsageError."""
    now = datetime.now(UTC)
    today = now.astimezone(ZoneInfo(timezone)).date()
    if since is None and until is None:
        chosen = today if day is None else _day(day)
        return chosen, chosen
    if day is not None or since is None:
        raise click.UsageError("choose a day with --date, or a span with --since and, if wanted, --until")
    span = Period.of(*span_of(since, until, timezone=timezone, now=now), timezone=timezone)
    return span.since or today, span.until or today


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"--date {text!r} is not a day such as 2026-11-22") from error
