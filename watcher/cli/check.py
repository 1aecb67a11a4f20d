"""`check`: validates the config; with `--online` also fetches each feed and connects to each channel's host."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import click

from watcher.alerts.channel import Target
from watcher.alerts.channels import CHANNELS
from watcher.app import client_of
from watcher.cli.shell import Shell, command, counted, out, pass_shell
from watcher.config import ChannelType, Config
from watcher.errors import FetchError, NotAFeed, WatcherError
from watcher.inquiry.compile import compile_watches
from watcher.inquiry.dry_run import try_address, try_feed
from watcher.parsing.client import sentence
from watcher.parsing.launch import parser_pool
from watcher.pipeline.send import target_of


def register(group: click.Group) -> None:
    """Adds the command of this module."""

    @command(group, "check")
    @click.option("--online", is_flag=True, help="Also fetch each feed and connect to each channel's host.")
    @pass_shell
    def check(shell: Shell, online: bool) -> None:
        """Validates the config. Prints every error, and exits with 78 if there is one."""
        config = shell.config()
        for watch in compile_watches(config).unfilterable:
            warning = "requires no particular word, so every page of its feeds is extracted in full"
            out.print(f"watch {watch}: warning: {warning}", markup=False)
        problems = list(_secrets(config))
        if online:
            problems += asyncio.run(_online(config))
        for problem in problems:
            out.print(problem, markup=False)
        sizes = {"feed": config.feeds, "watch": config.watches, "channel": config.channels}
        counts = ", ".join(counted(len(values), noun) for noun, values in sizes.items())
        out.print(f"{config.file}: {counts}: {'has problems, see above' if problems else 'valid'}", markup=False)
        if problems:
            sys.exit(1)


def _secrets(config: Config) -> Iterator[str]:
    """Yields the problems of the channels' secrets, never a secret itself."""
    for setting in config.channels:
        channel = CHANNELS[setting.type]
        try:
            target = target_of(config, setting, os.environ)
        except WatcherError as error:
            yield f"channel {setting.name}: {error}"
            continue
        for problem in channel.problems(target):
            yield f"channel {setting.name}: {problem}"
        for warning in channel.warnings(target):
            out.print(f"channel {setting.name}: warning: {warning}", markup=False)


async def _online(config: Config) -> list[str]:
    problems = [problem async for problem in _feeds(config)]
    return problems + [problem async for problem in _channels(config)]


async def _feeds(config: Config) -> AsyncIterator[str]:
    async with client_of(config) as client, parser_pool(config) as pool:

        async def fetched(name: str, url: str) -> str:
            try:
                timezone, within = config.corpus.timezone, config.net.timeout
                feed = await try_feed(client, pool, url, timezone=timezone, within=within, now=datetime.now(UTC))
            except NotAFeed as error:
                return f"feed {name}: {sentence(error)}"
            except WatcherError as error:
                return f"feed {name}: {error}"
            out.print(f"feed {name}: {feed.format}, {counted(len(feed.entries), 'entry')}", markup=False)
            return ""

        for problem in await asyncio.gather(*(fetched(feed.name, feed.url) for feed in config.feeds)):
            if problem:
                yield problem


async def _channels(config: Config) -> AsyncIterator[str]:
    """Connects to each channel's host, without sending a message, and yields the failures."""
    async with client_of(config) as client:
        for setting in config.channels:
            if setting.type is ChannelType.APPRISE:
                out.print(f"channel {setting.name}: not tested; use `watcher alert test {setting.name}`", markup=False)
                continue
            try:
                target = target_of(config, setting, os.environ)
                if address := _address(target):
                    await try_address(client, address)
                    out.print(f"channel {setting.name}: {CHANNELS[setting.type].address(target)} answers", markup=False)
            except FetchError as error:
                yield f"channel {setting.name}: {error}"
            except WatcherError:
                continue  # _secrets has reported it


def _address(target: Target) -> str:
    return target.homeserver or target.url
