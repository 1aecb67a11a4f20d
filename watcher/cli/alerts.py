"""`alert test`, and the outbox: `list`, `resume`."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime

import click

from watcher.alerts import compose
from watcher.alerts.channel import RenderOptions
from watcher.alerts.channels import CHANNELS
from watcher.app import client_of
from watcher.cli.shell import Shell, command, pass_shell, print_json, print_table, tell
from watcher.config import ChannelConfig, Config
from watcher.errors import WatcherError
from watcher.model import AlertKind, Outcome
from watcher.pipeline.deliver import Answer, Sender
from watcher.store import deliveries, open_database, reading
from watcher.store.deliveries import DeliveryStatus

TEST_MESSAGE = "This is a test of watcher. If you can read it, alerts arrive here."


def register(group: click.Group) -> None:
    """Adds the commands of this module."""

    @group.group("alert")
    def alert() -> None:
        """Alerts, by hand."""

    @command(alert, "test")
    @click.argument("channel")
    @pass_shell
    def test(shell: Shell, channel: str) -> None:
        """Sends a test message to CHANNEL now and shows what it answers."""
        config = shell.config()
        answer = asyncio.run(_send_test(config, _channel(config, channel)))
        said = answer.text or answer.verdict.reason
        if answer.verdict.outcome is not Outcome.DELIVERED:
            raise WatcherError(f"{channel} did not take it ({answer.verdict.outcome.value}): {said}")
        tell(f"{channel} took it{f': {said}' if said else ''}")

    @group.group("outbox")
    def outbox() -> None:
        """The alerts that have not ended yet."""

    @command(outbox, "list")
    @click.option("--json", "as_json", is_flag=True, help="One JSON array.")
    @pass_shell
    def list_(shell: Shell, as_json: bool) -> None:
        """Every alert that is on its way: its state, channel, age, next attempt and last answer."""
        config = shell.config()
        with reading(config.state.path) as store:
            waiting = store.read(deliveries.search)
        now = datetime.now(UTC)
        if as_json:
            print_json([_row(status, config, now) for status in waiting])
        else:
            rows = (_row(status, config, now) for status in waiting)
            columns = ("id", "channel", "kind", "state", "age", "next attempt", "attempts", "last answer")
            print_table(columns, ([str(row[column.replace(" ", "_")]) for column in columns] for row in rows))

    @command(outbox, "resume")
    @click.argument("channel")
    @pass_shell
    def resume(shell: Shell, channel: str) -> None:
        """Starts a parked channel again; its queue is due at once."""
        engine = open_database(shell.config().state.path)
        with engine.begin() as tx:
            waiting = deliveries.resume(tx, channel, now=datetime.now(UTC))
        engine.dispose()
        tell(f"{channel} is on again; {waiting} alerts wait for it")


def _channel(config: Config, name: str) -> ChannelConfig:
    for channel in config.channels:
        if channel.name == name:
            return channel
    names = ", ".join(channel.name for channel in config.channels) or "none"
    raise WatcherError(f"there is no channel {name!r} in {config.file}; there are: {names}")


async def _send_test(config: Config, setting: ChannelConfig) -> Answer:
    options = RenderOptions(delivery_id=str(uuid.uuid4()), channel=setting.name, envelope=setting.envelope.value)
    payload = CHANNELS[setting.type].render(compose.message(TEST_MESSAGE, AlertKind.TEST), options)
    async with client_of(config) as client:
        sender = Sender(config=config, client=client, show=lambda text: click.echo(text, nl=False))
        return await sender.send(setting, payload, delivery_id=options.delivery_id)


def _row(status: DeliveryStatus, config: Config, now: datetime) -> dict[str, object]:
    orphaned = status.channel not in {channel.name for channel in config.channels}
    return {
        "id": status.id,
        "channel": f"{status.channel} (orphaned)" if orphaned else status.channel,
        "kind": status.kind.value,
        "state": status.state.value,
        "age": str(now - status.created_at).split(".")[0],
        "next_attempt": status.due_at.isoformat(timespec="seconds"),
        "attempts": status.attempts,
        "last_answer": status.last_answer,
        "documents": list(status.documents),
    }
