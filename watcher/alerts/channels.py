"""Maps the names of channel types in the config to their modules."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from watcher.alerts import apprise, console, matrix, matrix_webhook, slack, webhook
from watcher.alerts.channel import Channel

CHANNELS: Mapping[str, Channel] = MappingProxyType(
    {
        "slack": slack,
        "matrix": matrix,
        "matrix-webhook": matrix_webhook,
        "webhook": webhook,
        "apprise": apprise,
        "console": console,
    }
)
