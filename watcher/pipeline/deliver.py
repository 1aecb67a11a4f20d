"""The third step: one delivery is rendered (once; the bytes are kept), sent, and settled by the channel's answer.

claimed delivery | render or kept bytes | send | judge | decide: delivered, retry at, simpler, parked, dead
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from watcher.alerts.channel import Channel, Outgoing, RenderOptions, Target, redact
from watcher.alerts.channels import CHANNELS
from watcher.alerts.decide import Decision, Fate, decide
from watcher.alerts.outcome import of_failure
from watcher.config import ChannelConfig, Config, Secret
from watcher.errors import FetchError, WatcherError
from watcher.model import DeliveryState, Outcome, Verdict
from watcher.net import Client, Purpose, Request
from watcher.pipeline.parts import Parts, utc_now
from watcher.pipeline.telling import alert_of
from watcher.store import deliveries
from watcher.store.deliveries import Attempt, ClaimedDelivery, Next

log = logging.getLogger(__name__)

TIMEOUT = timedelta(seconds=30)

Judge = Callable[[int, Mapping[str, str], bytes, datetime], Verdict]

_STATES = {
    Fate.DELIVERED: DeliveryState.DELIVERED,
    Fate.RETRY: DeliveryState.PENDING,
    Fate.SIMPLER: DeliveryState.PENDING,
    Fate.PARK: DeliveryState.PARKED,
    Fate.DEAD: DeliveryState.DEAD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one request: the channel's verdict, and what it said, secrets removed."""

    verdict: Verdict
    status: int | None = None
    text: str = ""


async def deliver(parts: Parts, claimed: ClaimedDelivery) -> DeliveryState:
    """Makes one attempt at a claimed delivery and settles it; the state that it is in now."""
    started = time.monotonic()
    payload = b""
    try:
        setting = parts.setting.channels[claimed.channel]
        channel = CHANNELS[setting.type]
        payload = await _payload(parts, claimed, setting, channel)
        sender = Sender(config=parts.setting.config, client=parts.client, show=parts.show, now=parts.now)
        answer = await sender.send(setting, payload, delivery_id=claimed.id, attempt=claimed.attempts + 1)
        simpler = None if claimed.simplified else channel.simplify(payload)
    except Exception:
        log.exception("a bug while delivering %s to %s", claimed.id, claimed.channel)
        answer = Answer(verdict=Verdict(outcome=Outcome.AMBIGUOUS, reason="internal error; see the log"))
        simpler = None
    return await _settle(parts, claimed, answer, simpler, duration=timedelta(seconds=time.monotonic() - started))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What it takes to send something to a channel. `show` prints what the console is told."""

    config: Config
    client: Client
    show: Callable[[str], None]
    now: Callable[[], datetime] = utc_now

    async def send(self, setting: ChannelConfig, payload: bytes, *, delivery_id: str, attempt: int = 1) -> Answer:
        """Sends a rendered body to a channel, and reads the answer."""
        channel = CHANNELS[setting.type]
        try:
            target = target_of(self.config, setting, os.environ)
        except WatcherError as error:
            return Answer(verdict=Verdict(outcome=Outcome.GONE, reason=str(error)))
        if problems := channel.problems(target):
            return Answer(verdict=Verdict(outcome=Outcome.GONE, reason="; ".join(problems)))
        if inquiry := channel.inquiry(target):
            answer = await self._exchange(inquiry, target, channel.judge_inquiry)
            if answer.verdict.outcome is not Outcome.DELIVERED:
                return answer
        outgoing = channel.request(payload, target=target, delivery_id=delivery_id, now=self.now())
        if outgoing is None:
            await asyncio.to_thread(self.show, payload.decode(errors="replace"))
            return Answer(verdict=Verdict(outcome=Outcome.DELIVERED))
        return await self._exchange(outgoing, target, partial(channel.judge, attempt=attempt))

    async def _exchange(self, outgoing: Outgoing, target: Target, judge: Judge) -> Answer:
        request = Request(
            url=outgoing.url,
            method=outgoing.method,
            headers=outgoing.headers,
            body=outgoing.body or None,
            purpose=Purpose.ALERT,
            operator=True,
            timeout=TIMEOUT,
        )
        try:
            response = await self.client.fetch(request)
        except FetchError as error:
            return Answer(verdict=of_failure(error), text=redact(str(error), target))
        verdict = judge(response.status, response.headers, response.body, self.now())
        words = redact(f"HTTP {response.status} {response.body.decode(errors='replace')}", target)
        return Answer(verdict=verdict, status=response.status, text=words.strip()[:200])


def target_of(config: Config, setting: ChannelConfig, environ: Mapping[str, str]) -> Target:
    """Where the channel is, its secrets resolved now. Raises WatcherError, naming the place of a missing secret."""

    def resolved(secret: Secret | None) -> str:
        return config.resolve(secret, environ) if secret else ""

    return Target(
        url=resolved(setting.url),
        secret=resolved(setting.secret),
        token=resolved(setting.token),
        homeserver=setting.homeserver,
        room=setting.room,
    )


async def _payload(parts: Parts, claimed: ClaimedDelivery, setting: ChannelConfig, channel: Channel) -> bytes:
    if claimed.payload is not None:
        return claimed.payload
    alert = await alert_of(parts, claimed)
    options = RenderOptions(delivery_id=claimed.id, channel=setting.name, envelope=setting.envelope.value)
    payload = channel.render(alert, options)
    await parts.store.run(deliveries.keep_payload, claimed.sequence, payload)
    return payload


async def _settle(
    parts: Parts, claimed: ClaimedDelivery, answer: Answer, simpler: bytes | None, *, duration: timedelta
) -> DeliveryState:
    now = parts.now()
    decision = decide(
        answer.verdict,
        attempt=claimed.attempts + 1,
        age=now - claimed.created_at,
        jitter=parts.jitter(),
        has_simpler=simpler is not None,
    )
    attempt = Attempt(
        at=now,
        outcome=answer.verdict.outcome,
        status=answer.status,
        wait=answer.verdict.wait,
        duration=duration,
        answer=answer.text or answer.verdict.reason,
    )
    then = Next(
        state=_STATES[decision.fate],
        due_at=now + decision.wait,
        pause_until=now + decision.wait if decision.slows_channel else None,
        payload=simpler if decision.fate is Fate.SIMPLER else None,
        counts=decision.counts,
    )
    await parts.store.run(deliveries.settle, claimed, attempt, then)
    _report(claimed, decision, answer)
    return then.state


def _report(claimed: ClaimedDelivery, decision: Decision, answer: Answer) -> None:
    said = answer.text or answer.verdict.reason
    match decision.fate:
        case Fate.DELIVERED:
            log.info("told %s (%s %s)", claimed.channel, claimed.kind, claimed.id)
        case Fate.PARK:
            log.error("channel %s is parked, its alerts are kept: %s", claimed.channel, said)
        case Fate.DEAD:
            log.error("%s refuses alert %s, which is given up: %s", claimed.channel, claimed.id, said)
        case Fate.RETRY | Fate.SIMPLER:
            log.warning("alert to %s did not arrive, next try in %s: %s", claimed.channel, decision.wait, said)
