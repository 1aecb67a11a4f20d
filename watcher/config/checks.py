"""What must hold between the tables of a config, and what is allowed but unwise.

Works on documents that have other problems, too, so that all are told at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from watcher.config.kinds import did_you_mean, same_address, split_http_url, split_listen
from watcher.config.lines import KeyPath, format_path
from watcher.config.reading import Finding, Reading
from watcher.config.secret import Secret, SecretSource
from watcher.config.values import SECRET_KEYS, ChannelConfig, ChannelType, CorpusConfig, MetricsConfig, StateConfig

_SLACK_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")


def find_conflicts(reading: Reading) -> Iterator[Finding]:
    """Problems that no single key has: names and addresses twice, watches that say nothing or tell nobody."""
    for section in ("feeds", "watches", "channels"):
        yield from _twice(reading, section, "name", "the name")
    yield from _twice(reading, "feeds", "url", "the address")
    channels = [raw.get("name") for _, raw in reading.tables("channels")]
    for path, raw in reading.tables("watches"):
        for finding in (*_rule(raw), *_unknown_channels(raw, [name for name in channels if isinstance(name, str)])):
            yield Finding(path=(*path, *finding.path), message=finding.message)


def find_misplaced_state(corpus: CorpusConfig, state: StateConfig) -> Iterator[Finding]:
    """The corpus folder holds documents only."""
    if corpus.folder.resolve() in state.path.resolve().parents:
        yield Finding(
            path=("state", "url"), message="must lie outside of the corpus folder, which is for documents only"
        )


def find_open_metrics(metrics: MetricsConfig) -> Iterator[Finding]:
    """A warning about numbers that others than this machine can read."""
    if metrics.listen and not ip_address(split_listen(metrics.listen)[0]).is_loopback:
        message = "is open to everybody who reaches this address; names of feeds and channels show"
        yield Finding(path=("metrics", "listen"), message=message)


def find_doubts(reading: Reading, channels: tuple[ChannelConfig, ...]) -> Iterator[Finding]:
    """Warnings: secrets in plain sight, a Slack address that is not Slack's, channels that nobody tells."""
    told = {name for _, raw in reading.tables("watches") for _, name in _texts(raw.get("channels"))}
    paths = {raw.get("name"): path for path, raw in reading.tables("channels")}
    for channel in channels:
        for finding in (*_inline_secrets(channel), *_foreign_slack(channel), *_untold(channel, told)):
            yield Finding(path=(*paths[channel.name], *finding.path), message=finding.message)


def find_bad_inline_urls(reading: Reading) -> Iterator[Finding]:
    """Addresses of channels that stand in the config itself and are none."""
    for path, raw in reading.tables("channels"):
        if raw.get("type") != ChannelType.APPRISE and isinstance(url := raw.get("url"), str) and url.strip():
            try:
                split_http_url(url)
            except ValueError as error:
                yield Finding(path=(*path, "url"), message=str(error))


def _twice(reading: Reading, section: str, key: str, what: str) -> Iterator[Finding]:
    seen: dict[str, KeyPath] = {}
    for path, raw in reading.tables(section):
        if not isinstance(value := raw.get(key), str):
            continue
        first = seen.setdefault(same_address(value) if key == "url" else value, path)
        if first != path:
            message = f"is {what} of {format_path(first)} already; change or remove one of them"
            yield Finding(path=(*path, key), message=message)


def _rule(raw: dict[str, Any]) -> Iterator[Finding]:
    if "terms" in raw and "query" in raw:
        yield Finding(path=("query",), message="stands beside terms; keep only one of terms and query")
    elif "terms" not in raw and "query" not in raw:
        yield Finding(path=(), message='says nothing to look for; add terms = ["…"] or query = "…"')
    if raw.get("terms") == []:
        yield Finding(path=("terms",), message='must not be empty; write terms = ["…"]')
    for number, term in _texts(raw.get("terms")):
        if not any(character.isalnum() for character in term):
            yield Finding(path=("terms", number), message="is empty: it must hold a letter or a digit")
    if isinstance(query := raw.get("query"), str) and not query.strip():
        yield Finding(path=("query",), message='must not be empty; write query = "…" or terms = ["…"]')


def _unknown_channels(raw: dict[str, Any], known: list[str]) -> Iterator[Finding]:
    for number, name in _texts(raw.get("channels")):
        if name not in known:
            message = f'there is no channel "{name}"{did_you_mean(get_close_matches(name, known, 1))}'
            yield Finding(path=("channels", number), message=message)


def _texts(value: object) -> list[tuple[int, str]]:
    """The texts of a list, with their positions."""
    return [(at, each) for at, each in enumerate(value) if isinstance(each, str)] if isinstance(value, list) else []


def _secrets(channel: ChannelConfig) -> Iterator[tuple[str, Secret]]:
    for key in SECRET_KEYS:
        if isinstance(secret := getattr(channel, key), Secret):
            yield key, secret


def _inline_secrets(channel: ChannelConfig) -> Iterator[Finding]:
    for key, secret in _secrets(channel):
        if secret.source is SecretSource.INLINE:
            message = f"is a secret in plain sight; better {key}_credential, {key}_file or {key}_env"
            yield Finding(path=(key,), message=message)


def _foreign_slack(channel: ChannelConfig) -> Iterator[Finding]:
    if channel.type is ChannelType.SLACK and channel.url and channel.url.source is SecretSource.INLINE:
        host = urlsplit(channel.url.value).hostname or ""
        if host not in _SLACK_HOSTS:
            yield Finding(path=("url",), message=f'leads to "{host}", not to hooks.slack.com; is that really Slack?')


def _untold(channel: ChannelConfig, told: set[str]) -> Iterator[Finding]:
    if channel.name not in told and not channel.ops:
        yield Finding(path=(), message="is told nothing: no watch names this channel, and it is not for ops")
