"""The webhook: its schema, its signatures as the public verifier reads them, its envelope."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator, FormatChecker
from standardwebhooks import Webhook, WebhookVerificationError

from tests.alerts import golden
from tests.alerts.samples import ALERTS, NOW
from tests.alerts.test_channels import any_alert
from watcher.alerts import webhook
from watcher.alerts.channel import RenderOptions, Target
from watcher.alerts.channels import CHANNELS
from watcher.model import Alert, AttemptOutcome, LinkedNearMiss, NearMiss

SCHEMA: Mapping[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs" / "webhook.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
OLD = "whsec_" + base64.b64encode(b"old secret of 24 bytes!!").decode()
NEW = "whsec_" + base64.b64encode(b"new secret of 24 bytes!!").decode()


def test_schema_is_a_schema() -> None:
    """What is published is itself valid."""
    Draft202012Validator.check_schema(dict(SCHEMA))


@pytest.mark.parametrize("alert", ALERTS)
def test_every_sample_follows_the_published_schema(alert: str) -> None:
    """Each kind of alert, and every member that the code writes is described."""
    body = json.loads(webhook.render(ALERTS[alert], golden.OPTIONS))
    VALIDATOR.validate(body)
    revisions = {"revisions", "more_revisions"} if ALERTS[alert].revisions else set()
    assert body.keys() == {*SCHEMA["required"], *revisions}
    for revision in body.get("revisions", ()):
        assert revision.keys() == SCHEMA["$defs"]["revision"]["properties"].keys()
    for headline in body["headlines"]:
        assert headline.keys() == SCHEMA["$defs"]["headline"]["properties"].keys()


def test_near_misses_of_a_digest_follow_the_published_schema() -> None:
    """A digest that has some has every member of the schema."""
    near = NearMiss(watch="Rutte", term="Rutte", form="Ruttes", sentence="Mehr zu Ruttes Reise", place="teaser")
    linked = LinkedNearMiss(near_miss=near, url="https://blatt.example/a")
    alert = replace(ALERTS["digest"], near_misses=(linked,), more_near_misses=3)
    body = json.loads(webhook.render(alert, golden.OPTIONS))
    VALIDATOR.validate(body)
    assert body.keys() == SCHEMA["properties"].keys() - {"revisions", "more_revisions"}
    assert body["near_misses"][0].keys() == SCHEMA["$defs"]["near_miss"]["properties"].keys()


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(alert=any_alert)
def test_any_alert_follows_the_published_schema(alert: Alert) -> None:
    """For any foreign text."""
    VALIDATOR.validate(json.loads(webhook.render(alert, golden.OPTIONS)))


def test_schema_refuses_what_it_should() -> None:
    """The schema is not a rubber stamp: an alert without its headline, or an invented kind, fails."""
    body = json.loads(webhook.render(ALERTS["alert"], golden.OPTIONS))
    assert not VALIDATOR.is_valid({**body, "headlines": []})
    assert not VALIDATOR.is_valid({**body, "kind": "story"})
    assert not VALIDATOR.is_valid({key: value for key, value in body.items() if key != "id"})


def test_cloud_event_wraps_the_same_body() -> None:
    """With the envelope the body is the data of a CloudEvent 1.0, in its own media type."""
    options = RenderOptions(delivery_id="0001", channel="neue redaktion", envelope="cloudevents")
    raw = webhook.render(ALERTS["alert"], options)
    event = json.loads(raw)
    VALIDATOR.validate(event.pop("data"))
    assert event == {
        "specversion": "1.0",
        "id": "0001",
        "source": "/watcher/neue%20redaktion",
        "type": "watcher.alert",
        "time": "2025-10-21T12:12:00+00:00",
        "datacontenttype": "application/json",
    }
    outgoing = webhook.request(raw, target=Target(url="https://a.example/"), delivery_id="0001", now=NOW)
    assert outgoing.headers["content-type"] == "application/cloudevents+json; charset=utf-8"


def test_signature_is_what_the_public_verifier_expects() -> None:
    """The package of the Standard Webhooks project verifies a request, and refuses a changed one."""
    now = datetime.now(UTC)
    body = webhook.render(ALERTS["hostile"], golden.OPTIONS)
    outgoing = webhook.request(body, target=Target(url="https://a.example/", secret=NEW), delivery_id="0001", now=now)
    assert Webhook(NEW).verify(outgoing.body, dict(outgoing.headers)) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(outgoing.body + b" ", dict(outgoing.headers))


def test_two_secrets_sign_twice_so_that_a_key_can_be_changed() -> None:
    """While both are configured, receivers with the old and with the new secret both accept."""
    now = datetime.now(UTC)
    target = Target(url="https://a.example/", secret=f"{NEW} {OLD}")
    outgoing = webhook.request(b'{"a":1}', target=target, delivery_id="0001", now=now)
    for secret in (OLD, NEW):
        assert Webhook(secret).verify(outgoing.body, dict(outgoing.headers)) == {"a": 1}


def test_repetition_keeps_the_id_and_renews_the_time() -> None:
    """`webhook-id` stays, `webhook-timestamp` is the attempt's own; without a secret nothing is signed."""
    target = Target(url="https://a.example/")
    outgoing = webhook.request(b"{}", target=target, delivery_id="0001", now=NOW)
    assert outgoing.headers == {
        "content-type": "application/json; charset=utf-8",
        "webhook-id": "0001",
        "webhook-timestamp": "1761048720",
    }


def test_secret_that_is_no_base64_is_named_by_its_number() -> None:
    """The value itself is not shown."""
    found = webhook.problems(Target(url="https://a.example/", secret=f"{NEW} whsec_ge-heim! whsec_"))
    assert found == ('secret number 2 is not "whsec_" and base64', 'secret number 3 is not "whsec_" and base64')


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, AttemptOutcome.DELIVERED),
        (410, AttemptOutcome.GONE),
        (413, AttemptOutcome.REFUSED),
        (502, AttemptOutcome.AMBIGUOUS),
    ],
)
def test_answers_are_read_by_status(status: int, outcome: AttemptOutcome) -> None:
    """Any 2xx is delivered; there is no simpler form of JSON to try."""
    assert webhook.judge(status, {}, b"", NOW).outcome is outcome
    assert CHANNELS["webhook"].simplify(b"{}") is None
