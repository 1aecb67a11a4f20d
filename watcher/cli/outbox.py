"""`outbox`: lists pending alerts, and re-sends, drops or resumes them, also while the daemon runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TypeVar

import click

from watcher.cli.moments import moment_of
from watcher.cli.shell import Shell, command, counted, out, pass_shell, print_json, print_message, print_table
from watcher.config import Config
from watcher.errors import WatcherError
from watcher.inquiry.outbox_json import delivery_json
from watcher.model import DeliveryState
from watcher.pipeline.deliver import LIMITS
from watcher.pipeline.settings import Settings
from watcher.store import editing, reading
from watcher.store.commands import incidents, outbox
from watcher.store.queries import outbox_status
from watcher.store.queries.outbox_status import OPEN, AttemptStatus, Choice, DeliveryStatus

T = TypeVar("T")

STATES = click.Choice([state.value for state in DeliveryState])
_ENDED = tuple(state for state in DeliveryState if state not in OPEN)
_WAITING = tuple(state for state in OPEN if state is not DeliveryState.SENDING)
_COLUMNS = ("id", "channel", "kind", "state", "age", "next attempt", "attempts", "last answer")


def register(group: click.Group) -> None:
    """Adds the commands of this module."""

    @group.group("outbox")
    def outbox_group() -> None:
        """Lists, shows, re-sends, drops or resumes alerts."""

    _register_list_and_show(outbox_group)
    _register_resume(outbox_group)
    _register_replay(outbox_group)
    _register_drop(outbox_group)


def _not_empty(_context: click.Context, _parameter: click.Parameter, value: T) -> T:
    """Refuses an empty text: it comes from a variable of the shell that is not set, and would choose every alert."""
    if value == "" or (isinstance(value, tuple) and "" in value):
        raise click.BadParameter("it is empty; is a variable of your shell not set?")
    return value


def _register_list_and_show(group: click.Group) -> None:
    @command(group, "list")
    @click.option("--channel", default="", help="Only alerts of this channel.")
    @click.option("--state", type=STATES, help="Only alerts in this state. Default: all that have not ended.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
    @pass_shell
    def list_(shell: Shell, channel: str, state: str | None, as_json: bool) -> None:
        """Lists pending alerts. Shows state, channel, age, next attempt and last answer of each."""
        config = shell.config()
        choice = Choice(channel=channel, states=(DeliveryState(state),) if state else OPEN)
        with reading(config.location) as store:
            found, parked = store.read(outbox_status.search, choice), store.read(outbox_status.parked)
            count = store.read(outbox_status.count, choice)
        if as_json:
            print_json([delivery_json(status, config, datetime.now(UTC)) for status in found])
        else:
            _print_deliveries(found, config)
            for name, reason in sorted(parked.items()):
                print_message(f"channel {name} is parked: {reason}; after fixing it, run: watcher outbox resume {name}")
        _print_rest(count - len(found))

    @command(group, "show")
    @click.argument("id_", metavar="ID", callback=_not_empty)
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @pass_shell
    def show(shell: Shell, id_: str, as_json: bool) -> None:
        """Shows one alert, its attempts, documents and bytes. A unique prefix of its ID is enough."""
        config = shell.config()
        with reading(config.location) as store:
            (status,) = store.read(outbox_status.search, Choice(ids=store.read(outbox_status.whole_ids, (id_,))))
            attempts = store.read(outbox_status.attempts, status.sequence)
        row = delivery_json(status, config, datetime.now(UTC))
        payload = (status.payload or b"").decode(errors="replace")
        if as_json:
            print_json({**row, "message": status.message, "payload": payload, "tries": [_plain(a) for a in attempts]})
            return
        for name, value in row.items():
            out.print(f"{name.replace('_', ' ')}: {value if value is not None else '–'}", markup=False)
        for line in (*_lines(attempts), *([f"message: {status.message}"] if status.message else ()), payload):
            out.print(line, markup=False)


def _register_resume(group: click.Group) -> None:
    @command(group, "resume")
    @click.argument("channel")
    @pass_shell
    def resume(shell: Shell, channel: str) -> None:
        """Resumes a parked channel. Its queue is sent now, a long one as one digest."""
        config, now = shell.config(), datetime.now(UTC)
        others = [name for name in Settings.of(config, generation=0).ops if name != channel]
        with editing(config.location) as store:
            if channel not in store.run(outbox_status.parked):
                raise WatcherError(f"channel {channel!r} is not parked")
            waiting = store.run(outbox.resume, channel, limits=LIMITS, now=now)
            over = f"Channel {channel} is resumed."
            store.run(incidents.end, f"parked {channel}", over, ops=others, now=now)
        print_message(f"{channel} is resumed; {waiting} pending")


def _register_replay(group: click.Group) -> None:
    @command(group, "replay")
    @click.argument("ids", nargs=-1, metavar="[ID]...", callback=_not_empty)
    @click.option(
        "--since",
        callback=_not_empty,
        help='Created since then: a duration such as "24h", a date, or a time in ISO 8601.',
    )
    @click.option("--channel", callback=_not_empty, help="Only alerts of this channel.")
    @click.option(
        "--state",
        type=click.Choice([state.value for state in _ENDED]),
        help="Only alerts in this state. Default: dead, unless IDs are given.",
    )
    @click.option("--dry-run", is_flag=True, help="Only list what would be sent.")
    @pass_shell
    def replay(
        shell: Shell, ids: tuple[str, ...], since: str | None, channel: str | None, state: str | None, dry_run: bool
    ) -> None:
        """Re-sends alerts that have ended. By default failed ones (dead); with --state delivered also sent ones.

        A unique prefix of an ID is enough.
        """
        if not (ids or since or channel or state):
            raise click.UsageError("choose alerts by ID, --since, --channel or --state")
        config, now = shell.config(), datetime.now(UTC)
        states = (DeliveryState(state),) if state else _ENDED if ids else (DeliveryState.DEAD,)
        after = _moment(since, config, now) if since else None
        with editing(config.location) as store:
            choice = Choice(
                channel=channel or "", states=states, since=after, ids=store.run(outbox_status.whole_ids, ids)
            )
            found, count = store.run(outbox_status.search, choice), store.run(outbox_status.count, choice)
            if not dry_run:
                count = store.run(outbox.replay, choice, now=now)
        _print_deliveries(found, config)
        _print_rest(count - len(found))
        print_message(f"{'to queue again' if dry_run else 'queued again'}: {counted(count, 'alert')}")


def _register_drop(group: click.Group) -> None:
    @command(group, "drop")
    @click.argument("ids", nargs=-1, metavar="[ID]...", callback=_not_empty)
    @click.option(
        "--channel",
        callback=_not_empty,
        help="All pending alerts of this channel, e.g. of one removed from the config.",
    )
    @click.option("--dry-run", is_flag=True, help="Only count them.")
    @pass_shell
    def drop(shell: Shell, ids: tuple[str, ...], channel: str | None, dry_run: bool) -> None:
        """Drops pending alerts. Alerts already sent are not affected. A unique prefix of an ID is enough."""
        if not (ids or channel):
            raise click.UsageError("choose alerts by ID or --channel")
        with editing(shell.config().location) as store:
            choice = Choice(channel=channel or "", ids=store.run(outbox_status.whole_ids, ids), states=_WAITING)
            count = store.run(outbox_status.count, choice)
            if not dry_run:
                count = store.run(outbox.drop, choice, now=datetime.now(UTC))
        print_message(f"{'to drop' if dry_run else 'dropped'}: {counted(count, 'alert')}")


def _print_deliveries(found: list[DeliveryStatus], config: Config) -> None:
    now = datetime.now(UTC)
    rows = (delivery_json(status, config, now) for status in found)
    print_table(_COLUMNS, ([str(row[column.replace(" ", "_")] or "–") for column in _COLUMNS] for row in rows))


def _print_rest(count: int) -> None:
    if count > 0:
        print_message(f"not shown: {counted(count, 'newer alert')}; choose fewer with --channel or --state")


def _moment(text: str, config: Config, now: datetime) -> datetime:
    try:
        return moment_of(text, timezone=config.corpus.timezone, now=now)
    except ValueError as error:
        raise WatcherError(str(error)) from error


def _lines(attempts: list[AttemptStatus]) -> Iterator[str]:
    for number, attempt in enumerate(attempts, start=1):
        took = f"{attempt.duration.total_seconds():.2f} s"
        wait = f", asked to wait {attempt.wait}" if attempt.wait is not None else ""
        when = f"{attempt.at:%Y-%m-%d %H:%M:%S} UTC"
        yield f"attempt {number}: {when}, {attempt.outcome.value}, {took}{wait}: {attempt.answer}"


def _plain(attempt: AttemptStatus) -> dict[str, object]:
    values = asdict(attempt)
    wait = attempt.wait.total_seconds() if attempt.wait is not None else None
    return {**values, "outcome": attempt.outcome.value, "wait": wait, "duration": attempt.duration.total_seconds()}
