"""The composition root: reads a Config, builds the parts, takes them down again. No logic of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

from watcher.config import Config
from watcher.corpus import CorpusFolder
from watcher.errors import WatcherError
from watcher.inquiry.compile import compile_watches
from watcher.net import Client, NetSettings
from watcher.parsing import ParserPool
from watcher.parsing.messages import WATCHES
from watcher.pipeline.parts import LEASE, Parts, Setting, utc_now
from watcher.store import StateLock, StoreThread
from watcher.store.recovery import Recovery, open_or_recover


@asynccontextmanager
async def assemble(config: Config, *, pool: ParserPool, show: Callable[[str], None]) -> AsyncIterator[Parts]:
    """The parts that `run` and `once` work with; the state is locked as long as they live. `pool` is that of `pool_of`.

    A damaged state is set aside and restored. `show` prints what the console channel is told. Raises ConfigError,
    StateError or CorpusError.
    """
    compile_watches(config)
    with StateLock(config.state.path) as lock:
        folder = CorpusFolder(config.corpus.folder)
        store, recovery = _open(config, folder, lock)
        try:
            parts = Parts(
                setting=Setting.of(config, generation=1),
                store=store,
                client=client_of(config),
                pool=pool,
                folder=folder,
                show=show,
                recovery=recovery,
                show_life=lock.show_life,
            )
            store.on_fatal = parts.give_up
            try:
                yield parts
            finally:
                for client in (parts.client, *parts.former_clients):
                    await client.aclose()
            lock.doubtful = parts.fatal is not None
        finally:
            store.close()


async def reconfigure(parts: Parts, config: Config) -> None:
    """Goes over to another config: a new generation of watches, feeds, channels and net settings.

    Corpus folder and state stay those of the start. Raises ConfigError, and changes nothing then.
    """
    compile_watches(config)
    old = parts.setting.config
    setting = Setting.of(config, generation=parts.setting.generation + 1)
    await parts.pool.configure(setting.generation, WATCHES.dump_json(config.watches))
    if (config.net, set(operator_urls(config))) != (old.net, set(operator_urls(old))):
        parts.former_clients[parts.client] = parts.now()  # what it has in hand goes on
        parts.client = client_of(config)
    parts.setting = setting
    await _close_former_clients(parts)


async def _close_former_clients(parts: Parts) -> None:
    """Closes those that cannot have anything in hand any more."""
    idle = [client for client, left_at in parts.former_clients.items() if parts.now() - left_at > LEASE]
    for client in idle:
        del parts.former_clients[client]
        await client.aclose()


def _open(config: Config, folder: CorpusFolder, lock: StateLock) -> tuple[StoreThread, Recovery | None]:
    """The corpus ready to be written, the state open. One that cannot be had leaves no trace of the attempt."""
    try:
        folder.prepare()
        engine, recovery = open_or_recover(config.state.path, last_end=lock.last_end, now=utc_now())
        return StoreThread(engine), recovery
    except WatcherError:
        lock.keep_as_it_was()
        raise


def client_of(config: Config) -> Client:
    """The HTTP client that the config describes."""
    return Client(net_settings(config), trusted_origins=operator_urls(config))


def net_settings(config: Config) -> NetSettings:
    """The client's settings from `[net]`."""
    net = config.net
    return NetSettings(
        user_agent=net.user_agent,
        contact=net.contact,
        allow_private=net.allow_private,
        per_host=net.per_host,
        pause=net.pause,
        robots=net.robots,
        proxy=net.proxy,
    )


def operator_urls(config: Config) -> Iterable[str]:
    """The addresses that the operator wrote himself, whose origins are trusted though they may be private."""
    yield from (feed.url for feed in config.feeds)
