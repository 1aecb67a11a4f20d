"""Webhooks as their receivers check them: both public packages of Standard Webhooks, on what went over the wire."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from standardwebhooks import Webhook, WebhookVerificationError

from tests.needs import program, stop_at
from tests.newsroom import Newsroom, Request
from tests.outbox.desk import Desk
from tests.receivers import Receiver

NPM = Path(__file__).parent / "npm"
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "webhook.schema.json").read_text(encoding="utf-8"))
OLD, NEW = ("whsec_" + base64.b64encode(f"{name} secret of 24 bytes!!".encode()).decode() for name in ("old", "new"))


def received(folder: Path, newsroom: Newsroom, secret: str, *more: str) -> Request:
    """One alert, sent by the real client to a real receiver."""
    hook = Receiver(newsroom, "/haken")
    keys = (f'url = "{hook.url}"', f'secret = "{secret}"', 'group_wait = "0s"', *more)
    with Desk(folder, "\n".join(("[[channels]]", 'name = "k"', 'type = "webhook"', *keys, ""))).online() as desk:
        desk.now = desk.now.now(desk.now.tzinfo)  # verifiers refuse what is older than five minutes
        desk.find(site="Kreisblatt „Süd“ 👩‍👩‍👧")
        desk.deliver()
    (request,) = hook.accepted
    return request


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_package_of_pypi_verifies_what_was_sent_with_either_key(secret: str, news: Newsroom, tmp_path: Path) -> None:
    """While a key is changed both are given, and receivers with the old and with the new one accept; others do not."""
    request = received(tmp_path, news, f"{NEW} {OLD}")
    payload = Webhook(secret).verify(request.body, dict(request.headers))
    Draft202012Validator(SCHEMA).validate(payload)
    stranger = base64.b64encode(b"some other key of 24 b!!").decode()
    with pytest.raises(WebhookVerificationError):
        Webhook(stranger).verify(request.body, dict(request.headers))


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_package_of_npm_verifies_what_was_sent_with_either_key(secret: str, news: Newsroom, tmp_path: Path) -> None:
    """The same in JavaScript, to the letter."""
    request = received(tmp_path, news, f"{NEW} {OLD}")
    assert verified_by_npm(secret, request) == request.json()
    stranger = base64.b64encode(b"some other key of 24 b!!").decode()
    with pytest.raises(subprocess.CalledProcessError):
        verified_by_npm(stranger, request)


def test_cloud_event_is_signed_as_a_whole(news: Newsroom, tmp_path: Path) -> None:
    """The envelope is part of what is verified; inside is the published body."""
    request = received(tmp_path, news, NEW, 'envelope = "cloudevents"')
    event = Webhook(NEW).verify(request.body, dict(request.headers))
    assert (event["specversion"], event["type"], event["id"]) == (
        "1.0",
        "watcher.alert",
        request.headers["webhook-id"],
    )
    Draft202012Validator(SCHEMA).validate(event["data"])


def verified_by_npm(secret: str, request: Request) -> Any:
    node = program("node", package="nodejs")
    installed = (NPM / "node_modules" / "standardwebhooks").is_dir()
    stop_at("" if installed else "the npm package standardwebhooks is not installed beside the tests: make peers")
    asked = {"secret": secret, "headers": dict(request.headers), "body": request.body.decode()}
    verified = subprocess.run(
        [node, "verify.mjs"], cwd=NPM, input=json.dumps(asked).encode(), capture_output=True, check=True
    )
    return json.loads(verified.stdout)
