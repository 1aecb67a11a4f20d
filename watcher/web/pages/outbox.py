"""`/outbox`: alerts that wait, those that ended, and the channels."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.inquiry.outbox_json import delivery_json
from watcher.model import DeliveryState
from watcher.store.queries import outbox_status
from watcher.store.queries.outbox_status import OPEN, Choice
from watcher.web.asked import Asked, View

STATES = tuple(state.value for state in DeliveryState)
SHOWN = 100  # a page weighs 150 kB at most


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedChannel:
    """A channel with its queue. `reason`: why it is parked, None if it is not."""

    name: str
    reason: str | None
    waiting: int
    orphaned: bool


def outbox(asked: Asked) -> View:
    """Lists deliveries, oldest first; those that have ended, newest first."""
    parameters = asked.parameters
    state = parameters.choice("state", STATES)
    choice = Choice(channel=parameters.text("channel"), states=(DeliveryState(state),) if state else OPEN)
    is_ended = bool(state) and DeliveryState(state) not in OPEN
    total = asked.store.read(outbox_status.count, choice)
    found = asked.store.read(outbox_status.search, choice, limit=SHOWN, newest_first=is_ended)
    channels = _channels(asked)
    values = {"deliveries": found, "channels": channels, "states": STATES, "asked": parameters, "total": total}

    def plain() -> object:
        return {
            "deliveries": [delivery_json(each, asked.config, asked.now) for each in found],
            "total": total,
            "channels": [{"name": each.name, "parked": each.reason, "waiting": each.waiting} for each in channels],
        }

    return View(template="outbox.html", values=values, json=plain)


def _channels(asked: Asked) -> list[ListedChannel]:
    parked, waiting = asked.store.read(outbox_status.parked), asked.store.read(outbox_status.count_open)
    configured = [channel.name for channel in asked.config.channels]
    names = dict.fromkeys([*configured, *sorted(waiting), *sorted(parked)])
    return [
        ListedChannel(name=name, reason=parked.get(name), waiting=waiting.get(name, 0), orphaned=name not in configured)
        for name in names
    ]
