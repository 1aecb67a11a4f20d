"""Matrix: the client-server API, and hookshot's webhook, which share their HTML."""

from __future__ import annotations

import json
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings

from tests.alerts import golden
from tests.alerts.samples import ALERTS, HOSTILE, NOW
from tests.alerts.test_channels import TARGET, any_alert
from watcher.alerts import matrix, matrix_webhook
from watcher.alerts.channel import RenderOptions, Target
from watcher.model import Alert, AttemptOutcome


class Tags(HTMLParser):
    """Collects the tags, links and text of a piece of HTML, and checks that every tag is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert [name for name, _ in attrs] == (["href"] if tag == "a" else [])
        self.tags.add(tag)
        self.links += [value or "" for _, value in attrs]
        if tag == "br":
            self.text += "\n"
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(alert=any_alert)
@pytest.mark.slow
def test_any_alert_fits_an_event_and_has_only_our_own_tags(alert: Alert) -> None:
    """For any foreign text: under 64 KiB, four tags, http(s) links only, both bodies present."""
    content = json.loads(matrix.render(alert, golden.OPTIONS))
    hook = json.loads(matrix_webhook.render(alert, golden.OPTIONS))
    assert len(json.dumps(content, ensure_ascii=False).encode()) < 60_000
    assert hook["html"] == content["formatted_body"]
    assert hook["text"] == content["body"] != ""
    tags = Tags(content["formatted_body"])
    assert tags.tags <= {"a", "blockquote", "br", "strong"}
    assert all(link.lower().startswith(("http://", "https://")) for link in tags.links)


def test_event_carries_both_bodies_and_calls_nobody() -> None:
    """Plain and HTML body, and an empty list of mentions, so that "@room" in a title stays text."""
    content = json.loads(matrix.render(ALERTS["alert"], RenderOptions()))
    assert content["msgtype"] == "m.text"
    assert content["m.mentions"] == {}
    assert content["format"] == "org.matrix.custom.html"
    assert Tags(content["formatted_body"]).links == ["https://musterstadt.example/politik/rutte?id=7&seite=1"]


def test_hostile_title_is_text_in_the_html() -> None:
    """A reader of the HTML sees the very letters of the title."""
    assert Tags(json.loads(matrix.render(ALERTS["hostile"], RenderOptions()))["formatted_body"]).text.startswith(
        HOSTILE
    )


def test_notice_and_thread_are_set_on_wish() -> None:
    """`m.notice` for those who want no notification; a reply in a thread names its parent twice, as the spec says."""
    content = json.loads(matrix.render(ALERTS["follow-up"], RenderOptions(notice=True, thread="$parent")))
    assert content["msgtype"] == "m.notice"
    assert content["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": "$parent",
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": "$parent"},
    }


def test_refused_event_is_shortened_and_keeps_its_thread() -> None:
    """After 413 the plain body remains, at most 2,000 characters of it."""
    body = json.dumps(
        {"msgtype": "m.text", "body": "Wort " * 9000, "formatted_body": "<b>", "format": "f", "m.relates_to": {}}
    )
    simple = json.loads(matrix.simplify(body.encode()) or b"")
    assert simple.keys() == {"msgtype", "body", "m.relates_to"}
    assert len(simple["body"]) <= 2000


def test_request_puts_the_delivery_id_as_transaction() -> None:
    """The room is quoted, the transaction is the delivery, the token is in the header alone."""
    target = Target(homeserver="https://matrix.example/", token="geheimnis", room="!a/b:matrix.example")
    outgoing = matrix.request(b"{}", target=target, delivery_id="0001", now=NOW)
    assert outgoing.method == "PUT"
    assert outgoing.url == (
        "https://matrix.example/_matrix/client/v3/rooms/%21a%2Fb%3Amatrix.example/send/m.room.message/0001"
    )
    assert outgoing.headers["authorization"] == "Bearer geheimnis"


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, b'{"event_id":"$abc"}', AttemptOutcome.DELIVERED),
        (200, b"{}", AttemptOutcome.AMBIGUOUS),
        (200, b"<html>", AttemptOutcome.AMBIGUOUS),
        (400, b'{"errcode":"M_BAD_JSON"}', AttemptOutcome.REFUSED),
        (401, b'{"errcode":"M_UNKNOWN_TOKEN"}', AttemptOutcome.GONE),
        (403, b'{"errcode":"M_FORBIDDEN"}', AttemptOutcome.GONE),
        (404, b'{"errcode":"M_UNRECOGNIZED"}', AttemptOutcome.GONE),
        (413, b'{"errcode":"M_TOO_LARGE"}', AttemptOutcome.REFUSED),
        (502, b"", AttemptOutcome.AMBIGUOUS),
    ],
)
def test_answers_of_a_homeserver_are_read_as_specified(status: int, body: bytes, outcome: AttemptOutcome) -> None:
    """By status; a success without an event id proves nothing."""
    assert matrix.judge(status, {}, body, NOW).outcome is outcome


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({}, b'{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1500}', timedelta(seconds=1.5)),
        ({"retry-after": "7"}, b'{"retry_after_ms":1500}', timedelta(seconds=7)),
        ({}, b'{"retry_after_ms":-4}', timedelta(0)),
        ({}, b'{"retry_after_ms":1e400}', None),
        ({}, b'{"retry_after_ms":"soon"}', None),
        ({}, b"[" * 99_999, None),
    ],
)
def test_throttling_says_how_long(headers: dict[str, str], body: bytes, wait: timedelta | None) -> None:
    """The header (newer servers) goes before `retry_after_ms`; an unreadable value is neither a wait nor an error."""
    verdict = matrix.judge(429, headers, body, NOW)
    assert (verdict.outcome, verdict.wait) == (AttemptOutcome.THROTTLED, wait)


def test_event_id_is_read_for_later_replies() -> None:
    """The id that a thread hangs on; "" if the answer names none."""
    assert matrix.event_id(b'{"event_id":"$abc"}') == "$abc"
    assert matrix.judge(200, {}, b'{"event_id":"$abc"}', NOW).reference == "$abc"
    assert matrix.event_id(b'{"event_id":7}') == ""


def test_encrypted_room_is_refused_with_what_to_do() -> None:
    """200 on the encryption state means encrypted; only M_NOT_FOUND means it is not; no access: gone."""
    inquiry = matrix.inquiry(TARGET)
    assert (inquiry.method, inquiry.url.endswith("/state/m.room.encryption")) == ("GET", True)
    encrypted = matrix.judge_inquiry(200, {}, b'{"algorithm":"m.megolm.v1.aes-sha2"}', NOW)
    assert encrypted.outcome is AttemptOutcome.GONE
    assert "Name an unencrypted room" in encrypted.reason
    assert matrix.judge_inquiry(404, {}, b'{"errcode":"M_NOT_FOUND"}', NOW).outcome is AttemptOutcome.DELIVERED
    assert matrix.judge_inquiry(404, {}, b"not here", NOW).outcome is AttemptOutcome.GONE
    assert matrix.judge_inquiry(403, {}, b'{"errcode":"M_FORBIDDEN"}', NOW).outcome is AttemptOutcome.GONE
    assert matrix.judge_inquiry(502, {}, b"", NOW).outcome is AttemptOutcome.AMBIGUOUS


def test_room_must_be_an_id_and_the_token_clean() -> None:
    """An alias, a trailing newline: named, not shown."""
    found = matrix.problems(Target(homeserver="https://m.example", room="#raum:m.example", token="geheimnis\n"))
    assert len(found) == 2
    assert "geheimnis" not in str(found)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, AttemptOutcome.DELIVERED),
        (202, AttemptOutcome.DELIVERED),
        (404, AttemptOutcome.GONE),
        (429, AttemptOutcome.THROTTLED),
        (500, AttemptOutcome.AMBIGUOUS),
    ],
)
def test_answers_of_hookshot_are_read_as_documented(status: int, outcome: AttemptOutcome) -> None:
    """202 is accepted, though not proven; a 500 may yet appear in the room."""
    verdict = matrix_webhook.judge(status, {}, b"", NOW)
    assert verdict.outcome is outcome
    assert ("not proven" in verdict.reason) == (status == 202)


def test_hookshot_message_names_its_sender_and_keeps_html_when_simplified() -> None:
    """Text without HTML would be read as Markdown, so the simple form has escaped HTML too."""
    body = matrix_webhook.render(ALERTS["hostile"], RenderOptions(sender="Wächter"))
    assert json.loads(body)["username"] == "Wächter"
    simple = json.loads(matrix_webhook.simplify(body) or b"")
    assert Tags(simple["html"]).tags == {"br"}
    assert Tags(simple["html"]).text.startswith(HOSTILE)
