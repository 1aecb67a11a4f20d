"""The third step: one delivery is rendered (once; the bytes are kept), sent, and settled by the channel's answer.

due deliveries | claim one for each channel | render or kept bytes | send | judge | decide
                 delivered · retry at · simpler · parked with its channel · dead · expired into a digest
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from watcher.alerts.channel import Channel, RenderOptions, redact
from watcher.alerts.channels import CHANNELS
from watcher.alerts.decide import IN_ORDER_ATTEMPTS, MOST_AFTER_OUTAGE, Decision, Disposition, decide
from watcher.alerts.outcome import LONGEST_WAIT
from watcher.config import ChannelConfig, ChannelType
from watcher.errors import StateError
from watcher.log import event
from watcher.model import AlertKind, DeliveryState, Outcome, Verdict
from watcher.pipeline.alert_builder import alert_of
from watcher.pipeline.parts import LEASE, Parts
from watcher.pipeline.send import Answer, Sender, secrets_of
from watcher.store import collecting, incidents, outbox
from watcher.store.deliveries import notify
from watcher.store.outbox import Attempt, ClaimedDelivery, Next, QueueLimits

log = logging.getLogger(__name__)

LIMITS = QueueLimits(in_order=IN_ORDER_ATTEMPTS, after_outage=MOST_AFTER_OUTAGE)
BUG = Verdict(outcome=Outcome.NOT_SENT, reason="internal error; see the log")

_STATES = {
    Disposition.DELIVERED: DeliveryState.DELIVERED,
    Disposition.RETRY: DeliveryState.PENDING,
    Disposition.SIMPLER: DeliveryState.PENDING,
    Disposition.PARK: DeliveryState.PARKED,
    Disposition.DEAD: DeliveryState.DEAD,
    Disposition.EXPIRE: DeliveryState.EXPIRED,
}


async def claim_due(parts: Parts, *, in_hand: Collection[int] = ()) -> list[ClaimedDelivery]:
    """Releases what may be told now, and claims one delivery for each channel that is free: a channel's go in order."""
    now, setting = parts.now(), parts.setting
    return await parts.store.run(
        outbox.claim_due,
        {name: CHANNELS[channel.type].expires_after for name, channel in setting.channels.items()},
        gate=setting.gate(now),
        quiet=setting.quiet(now),
        limits=LIMITS,
        now=now,
        lease=LEASE,
        in_hand=in_hand,
    )


async def mend_clock(parts: Parts) -> None:
    """Frees what was put off into a distant future by a clock that ran ahead."""
    now = parts.now()
    latest = {name: window.latest(now) for name, window in parts.setting.windows.items()}
    patience = LONGEST_WAIT + timedelta(minutes=1)  # nothing but a digest is put off for longer
    await parts.store.run(collecting.mend_clock, latest, patience=patience, now=now)


async def deliver(parts: Parts, claimed: ClaimedDelivery) -> DeliveryState:
    """Makes one attempt at a claimed delivery and settles it; the state that it is in now."""
    started = time.monotonic()
    setting = parts.setting.channels.get(claimed.channel)
    if setting is None:  # left the config since it was claimed; its queue stays
        answer, simpler = Answer(verdict=replace(BUG, reason="the channel left the config")), None
    else:
        answer, simpler = await _attempt(parts, claimed, setting)
    return await _settle(parts, claimed, answer, simpler, duration=timedelta(seconds=time.monotonic() - started))


async def _attempt(parts: Parts, claimed: ClaimedDelivery, setting: ChannelConfig) -> tuple[Answer, bytes | None]:
    """What came of it, and the simpler bytes that may be tried if these are refused."""
    sender = Sender(
        config=parts.setting.config, client=parts.client, show=parts.show, now=parts.now, inquired=parts.inquired
    )
    channel = CHANNELS[setting.type]
    verdict = BUG
    try:
        payload = await _payload(parts, claimed, setting, channel)
        verdict = replace(BUG, outcome=Outcome.AMBIGUOUS)
        answer = await sender.send(setting, payload, delivery_id=claimed.id, attempt=claimed.attempts + 1)
        return answer, None if claimed.simplified else channel.simplify(payload)
    except StateError:  # nothing was sent
        raise
    except Exception:
        trace = redact(traceback.format_exc(), secrets_of(parts.setting.config, setting))
        log.error(
            "a bug while delivering %s to %s\n%s",
            claimed.id,
            claimed.channel,
            trace,
            extra=event("bug", where="deliver", channel=claimed.channel),
        )
        return Answer(verdict=verdict), None


