"""Sends one rendered body to a channel and judges the response. `deliver` and `alert test` share it.

Secrets are resolved right before a request; a reply quotes none of them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from watcher.alerts.channel import BY_APPRISE, Outgoing, Target, redact
from watcher.alerts.channels import CHANNELS
from watcher.alerts.outcome import of_failure
from watcher.alerts.tidy import tidy
from watcher.config import ChannelConfig, Config, Secret
from watcher.errors import FetchError, WatcherError
from watcher.model import AttemptOutcome, Verdict
from watcher.net import Client, Purpose, Request, apprise_gateway
from watcher.pipeline.settings import utc_now

TIMEOUT = timedelta(seconds=30)
ANSWER_LENGTH = 200

Judge = Callable[[int, Mapping[str, str], bytes, datetime], Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The result of one request: the channel's verdict, and the words of its response, secrets removed."""

    verdict: Verdict
    status: int | None = None
    text: str = ""

    @property
    def summary(self) -> str:
        """For people: the response itself, or its meaning where that says more."""
        return self.text or self.verdict.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends to channels of one config. `show` prints the messages of the console channel.

    `accepted`: the channels (name, address) that were asked whether they accept our messages, and do; asked once each.
    """

    config: Config
    client: Client
    show: Callable[[str], None]
    now: Callable[[], datetime] = utc_now
    accepted: set[tuple[str, str]] = field(default_factory=set)

    async def send(self, setting: ChannelConfig, payload: bytes, *, delivery_id: str, attempt: int = 1) -> Reply:
        """Sends a rendered body to a channel, and judges the response."""
        channel = CHANNELS[setting.type]
        try:
            target = target_of(self.config, setting, os.environ)
        except WatcherError as error:
            return Reply(verdict=Verdict(outcome=AttemptOutcome.GONE, reason=str(error)))
        if problems := channel.problems(target):
            return Reply(verdict=Verdict(outcome=AttemptOutcome.GONE, reason="; ".join(problems)))
        if (refusal := await self._inquire(setting, target)) is not None:
            return refusal
        outgoing = channel.request(payload, target=target, delivery_id=delivery_id, now=self.now())
        if outgoing is None:
            await asyncio.to_thread(self.show, payload.decode(errors="replace"))
            return Reply(verdict=Verdict(outcome=AttemptOutcome.DELIVERED))
        return await self._exchange(outgoing, target, partial(channel.judge, attempt=attempt))

    async def _inquire(self, setting: ChannelConfig, target: Target) -> Reply | None:
        """Asks the target whether it accepts our messages. Returns the refusal, None if it accepts."""
        channel = CHANNELS[setting.type]
        known = (setting.name, channel.address(target))
        if known in self.accepted or (inquiry := channel.inquiry(target)) is None:
            return None
        answer = await self._exchange(inquiry, target, channel.judge_inquiry)
        if answer.verdict.outcome is AttemptOutcome.DELIVERED:
            self.accepted.add(known)
            return None
        if answer.verdict.outcome is AttemptOutcome.AMBIGUOUS:  # of the inquiry: the alert itself was not sent
            return Reply(verdict=_not_sent(answer.verdict), status=answer.status, text=answer.text)
        return answer

    async def _exchange(self, outgoing: Outgoing, target: Target, judge: Judge) -> Reply:
        try:
            status, headers, body = await self._fetch(outgoing)
        except FetchError as error:
            return Reply(verdict=of_failure(error), text=_words(str(error), target))
        verdict = judge(status, headers, body, self.now())
        if " " in verdict.reason and not verdict.reason.startswith("HTTP "):  # a sentence that says what to do
            return Reply(verdict=verdict, status=status, text=verdict.reason)
        words = _words(f"HTTP {status} {body.decode(errors='replace')}", target)
        return Reply(verdict=verdict, status=status, text=words)

    async def _fetch(self, outgoing: Outgoing) -> tuple[int, Mapping[str, str], bytes]:
        if outgoing.method == BY_APPRISE:
            return await apprise_gateway.notify(outgoing.url, outgoing.body, within=TIMEOUT), {}, b""
        request = Request(
            url=outgoing.url,
            method=outgoing.method,
            headers=outgoing.headers,
            body=outgoing.body or None,
            purpose=Purpose.ALERT,
            operator=True,
            timeout=TIMEOUT,
        )
        response = await self.client.fetch(request)
        return response.status, response.headers, response.body


def target_of(config: Config, setting: ChannelConfig, environ: Mapping[str, str]) -> Target:
    """Resolves the address and secrets of a channel. Raises WatcherError that names the place of a missing secret."""

    def resolved(secret: Secret | None) -> str:
        return config.resolve(secret, environ) if secret else ""

    return Target(
        url=resolved(setting.url),
        secret=resolved(setting.secret),
        token=resolved(setting.token),
        homeserver=setting.homeserver,
        room=setting.room,
    )


def secrets_of(config: Config, setting: ChannelConfig) -> Target:
    """The target with the secrets that can be resolved, to redact texts that may quote them."""
    try:
        return target_of(config, setting, os.environ)
    except WatcherError:
        return Target()


def _not_sent(verdict: Verdict) -> Verdict:
    return Verdict(outcome=AttemptOutcome.NOT_SENT, reason=verdict.reason, wait=verdict.wait)


def _words(text: str, target: Target) -> str:
    """Returns the beginning of foreign words on one line, for log and terminal; control characters go first."""
    return redact(tidy(text), target)[:ANSWER_LENGTH]
