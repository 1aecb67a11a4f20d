"""The third step: makes one attempt to send one delivery, and records where it goes from there.

    due deliveries | claim one of each channel | render, or the kept bytes | send | decide | record
                                                 delivered · retry at · simpler · parked with its channel · dead ·
                                                 expired into a digest

The bytes are rendered once and kept, so that each attempt sends the same.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watcher.alerts.channel import Channel, RenderOptions, redact
from watcher.alerts.channels import CHANNELS
from watcher.alerts.decide import IN_ORDER_ATTEMPTS, MOST_AFTER_OUTAGE, Decision, Disposition, decide
from watcher.alerts.failures import failing_time, throttled_in_a_row
from watcher.config import ChannelConfig, ChannelType
from watcher.errors import StateError
from watcher.log import event
from watcher.model import AlertKind, AttemptOutcome, DeliveryState, Verdict
from watcher.pipeline.alert_builder import alert_of
from watcher.pipeline.send import Reply, Sender, secrets_of
from watcher.pipeline.settings import LEASE, Settings
from watcher.store import StoreThread
from watcher.store.commands import incidents, outbox
from watcher.store.commands.outbox import Attempt, ClaimedDelivery, Next, QueueLimits, notify
from watcher.store.queries import failures, outbox_status

log = logging.getLogger(__name__)

LIMITS = QueueLimits(in_order=IN_ORDER_ATTEMPTS, after_outage=MOST_AFTER_OUTAGE)
_BUG = Verdict(outcome=AttemptOutcome.NOT_SENT, reason="internal error; see the log")

_STATES = {
    Disposition.DELIVERED: DeliveryState.DELIVERED,
    Disposition.RETRY: DeliveryState.PENDING,
    Disposition.SIMPLER: DeliveryState.PENDING,
    Disposition.PARK: DeliveryState.PARKED,
    Disposition.DEAD: DeliveryState.DEAD,
    Disposition.EXPIRE: DeliveryState.EXPIRED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverContext:
    """The collaborators of `deliver`."""

    settings: Settings
    store: StoreThread
    sender: Sender
    now: Callable[[], datetime]
    jitter: Callable[[], float]


async def claim_due(
    context: DeliverContext, *, in_hand: Collection[int] = (), channels: Collection[str] | None = None
) -> list[ClaimedDelivery]:
    """Releases due deliveries, and claims one for each free channel: those of a channel go out in order.

    `channels`: only those are claimed for; None: all.
    """
    now, settings = context.now(), context.settings
    wanted = settings.channels.keys() if channels is None else settings.channels.keys() & channels
    return await context.store.run(
        outbox.claim_due,
        {name: CHANNELS[settings.channels[name].type].expires_after for name in wanted},
        gate=settings.gate(now),
        quiet=settings.quiet(now),
        limits=LIMITS,
        now=now,
        lease=LEASE,
        in_hand=in_hand,
    )


async def deliver(context: DeliverContext, claimed: ClaimedDelivery) -> DeliveryState:
    """Makes one attempt at a claimed delivery and records it. Returns the state that the delivery is in now."""
    started = time.monotonic()
    channel = context.settings.channels.get(claimed.channel)
    if channel is None:  # it left the config after the claim; its queue is kept
        reply, simpler = Reply(verdict=replace(_BUG, reason="the channel left the config")), None
    else:
        reply, simpler = await _attempt(context, claimed, channel)
    duration = timedelta(seconds=time.monotonic() - started)
    return await _record(context, claimed, channel, reply, simpler, duration=duration)


async def _attempt(
    context: DeliverContext, claimed: ClaimedDelivery, channel: ChannelConfig
) -> tuple[Reply, bytes | None]:
    """The channel's reply, and the simpler bytes that may be tried if it refuses these."""
    kind = CHANNELS[channel.type]
    verdict = _BUG
    try:
        payload = await _payload(context, claimed, channel, kind)
        verdict = replace(_BUG, outcome=AttemptOutcome.AMBIGUOUS)
        reply = await context.sender.send(channel, payload, delivery_id=claimed.id, attempt=claimed.attempts + 1)
        return reply, None if claimed.simplified else kind.simplify(payload)
    except StateError:  # nothing was sent
        raise
    except Exception:
        trace = redact(traceback.format_exc(), secrets_of(context.settings.config, channel))
        log.error(
            "a bug while delivering %s to %s\n%s",
            claimed.id,
            claimed.channel,
            trace,
            extra=event("bug", where="deliver", channel=claimed.channel),
        )
        return Reply(verdict=verdict), None