async def _payload(parts: Parts, claimed: ClaimedDelivery, setting: ChannelConfig, channel: Channel) -> bytes:
    if claimed.payload is not None:
        return claimed.payload
    alert = alert_of(claimed)
    options = RenderOptions(
        delivery_id=claimed.id,
        channel=setting.name,
        envelope=setting.envelope.value,
        notice=claimed.kind is AlertKind.NOTICE,
    )
    if setting.type is ChannelType.MATRIX and claimed.kind is AlertKind.FOLLOW_UP:
        thread = await parts.store.run(outbox.reference, claimed.channel, claimed.story)
        options = replace(options, thread=thread)
    payload = channel.render(alert, options)
    await parts.store.run(outbox.keep_payload, claimed.sequence, payload)
    return payload


async def _settle(
    parts: Parts, claimed: ClaimedDelivery, answer: Answer, simpler: bytes | None, *, duration: timedelta
) -> DeliveryState:
    now = parts.now()
    setting = parts.setting.channels.get(claimed.channel)
    decision = decide(
        answer.verdict,
        attempt=claimed.attempts + 1,
        age=now - claimed.released_at,
        failing_for=now - (claimed.failing_since or now),
        jitter=parts.jitter(),
        has_simpler=simpler is not None,
        expires_after=CHANNELS[setting.type].expires_after if setting else None,
    )
    attempt = Attempt(
        at=now,
        outcome=answer.verdict.outcome,
        status=answer.status,
        wait=answer.verdict.wait,
        duration=duration,
        answer=answer.said,
        reference=answer.verdict.reference,
    )
    then = Next(
        state=_STATES[decision.fate],
        due_at=now + decision.wait,
        pause_until=now + decision.wait if decision.slows_channel else None,
        payload=simpler if decision.fate is Disposition.SIMPLER else None,
        counts=decision.counts,
    )
    if await parts.store.run(outbox.settle, claimed, attempt, then, limits=LIMITS):
        await _report(parts, claimed, decision, answer, now=now)
    return then.state


async def _report(parts: Parts, claimed: ClaimedDelivery, decision: Decision, answer: Answer, *, now: datetime) -> None:
    said = answer.said
    others = tuple(name for name in parts.setting.ops if name != claimed.channel)
    facts = {"channel": claimed.channel, "kind": claimed.kind.value, "delivery": claimed.id, "answer": said}
    match decision.fate:
        case Disposition.DELIVERED:
            log.info("told %s (%s %s)", claimed.channel, claimed.kind, claimed.id, extra=event("alert.told", **facts))
        case Disposition.PARK:
            parts.inquired.clear()
            notice = f"Channel {claimed.channel} is parked, its alerts are kept: {said}. When it is mended: "
            notice += f"watcher outbox resume {claimed.channel}"
            log.error("%s", notice, extra=event("channel.parked", **facts))
            await parts.store.run(incidents.begin, f"parked {claimed.channel}", notice, ops=others, now=now)
        case Disposition.DEAD:
            notice = f"Channel {claimed.channel} does not take alert {claimed.id}, which is given up: {said}"
            log.error("%s", notice, extra=event("alert.refused", **facts))
            for other in others:
                await parts.store.run(notify, other, notice, now=now)
        case Disposition.EXPIRE:
            log.warning(
                "%s could not be told in time; a digest follows: %s",
                claimed.channel,
                said,
                extra=event("alert.expired", **facts),
            )
        case Disposition.RETRY | Disposition.SIMPLER:
            log.warning(
                "alert to %s did not arrive, next try in %s: %s",
                claimed.channel,
                decision.wait,
                said,
                extra=event("alert.delayed", **facts),
            )
