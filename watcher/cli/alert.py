"""`alert test` sends a test message to a channel; `alert preview` renders the alert for a document."""

from __future__ import annotations

import asyncio
import json
import uuid

import click

from watcher.alerts import compose
from watcher.alerts.channel import RenderOptions
from watcher.alerts.channels import CHANNELS
from watcher.app import client_of
from watcher.cli.shell import Shell, command, out, pass_shell, print_message
from watcher.config import ChannelConfig, Config
from watcher.errors import UnknownName, WatcherError
from watcher.model import Alert, AlertKind, AttemptOutcome
from watcher.pipeline.alert_builder import headline_of
from watcher.pipeline.send import Reply, Sender
from watcher.store import StoreReader, reading
from watcher.store.queries import stored_documents
from watcher.store.queries.stored_documents import StoredDocument

TEST_MESSAGE = "This is a test of watcher. If you can read it, alerts arrive here."


def register(group: click.Group) -> None:
    """Adds the commands of this module."""

    @group.group("alert")
    def alert() -> None:
        """Sends a test alert, or previews one."""

    @command(alert, "test")
    @click.argument("channel")
    @pass_shell
    def test(shell: Shell, channel: str) -> None:
        """Sends a test message to a channel. Shows the reply."""
        config = shell.config()
        reply = asyncio.run(_send_test(config, channel_named(config, channel)))
        if reply.verdict.outcome is not AttemptOutcome.DELIVERED:
            raise WatcherError(f"{channel} did not accept it ({reply.verdict.outcome.value}): {reply.summary}")
        print_message(f"{channel} accepted it{f': {reply.summary}' if reply.summary else ''}")

    @command(alert, "preview")
    @click.argument("document")
    @click.option("--channel", help="Show the exact request body for this channel. Default: as on a terminal.")
    @pass_shell
    def preview(shell: Shell, document: str, channel: str | None) -> None:
        """Shows an alert without sending it. DOCUMENT is a number, file name or id."""
        config = shell.config()
        with reading(config.location) as store:
            alert = compose.single(headline_of(_find(store, document)))
        if channel is None:
            click.echo(CHANNELS["console"].render(alert, RenderOptions(color=out.is_terminal)), nl=False)
        else:
            click.echo(_body(alert, channel_named(config, channel)))


def channel_named(config: Config, name: str) -> ChannelConfig:
    """Returns the channel with this name. Raises UnknownName, which lists the existing names."""
    for channel in config.channels:
        if channel.name == name:
            return channel
    names = ", ".join(channel.name for channel in config.channels) or "none"
    raise UnknownName("channel", name, f" in {config.file}; its channels: {names}")


async def _send_test(config: Config, setting: ChannelConfig) -> Reply:
    options = RenderOptions(delivery_id=str(uuid.uuid4()), channel=setting.name, envelope=setting.envelope.value)
    payload = CHANNELS[setting.type].render(compose.message(TEST_MESSAGE, AlertKind.TEST), options)
    async with client_of(config) as client:
        sender = Sender(config=config, client=client, show=lambda text: click.echo(text, nl=False))
        return await sender.send(setting, payload, delivery_id=options.delivery_id)


def _find(store: StoreReader, wanted: str) -> StoredDocument:
    records = store.read(stored_documents.records)
    names = [number for number, id_, name, _, _ in records if wanted in (name, id_, str(number), name.split("_")[0])]
    if not names:
        raise WatcherError(f"no document has the number, file name or id {wanted!r}")
    return store.read(stored_documents.get, names[0])


def _body(alert: Alert, setting: ChannelConfig) -> str:
    options = RenderOptions(delivery_id="preview", channel=setting.name, envelope=setting.envelope.value)
    text = CHANNELS[setting.type].render(alert, options).decode()
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except ValueError:
        return text.rstrip("\n")
