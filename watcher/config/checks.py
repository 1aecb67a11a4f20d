"""Checks rules between the tables of a config, and finds what is allowed but unwise.

Accepts documents with other problems, so that all problems are reported at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from watcher.config.channels import SECRET_KEYS, ChannelConfig, ChannelType
from watcher.config.key_types import did_you_mean, normal_url, split_http_url, split_listen
from watcher.config.lines import KeyPath, format_path
from watcher.config.secret import Secret, SecretSource
from watcher.config.sections import Finding, SectionReader
from watcher.config.values import CorpusConfig, MetricsConfig, StateConfig, WebConfig
from watcher.model import NearMissMode

_SLACK_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")


def find_conflicts(reader: SectionReader) -> Iterator[Finding]:
    """Yields problems between keys: duplicate names and addresses, watches without a rule, unknown channels."""
    for section in ("feeds", "opml", "watches", "channels"):
        yield from _twice(reader, section, "name", "the name")
    for section in ("feeds", "opml"):
        yield from _twice(reader, section, "url", "the address")
    yield from _twice(reader, "opml", "file", "the file")
    channels = [raw.get("name") for _, raw in reader.tables("channels")]
    for path, raw in reader.tables("watches"):
        for finding in (*_rule(raw), *_unknown_channels(raw, [name for name in channels if isinstance(name, str)])):
            yield Finding(path=(*path, *finding.path), message=finding.message)


def find_misplaced_state(corpus: CorpusConfig, state: StateConfig) -> Iterator[Finding]:
    """Yields a problem if the state file is inside the corpus folder, which holds documents only."""
    if corpus.folder.resolve() in state.path.resolve().parents:
        yield Finding(
            path=("state", "url"), message="must be outside of the corpus folder, which is for documents only"
        )


def find_state_in_place_of_another(state: StateConfig) -> Iterator[Finding]:
    """Yields a problem if the state file has the name of another file beside it."""
    for path, name in ((state.seen_path, "the seen archive"), (state.index_path, "the index of documents")):
        if state.path == path:
            yield Finding(path=("state", "url"), message=f"must not end in {path.name}, the name of {name}")


def find_missing_driver(state: StateConfig) -> Iterator[Finding]:
    """Yields a problem if the state is on PostgreSQL, whose driver is not installed."""
    if state.server is not None and find_spec("psycopg") is None:
        message = "needs the driver of PostgreSQL: pip install 'watcher[cluster]'"
        yield Finding(path=("state", "url"), message=message)


def find_password_in_plain_text(state: StateConfig) -> Iterator[Finding]:
    """Yields a warning if the password of the state's server is written in the config."""
    inline = state.server is not None and state.server.source is SecretSource.INLINE
    if state.server is not None and inline and _has_password(state.server.value):
        yield Finding(path=("state", "url"), message=_in_plain_text("url"))


def _has_password(url: str) -> bool:
    try:
        return urlsplit(url).password is not None
    except ValueError:  # brackets that are not those of an IPv6 address, as the driver accepts them in a password
        return "@" in url


def find_open_metrics(metrics: MetricsConfig) -> Iterator[Finding]:
    """Yields a warning if other machines can read the metrics."""
    if metrics.listen and not ip_address(split_listen(metrics.listen)[0]).is_loopback:
        message = "can be read by everybody who reaches this address; it shows names of feeds and channels"
        yield Finding(path=("metrics", "listen"), message=message)


def find_web_problems(corpus: CorpusConfig, web: WebConfig) -> Iterator[Finding]:
    """Yields what keeps the pages from being served: readers who are not checked, a socket among the documents."""
    if web.socket:
        if corpus.folder.resolve() in web.socket.resolve().parents:
            yield Finding(path=("web", "listen"), message="must be outside of the corpus folder")
    elif web.listen and not ip_address(web.place[0]).is_loopback and not (web.token or web.proxy_header):
        message = (
            "can be reached by other machines, and nobody is asked who they are; use a loopback address such as "
            '"127.0.0.1:8410" or a socket such as "unix:state/web.sock", or set token_file, token_env or '
            "token_credential, or proxy_header and proxy_networks"
        )
        yield Finding(path=("web", "listen"), message=message)
    if web.proxy_header and not web.proxy_networks and not web.socket:
        message = 'is missing; write the networks of the proxy, e.g. proxy_networks = ["10.1.0.7/32"]'
        yield Finding(path=("web", "proxy_networks"), message=message)
    if web.proxy_networks and not web.proxy_header:
        yield Finding(path=("web", "proxy_header"), message='is missing; write e.g. proxy_header = "X-Remote-User"')


def find_web_warnings(web: WebConfig) -> Iterator[Finding]:
    """Yields a warning if the token of the pages is written in the config."""
    if web.token and web.token.source is SecretSource.INLINE:
        yield Finding(path=("web", "token"), message=_in_plain_text("token"))


