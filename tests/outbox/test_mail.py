"""Apprise, with mail as its example: a real SMTP server receives what it sends."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.outbox.desk import Desk
from tests.outbox.homeserver import free_port
from watcher.errors import FetchError, FetchFailure
from watcher.net import apprise_gateway
from watcher.store.queries import outbox_status

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


class Mailbox:
    """What the SMTP server was given; it refuses everything while `closed`."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.closed = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.closed:
            return "452 no room"
        mail = message_from_bytes(envelope.content, policy=default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    """The box, and the address by which Apprise reaches it."""
    box, port = Mailbox(), free_port()
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, f"mailto://127.0.0.1:{port}?from=waechter@blatt.example&to=redaktion@blatt.example&mode=insecure"
    controller.stop()


def desk_at(folder: Path, url: str) -> Desk:
    return Desk(folder, f'[[channels]]\nname = "post"\ntype = "apprise"\nurl = "{url}"\ngroup_wait = "0s"\n')


def test_alert_arrives_as_mail(mailbox: tuple[Mailbox, str], tmp_path: Path) -> None:
    """The headline is the subject; the text says what, where and why."""
    box, url = mailbox
    with desk_at(tmp_path, url).online() as desk:
        desk.find()
        desk.deliver()
        assert desk.states("post") == {"delivered": 1}
    (mail,) = box.mails
    body = mail.get_body(("plain", "html"))
    assert body is not None
    assert mail["subject"] == "Meldung 0"
    assert "https://blatt.example/0" in body.get_content()
    assert "«Rutte»" in body.get_content()


def test_mail_that_is_not_taken_is_tried_again(mailbox: tuple[Mailbox, str], tmp_path: Path) -> None:
    """Apprise does not say why it failed: ambiguous, and again later."""
    box, url = mailbox
    box.closed = True
    with desk_at(tmp_path, url).online() as desk:
        desk.find()
        desk.deliver()
        assert (desk.states("post"), desk.rows("attempts")[0].outcome) == ({"pending": 1}, "ambiguous")
        box.closed = False
        desk.pass_(timedelta(minutes=1))
        desk.deliver()
    assert len(box.mails) == 1


def test_unknown_address_parks_the_channel_without_showing_it(tmp_path: Path) -> None:
    """An address that Apprise cannot read is not retried."""
    with desk_at(tmp_path, "gibtesnicht://geheimnis@irgendwo").online() as desk:
        desk.find()
        desk.deliver()
        (reason,) = desk.run(outbox_status.parked).values()
    assert reason == "Apprise does not support this address; see its list of services"


async def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the error says how to install it."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(FetchError, match=r"watcher\[apprise\]") as caught:
        await apprise_gateway.notify("mailto://x", b'{"title":"","body":""}', within=timedelta(seconds=5))
    assert caught.value.failure is FetchFailure.INVALID_URL


async def test_service_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The deadline holds though the thread cannot be stopped; the message may have been sent."""
    release = threading.Event()
    monkeypatch.setattr(apprise_gateway, "_notify", lambda *_args, **_more: release.wait(20))
    with pytest.raises(FetchError) as caught:
        await apprise_gateway.notify("mailto://x", b'{"title":"","body":""}', within=timedelta(seconds=0.1))
    release.set()
    assert (caught.value.failure, caught.value.sent) == (FetchFailure.TIMEOUT, True)
