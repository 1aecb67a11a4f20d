"""Slack: payloads that both public validators take, within every limit, and answers as Slack documents them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
import slackblocks as sb
from hypothesis import HealthCheck, given, settings
from slack_sdk.models.blocks import Block, RichTextBlock

from tests.alerts import golden
from tests.alerts.samples import ALERTS, NOW
from tests.alerts.test_channels import TARGET, any_alert
from watcher.alerts import slack
from watcher.alerts.channel import Target
from watcher.model import Alert, AttemptOutcome

Json = Mapping[str, Any]


def rebuilt(element: Json) -> Any:
    """The element as slackblocks builds it: every check of its constructors has passed then."""
    rest = {key: value for key, value in element.items() if key not in ("type", "style")} | element.get("style", {})
    match element["type"]:
        case "text":
            return sb.RichText(**rest)
        case "link":
            return sb.RichTextLink(**rest)
        case "rich_text_section":
            return sb.RichTextSection([rebuilt(inner) for inner in element["elements"]])
        case "rich_text_quote":
            return sb.RichTextQuote([rebuilt(inner) for inner in element["elements"]])
        case _:
            return sb.RichTextBlock([rebuilt(inner) for inner in element["elements"]], block_id="b")


def validate(body: bytes) -> Json:
    """The message, after slackblocks, slack_sdk and the documented limits have all found nothing."""
    message: Json = json.loads(body)
    assert len(body.decode()) < 10_000
    assert message["text"].strip()
    assert (message["unfurl_links"], message["unfurl_media"], message["mrkdwn"]) == (False, False, False)
    blocks = message.get("blocks", [])
    assert len(blocks) <= 50
    for block in blocks:
        parsed = Block.parse(block)
        assert isinstance(parsed, RichTextBlock)
        parsed.validate_json()
        built = rebuilt(block)
        assert built._resolve() == {**block, "block_id": "b"}
        sb.WebhookMessage(text=message["text"], blocks=[built], unfurl_links=False, unfurl_media=False)
    for element in leaves(blocks):
        assert element["text"]
        assert len(element["text"]) <= 3_000
        assert len(element.get("url", "")) <= 3_000
    return message


def leaves(blocks: list[Json]) -> Iterator[Json]:
    for block in blocks:
        for part in block["elements"]:
            yield from part["elements"]


@pytest.mark.parametrize("alert", ALERTS)
def test_every_sample_passes_both_validators(alert: str) -> None:
    """The full and the simple form of each kind of alert are what Slack takes."""
    body = slack.render(ALERTS[alert], golden.OPTIONS)
    validate(body)
    simple = slack.simplify(body)
    assert simple is not None
    assert "blocks" not in validate(simple)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(alert=any_alert)
@pytest.mark.slow
def test_any_alert_is_valid_and_within_the_limits(alert: Alert) -> None:
    """Slack accepts the message for any foreign text."""
    validate(slack.render(alert, golden.OPTIONS))


def test_text_cannot_call_a_channel() -> None:
    """Nothing of an untrusted text is a control sequence of Slack: every "<" that is left begins a link of ours."""
    text = validate(slack.render(ALERTS["hostile"], golden.OPTIONS))["text"]
    assert "<" not in text
    linked = validate(slack.render(ALERTS["alert"], golden.OPTIONS))["text"]
    assert "<https://musterstadt.example/politik/rutte?id=7&amp;seite=1>" in linked


def test_link_over_the_limit_is_named_instead() -> None:
    """A link that Slack would refuse is said to be too long, and no cut link is ever shown."""
    message = validate(slack.render(ALERTS["extreme"], golden.OPTIONS))
    assert not [element for element in leaves(message["blocks"]) if "url" in element]
    assert "too long to show: 4,021 characters" in message["text"]


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, b"ok", AttemptOutcome.DELIVERED),
        (200, b"ok\n", AttemptOutcome.DELIVERED),
        (200, b"<html>login</html>", AttemptOutcome.AMBIGUOUS),
        (200, b"", AttemptOutcome.AMBIGUOUS),
        (202, b"ok", AttemptOutcome.AMBIGUOUS),
        (400, b"invalid_payload", AttemptOutcome.REFUSED),
        (400, b"invalid_blocks", AttemptOutcome.REFUSED),
        (400, b"no_text", AttemptOutcome.REFUSED),
        (400, b"user_not_found", AttemptOutcome.GONE),
        (403, b"action_prohibited", AttemptOutcome.GONE),
        (403, b"invalid_token", AttemptOutcome.GONE),
        (404, b"channel_not_found", AttemptOutcome.GONE),
        (404, b"no_team", AttemptOutcome.GONE),
        (410, b"channel_is_archived", AttemptOutcome.GONE),
        (413, b"", AttemptOutcome.REFUSED),
        (500, b"rollup_error", AttemptOutcome.AMBIGUOUS),
        (503, b"", AttemptOutcome.AMBIGUOUS),
    ],
)
def test_answers_are_read_as_documented(status: int, body: bytes, outcome: AttemptOutcome) -> None:
    """Only 200 with exactly `ok` is delivered; the rest by status and error word."""
    assert slack.judge(status, {}, body, NOW).outcome is outcome


def test_429_waits_as_requested() -> None:
    """`Retry-After` is honoured."""
    verdict = slack.judge(429, {"retry-after": "30"}, b"rate_limited", NOW)
    assert (verdict.outcome, verdict.wait) == (AttemptOutcome.THROTTLED, timedelta(seconds=30))


def test_no_service_is_retried_a_few_times_then_gone() -> None:
    """`no_service` comes up in passing; the fourth time in a row the channel is parked."""
    outcomes = [slack.judge(404, {}, b"no_service", NOW, attempt=attempt).outcome for attempt in (1, 2, 3, 4)]
    assert outcomes == [AttemptOutcome.NOT_SENT] * 3 + [AttemptOutcome.GONE]


def test_reason_names_the_error_word_but_quotes_nothing_else() -> None:
    """A known-looking word helps the operator; anything else stays out of the record."""
    assert slack.judge(404, {}, b"channel_not_found", NOW).reason == "HTTP 404 channel_not_found"
    assert slack.judge(403, {}, b"no hook T0/B0/x", NOW).reason == "HTTP 403"


def test_url_at_another_host_is_a_warning() -> None:
    """A proxy or a test receiver may be meant, so that it is said, not refused."""
    assert slack.warnings(TARGET) == ()
    assert slack.warnings(Target(url="http://127.0.0.1:8080/services/x")) == (
        "url points to http://127.0.0.1:8080, not to Slack (https://hooks.slack.com)",
    )
    assert slack.problems(Target(url="https://hooks.slack.com/x\n")) == ("url has white space around it",)


def test_request_is_a_json_post_to_the_hook() -> None:
    """Method, address, type and body as the hook wants them."""
    outgoing = slack.request(b"{}", target=TARGET, delivery_id="1", now=NOW)
    assert (outgoing.method, outgoing.url, outgoing.body) == ("POST", TARGET.url, b"{}")
    assert outgoing.headers == {"content-type": "application/json; charset=utf-8"}