async def _payload(context: DeliverContext, claimed: ClaimedDelivery, channel: ChannelConfig, kind: Channel) -> bytes:
    if claimed.payload is not None:
        return claimed.payload
    alert = alert_of(claimed)
    options = RenderOptions(
        delivery_id=claimed.id,
        channel=channel.name,
        envelope=channel.envelope.value,
        notice=claimed.kind is AlertKind.NOTICE,
    )
    if channel.type is ChannelType.MATRIX and claimed.kind in (AlertKind.FOLLOW_UP, AlertKind.REVISION):
        thread = await context.store.run(outbox_status.first_reference, claimed.channel, claimed.story)
        options = replace(options, thread=thread)
    payload = kind.render(alert, options)
    await context.store.run(outbox.keep_payload, claimed.sequence, payload)
    return payload


async def _record(
    context: DeliverContext,
    claimed: ClaimedDelivery,
    channel: ChannelConfig | None,
    reply: Reply,
    simpler: bytes | None,
    *,
    duration: timedelta,
) -> DeliveryState:
    now = context.now()
    of_channel = of_delivery = []
    if reply.verdict.outcome in failures.FAILURES:
        of_channel = await context.store.run(failures.of_channel, claimed.channel, claimed.failing_since)
        of_delivery = await context.store.run(failures.of_delivery, claimed.sequence, claimed.attempts)
    decision = decide(
        reply.verdict,
        attempt=claimed.attempts + 1,
        age=now - claimed.released_at,
        failing_for=failing_time(of_channel, now),
        retried_for=failing_time(of_delivery, now),
        throttled=throttled_in_a_row(of_channel),
        jitter=context.jitter(),
        has_simpler=simpler is not None,
        expires_after=CHANNELS[channel.type].expires_after if channel else None,
    )
    attempt = Attempt(
        at=now,
        outcome=reply.verdict.outcome,
        status=reply.status,
        wait=reply.verdict.wait,
        duration=duration,
        answer=reply.summary,
        reference=reply.verdict.reference,
    )
    then = Next(
        state=_STATES[decision.fate],
        due_at=now + decision.wait,
        pause_until=now + decision.wait if decision.slows_channel else None,
        payload=simpler if decision.fate is Disposition.SIMPLER else None,
        counts=decision.counts,
    )
    if await context.store.run(outbox.settle, claimed, attempt, then, limits=LIMITS):
        await _report(context, claimed, decision, reply.summary, now=now)
    return then.state


async def _report(
    context: DeliverContext, claimed: ClaimedDelivery, decision: Decision, answer: str, *, now: datetime
) -> None:
    """Logs the decision, and notifies the other `ops` channels of what needs a person."""
    others = tuple(name for name in context.settings.ops if name != claimed.channel)
    facts = {"channel": claimed.channel, "kind": claimed.kind.value, "delivery": claimed.id, "answer": answer}
    match decision.fate:
        case Disposition.DELIVERED:
            log.info(
                "delivered to %s (%s %s)",
                claimed.channel,
                claimed.kind,
                claimed.id,
                extra=event("alert.delivered", **facts),
            )
        case Disposition.PARK:
            context.sender.accepted.clear()
            notice = f"Channel {claimed.channel} is parked, its alerts are kept: {answer}. When it is repaired: "
            notice += f"watcher outbox resume {claimed.channel}"
            log.error("%s", notice, extra=event("channel.parked", **facts))
            await context.store.run(incidents.begin, f"parked {claimed.channel}", notice, ops=others, now=now)
        case Disposition.DEAD:
            notice = f"Channel {claimed.channel} refuses alert {claimed.id}, which is not sent again: {answer}"
            log.error("%s", notice, extra=event("alert.refused", **facts))
            for other in others:
                await context.store.run(notify, other, notice, now=now)
        case Disposition.EXPIRE:
            log.warning(
                "an alert to %s could not be sent in time; a digest follows: %s",
                claimed.channel,
                answer,
                extra=event("alert.expired", **facts),
            )
        case Disposition.RETRY | Disposition.SIMPLER:
            log.warning(
                "alert to %s did not arrive, next try in %s: %s",
                claimed.channel,
                decision.wait,
                answer,
                extra=event("alert.retrying", **facts),
            )