def find_warnings(reader: SectionReader, channels: tuple[ChannelConfig, ...]) -> Iterator[Finding]:
    """Yields warnings: inline secrets, a Slack URL of another host, channels without a watch, keys without effect."""
    used = {name for _, raw in reader.tables("watches") for _, name in _texts(raw.get("channels"))}
    paths = {raw.get("name"): path for path, raw in reader.tables("channels")}
    for channel in channels:
        for finding in (*_inline_secrets(channel), *_slack_elsewhere(channel), *_unused(channel, used)):
            yield Finding(path=(*paths[channel.name], *finding.path), message=finding.message)
    revisions = reader.document.get("revisions")
    if not (isinstance(revisions, dict) and revisions.get("enabled")):
        for channel in (each for each in channels if each.revisions):
            message = "has no effect: no page is read again; write enabled = true in [revisions]"
            yield Finding(path=(*paths[channel.name], "revisions"), message=message)
    digests = {channel.name for channel in channels if channel.digest}
    for path, raw in reader.tables("watches"):
        named = {name for _, name in _texts(raw.get("channels"))}
        if raw.get("near_misses") == NearMissMode.DIGEST and named.isdisjoint(digests):
            yield Finding(path=(*path, "near_misses"), message="has no effect: no channel of this watch has a digest")
        if raw.get("spike") is True and not named:
            yield Finding(path=(*path, "spike"), message="has no effect: this watch has no channels")


def find_bad_inline_urls(reader: SectionReader) -> Iterator[Finding]:
    """Yields invalid URLs of channels that are written in the config itself."""
    for path, raw in reader.tables("channels"):
        if raw.get("type") != ChannelType.APPRISE and isinstance(url := raw.get("url"), str) and url.strip():
            try:
                split_http_url(url)
            except ValueError as error:
                yield Finding(path=(*path, "url"), message=str(error))


def _twice(reader: SectionReader, section: str, key: str, what: str) -> Iterator[Finding]:
    values = [raw.get(key) for _, raw in reader.tables(section)]
    normal = [normal_url(value) if key == "url" else value for value in values if isinstance(value, str)]
    if len(set(normal)) == len(normal):
        return
    seen: dict[str, KeyPath] = {}
    for path, raw in reader.tables(section):
        if not isinstance(value := raw.get(key), str):
            continue
        first = seen.setdefault(normal_url(value) if key == "url" else value, path)
        if first != path:
            message = f"is already {what} of {format_path(first)}; change or remove one of them"
            yield Finding(path=(*path, key), message=message)


def _rule(raw: dict[str, Any]) -> Iterator[Finding]:
    if "terms" in raw and "query" in raw:
        yield Finding(path=("query",), message="cannot be combined with terms; keep only one of them")
    elif "terms" not in raw and "query" not in raw:
        yield Finding(path=(), message='has no rule; add terms = ["…"] or query = "…"')
    if raw.get("terms") == []:
        yield Finding(path=("terms",), message='must not be empty; write terms = ["…"]')
    for number, term in _texts(raw.get("terms")):
        if not any(character.isalnum() for character in term):
            yield Finding(path=("terms", number), message="must contain a letter or a digit")
    if isinstance(query := raw.get("query"), str) and not query.strip():
        yield Finding(path=("query",), message='must not be empty; write query = "…" or terms = ["…"]')


def _unknown_channels(raw: dict[str, Any], known: list[str]) -> Iterator[Finding]:
    for number, name in _texts(raw.get("channels")):
        if name not in known:
            message = f'no channel is called "{name}"{did_you_mean(get_close_matches(name, known, 1))}'
            yield Finding(path=("channels", number), message=message)


def _texts(value: object) -> list[tuple[int, str]]:
    """Returns the strings of a list with their positions."""
    return [(at, each) for at, each in enumerate(value) if isinstance(each, str)] if isinstance(value, list) else []


def _secrets(channel: ChannelConfig) -> Iterator[tuple[str, Secret]]:
    for key in SECRET_KEYS:
        if isinstance(secret := getattr(channel, key), Secret):
            yield key, secret


def _inline_secrets(channel: ChannelConfig) -> Iterator[Finding]:
    for key, secret in _secrets(channel):
        if secret.source is SecretSource.INLINE:
            yield Finding(path=(key,), message=_in_plain_text(key))


def _in_plain_text(key: str) -> str:
    return f"is a secret in plain text; better use {key}_credential, {key}_file or {key}_env"


def _slack_elsewhere(channel: ChannelConfig) -> Iterator[Finding]:
    if channel.type is ChannelType.SLACK and channel.url and channel.url.source is SecretSource.INLINE:
        host = urlsplit(channel.url.value).hostname or ""
        if host not in _SLACK_HOSTS:
            yield Finding(path=("url",), message=f'has the host "{host}", not hooks.slack.com; is this really Slack?')


def _unused(channel: ChannelConfig, used: set[str]) -> Iterator[Finding]:
    if channel.name not in used and not channel.ops and not channel.revisions:
        yield Finding(path=(), message="receives nothing: no watch names this channel, and ops is not set")
