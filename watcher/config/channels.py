"""`[[channels]]`: the keys of a channel, and which of them belong to which type."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from watcher.config.key_types import Digest, GroupWait, Name, OptionalUrl, Quiet, Section, choice
from watcher.config.secret import Secret


class ChannelType(StrEnum):
    """Type of a channel."""

    SLACK = "slack"
    MATRIX_WEBHOOK = "matrix-webhook"
    MATRIX = "matrix"
    WEBHOOK = "webhook"
    APPRISE = "apprise"
    CONSOLE = "console"


class Envelope(StrEnum):
    """Envelope of a webhook's body."""

    PLAIN = "plain"
    CLOUDEVENTS = "cloudevents"


class ChannelConfig(Section):
    """One of `[[channels]]`. `CHANNEL_KEYS` lists the keys of each type.

    `digest` is "", a time of day or cron; `quiet` is "" or `22:00-06:30`; both use the time zone of the corpus.
    """

    name: Name
    type: Annotated[ChannelType, choice(ChannelType)]
    url: Secret | None = None
    secret: Secret | None = None
    token: Secret | None = None
    homeserver: OptionalUrl = ""
    room: str = ""
    envelope: Annotated[Envelope, choice(Envelope)] = Envelope.PLAIN
    group_wait: GroupWait = timedelta(seconds=20)
    digest: Digest = ""
    quiet: Quiet = ""
    max_per_hour: Annotated[int, Field(ge=1)] | None = None
    follow_ups: bool = True
    revisions: bool = False
    ops: bool = False


SECRET_KEYS = ("url", "secret", "token")
"""The keys of a channel that are secrets: each also as KEY_env, KEY_file, KEY_credential."""

CHANNEL_KEYS: Mapping[ChannelType, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        ChannelType.SLACK: (("url",), ()),
        ChannelType.MATRIX_WEBHOOK: (("url",), ()),
        ChannelType.MATRIX: (("homeserver", "room", "token"), ()),
        ChannelType.WEBHOOK: (("url",), ("secret", "envelope")),
        ChannelType.APPRISE: (("url",), ()),
        ChannelType.CONSOLE: ((), ()),
    }
)
"""Type -> its required keys, its optional keys. Every type also has COMMON_KEYS."""

COMMON_KEYS = ("name", "type", "group_wait", "digest", "quiet", "max_per_hour", "follow_ups", "revisions", "ops")
