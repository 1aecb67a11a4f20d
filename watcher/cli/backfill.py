"""`backfill`: tries a watch on everything that was seen, or shows what that would find."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

from watcher.cli.moments import span_of
from watcher.cli.search import print_result, watch_of
from watcher.cli.shell import Shell, command, counted, err, out, pass_shell, print_json, print_message
from watcher.config import Config
from watcher.errors import QueryError
from watcher.inquiry.outlook import MOST_CANDIDATES, TIME_LIMIT, Outlook, look_out
from watcher.inquiry.search import Places
from watcher.inquiry.search_json import result_json
from watcher.model import Watch
from watcher.store.queries.backfills import BackfillStatus

SINCE = "90d"


def register(group: click.Group) -> None:
    """Adds the command of this module."""

    @command(group, "backfill")
    @click.argument("watch", required=False)
    @click.option("--query", help="Preview a query instead of a watch. Needs --preview.")
    @click.option(
        "--since",
        default=SINCE,
        show_default=True,
        help='Only articles since then: a duration such as "90d", a date, or a time in ISO 8601.',
    )
    @click.option("--preview", is_flag=True, help="Only show what would be found: fetch, write and send nothing.")
    @click.option("--yes", is_flag=True, help="Do not ask before it begins.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @pass_shell
    def backfill(
        shell: Shell, watch: str | None, query: str | None, since: str, preview: bool, yes: bool, as_json: bool
    ) -> None:
        """Tries a WATCH on everything that was seen, and archives what matches.

        Each article that may match is fetched again. The channels of the watch receive one summary. Without a daemon
        the command does the work; beside a daemon it waits for it. Run it again to go on after an interruption.
        """
        if (watch is None) == (query is None):
            raise click.UsageError("name either a WATCH or a --query")
        if query is not None and not preview:
            raise click.UsageError("--query needs --preview; to archive what it finds, make it a watch of the config")
        config, now = shell.config(), datetime.now(UTC)
        first, _ = span_of(since, None, timezone=config.corpus.timezone, now=now)
        wanted = Watch(name="query", query=query) if query is not None else watch_of(config, watch or "")
        if preview:
            outlook = _look_out(wanted, config, since=first or now, now=now)
            _print_preview(outlook, wanted, query, config, as_json=as_json)
        else:
            _backfill(wanted, config, since=first or now, now=now, asks=not yes, as_json=as_json)


def _look_out(watch: Watch, config: Config, *, since: datetime, now: datetime) -> Outlook:
    """Searches, and says what could not be searched."""
    try:
        outlook = look_out(watch, Places.of(config), since=since, now=now)
    except QueryError as error:
        raise click.UsageError(str(error)) from error
    for note in outlook.answer.notes:
        print_message(note)
    if not outlook.answer.is_complete:
        print_message(f"not everything was searched in {TIME_LIMIT.total_seconds():g} seconds; try a later --since")
    if outlook.left_out:
        print_message(
            f"{counted(outlook.left_out, 'article')} beyond the newest {MOST_CANDIDATES} are left out; narrow the watch"
        )
    return outlook


# -- preview -----------------------------------------------------------------------------------------------------------


def _print_preview(outlook: Outlook, watch: Watch, query: str | None, config: Config, *, as_json: bool) -> None:
    if as_json:
        print_json(_preview_json(outlook, watch, query, config))
        return
    for result in outlook.answer.results:
        print_result(result)
    _print_outlook(outlook)


def _preview_json(outlook: Outlook, watch: Watch, query: str | None, config: Config) -> dict[str, object]:
    """Converts a preview to its JSON form. Programs depend on its keys, so they stay."""
    return {
        "watch": watch.name if query is None else None,
        "query": query,
        "since": outlook.plan.since.astimezone(ZoneInfo(config.corpus.timezone)),
        "total": outlook.answer.total,
        "complete": outlook.answer.is_complete,
        "first": outlook.first or None,
        "last_week": outlook.last_week,
        "known": outlook.plan.known,
        "suggested": outlook.suggested,
        "results": [result_json(result) for result in outlook.answer.results],
    }


def _print_outlook(outlook: Outlook) -> None:
    total = outlook.answer.total
    if not total:
        print_message("no matches")
        return
    print_message(
        f"{counted(total, 'match')} since {outlook.first}, {outlook.last_week} of them in the last week; "
        f"{outlook.plan.known} are documents already"
    )
    if outlook.suggested:
        print_message(
            f"of {counted(outlook.suggested, 'article')} only the visible text of the whole page is known, "
            "menus and teasers included: the page itself decides"
        )


# -- the work ----------------------------------------------------------------------------------------------------------


def _backfill(watch: Watch, config: Config, *, since: datetime, now: datetime, asks: bool, as_json: bool) -> None:
    from watcher.cli.backfill_work import find_incomplete, work  # a preview needs neither daemon nor parsers

    number = find_incomplete(config, watch.name)
    plan = None
    if number is None:
        outlook = _look_out(watch, config, since=since, now=now)
        plan = outlook.plan
        if not as_json or asks:
            _print_outlook(outlook)
        if asks and err.is_terminal and sys.stdin.isatty():
            pages = counted(len(plan.candidates), "page")
            click.confirm(f"Fetch {pages} again, and send what matches?", abort=True, err=True)
    else:
        print_message(f"the backfill of {watch.name} that was begun earlier goes on, with its own --since")
    try:
        status = work(config, watch, plan, number=number)
    except KeyboardInterrupt:
        print_message(f"the daemon goes on; to wait for it again, run: watcher backfill {watch.name!r}")
        raise
    if not status.is_complete:
        done = status.total - status.open_entries
        print_message(f"stopped after {done} of {status.total}; to go on, run: watcher backfill {watch.name!r}")
        sys.exit(130)
    _print_status(status, config, as_json=as_json)


def _print_status(status: BackfillStatus, config: Config, *, as_json: bool) -> None:
    for channel in status.late:
        print_message(f"the summary for {channel} could not be sent yet; it is tried again, see: watcher outbox list")
    if as_json:
        print_json(_status_json(status, config))
        return
    numbers = ", ".join(str(number) for number in status.documents)
    stored = f"; {status.from_seen} with the stored text, because the page is gone" if status.from_seen else ""
    out.print(f"documents: {len(status.documents)} new{': ' * bool(numbers)}{numbers}{stored}", markup=False)
    out.print(f"known: {status.known} were documents already", markup=False)
    out.print(f"unmatched: {status.unmatched} do not match once they are read", markup=False)
    out.print(f"failed: {status.failed} could not be read", markup=False)


def _status_json(status: BackfillStatus, config: Config) -> dict[str, object]:
    """Converts a backfill to its JSON form. Programs depend on its keys, so they stay."""
    return {
        "watch": status.watch,
        "since": status.since.astimezone(ZoneInfo(config.corpus.timezone)),
        "total": status.total,
        "documents": list(status.documents),
        "known": status.known,
        "from_seen": status.from_seen,
        "unmatched": status.unmatched,
        "failed": status.failed,
    }
