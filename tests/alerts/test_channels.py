"""What every channel promises: golden bodies, the same bytes each time, hostile text as it is, no secret shown."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.alerts import golden
from tests.alerts.samples import ALERTS, HOSTILE, NOW
from watcher.alerts.channel import RenderOptions, Target, origin, redact
from watcher.alerts.channels import CHANNELS
from watcher.model import (
    Alert,
    AlertKind,
    AttemptOutcome,
    Change,
    DocumentNumber,
    Headline,
    PartialDate,
    Quality,
    Reason,
    Revision,
    RevisionClass,
    Snippet,
    TextFrom,
)

TARGET = Target(
    url="https://hooks.slack.com/services/T0/B0/geheimnis",
    secret="whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
    token="syt_geheimnis",
    homeserver="https://matrix.example",
    room="!raum:matrix.example",
)
any_text = st.text(max_size=80) | st.sampled_from(
    [HOSTILE, "&" * 400, "ß" * 400, "\x1b[2J\u202e\x00", "@room", "👩‍👩‍👧" * 99]
)
urls = st.sampled_from(["", "https://a.example/" + "w" * 4000, "https://a.example/?a=<b>|c", "javascript:1"]) | any_text
snippets = st.builds(
    Snippet, runs=st.lists(st.tuples(any_text, st.booleans()), max_size=5).map(tuple), cut_before=st.booleans()
)
reasons = st.builds(
    Reason, watch=any_text, forms=st.lists(any_text, max_size=9).map(tuple), snippets=st.lists(snippets).map(tuple)
)
headlines = st.builds(
    Headline,
    title=any_text,
    url=urls,
    source=any_text,
    date=st.none() | st.just(PartialDate(year=2025, month=4)),
    published_at=st.none() | st.just(NOW - timedelta(minutes=5)),
    found_at=st.none() | st.just(NOW),
    document=any_text,
    text_from=st.sampled_from(TextFrom),
    quality=st.sampled_from(Quality),
    reasons=st.lists(reasons, max_size=7).map(tuple),
    also_at=st.lists(any_text, max_size=4).map(tuple),
)
one = st.builds(
    Alert,
    kind=st.sampled_from([AlertKind.ALERT, AlertKind.FOLLOW_UP]),
    headlines=st.tuples(headlines),
    problem=any_text,
)
several = st.builds(
    Alert,
    kind=st.sampled_from([AlertKind.SUMMARY, AlertKind.DIGEST, AlertKind.NOTICE, AlertKind.TEST]),
    headlines=st.lists(headlines, max_size=10).map(tuple),
    more=st.integers(0, 10**6),
    message=any_text,
    problem=any_text,
)
passages = st.builds(Change, before=st.none() | any_text, after=st.none() | any_text)
revisions = st.builds(
    Revision,
    number=st.just(DocumentNumber(7)),
    version=st.integers(1, 50),
    url=urls,
    title=any_text,
    watches=st.lists(any_text, max_size=4).map(tuple),
    classes=st.lists(st.sampled_from(RevisionClass), min_size=1, max_size=4).map(tuple),
    seen_at=st.just(NOW),
    passages=st.lists(passages, max_size=4).map(tuple),
    modified_at=st.none() | st.just(NOW),
    admitted=st.none() | st.booleans(),
)
changed = st.builds(
    Alert, kind=st.just(AlertKind.REVISION), headlines=st.tuples(headlines), revisions=st.tuples(revisions)
)
digests = st.builds(
    Alert,
    kind=st.just(AlertKind.DIGEST),
    headlines=st.lists(headlines, max_size=2).map(tuple),
    revisions=st.lists(revisions, max_size=10).map(tuple),
    more_revisions=st.integers(0, 10**6),
)
any_alert = one | several | changed | digests


@pytest.mark.parametrize("alert", ALERTS)
@pytest.mark.parametrize("channel", CHANNELS)
def test_body_is_the_golden_one(channel: str, alert: str) -> None:
    """Every kind of alert reads on every channel as it was approved (rewrite with `python -m tests.alerts.golden`)."""
    assert golden.shown(channel, alert) == golden.path(channel, alert).read_text(encoding="utf-8")


@pytest.mark.parametrize("channel", CHANNELS)
def test_title_in_every_markup_arrives_as_exactly_that_text(channel: str) -> None:
    """A headline that tries Slack's, Markdown's and HTML's markup is shown to the reader letter by letter."""
    body = CHANNELS[channel].render(ALERTS["hostile"], golden.OPTIONS).decode()
    escaped = HOSTILE.replace("<", "&lt;").replace(">", "&gt;")
    if channel == "console":
        assert body.splitlines()[0] == HOSTILE
        return
    message = json.loads(body)
    if channel == "slack":
        shown = message["blocks"][0]["elements"][0]["elements"][0]["text"], message["text"].splitlines()[0]
    elif channel == "webhook":
        shown = message["headlines"][0]["title"], escaped
    elif channel == "apprise":
        assert message["title"] == HOSTILE
        shown = message["body"].splitlines()[0], escaped
    else:
        html = message["formatted_body" if channel == "matrix" else "html"]
        text = message["body" if channel == "matrix" else "text"]
        shown = text.splitlines()[0], html.removeprefix("<strong>").split("</strong>")[0]
    assert shown == (HOSTILE, escaped)


@pytest.mark.parametrize("channel", CHANNELS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(alert=any_alert)
@pytest.mark.slow
def test_any_alert_renders_to_the_same_bytes_twice(channel: str, alert: Alert) -> None:
    """Rendering never fails, is deterministic, and simplifying it ends."""
    body = CHANNELS[channel].render(alert, golden.OPTIONS)
    assert body == CHANNELS[channel].render(alert, golden.OPTIONS)
    assert body.strip()
    simple = CHANNELS[channel].simplify(body)
    assert simple is None or (len(simple) <= len(body) and CHANNELS[channel].simplify(simple) is None)


@pytest.mark.parametrize("channel", CHANNELS)
def test_only_the_request_holds_secrets_and_it_does_not_show_them(channel: str) -> None:
    """Neither target nor request nor the readable address shows a secret."""
    outgoing = CHANNELS[channel].request(b"{}", target=TARGET, delivery_id="0001", now=NOW)
    shown = f"{TARGET!r} {TARGET} {outgoing!r} {CHANNELS[channel].address(TARGET)} {CHANNELS[channel].warnings(TARGET)}"
    assert "geheimnis" not in shown
    assert "MDEy" not in shown
    assert "T0" not in shown


@pytest.mark.parametrize("channel", CHANNELS)
def test_good_target_has_no_problems_and_an_empty_one_is_named_without_values(channel: str) -> None:
    """What is missing is said; a complete target gets no remark."""
    assert CHANNELS[channel].problems(TARGET) == ()
    if channel != "console":
        assert CHANNELS[channel].problems(Target())


@pytest.mark.parametrize("channel", CHANNELS)
@given(status=st.integers(100, 599), body=st.binary(max_size=40), retry_after=st.none() | st.text(max_size=12))
def test_any_answer_gets_a_verdict(channel: str, status: int, body: bytes, retry_after: str | None) -> None:
    """Whatever a server answers, there is a verdict, and its reason never quotes the answer."""
    headers = {} if retry_after is None else {"retry-after": retry_after}
    for verdict in (
        CHANNELS[channel].judge(status, headers, body, NOW),
        CHANNELS[channel].judge_inquiry(status, headers, body, NOW),
    ):
        assert verdict.wait is None or timedelta(0) <= verdict.wait <= timedelta(days=1)
        if channel != "console" and verdict.outcome is AttemptOutcome.DELIVERED:
            assert 200 <= status < 300


def test_chats_are_spaced_and_expire() -> None:
    """Chats take one message a second, and expire after twenty hours."""
    chats = {name for name, channel in CHANNELS.items() if channel.minimum_gap == timedelta(seconds=1)}
    assert chats == {name for name, channel in CHANNELS.items() if channel.expires_after == timedelta(hours=20)}
    assert chats == {"slack", "matrix", "matrix-webhook", "apprise"}


def test_redaction_removes_every_secret_from_an_answer() -> None:
    """An answer that quotes the address or the token can be kept after redaction."""
    answer = f"no route for {TARGET.url} (services/T0/B0/geheimnis), bearer syt_geheimnis, key {TARGET.secret}"
    assert "geheimnis" not in redact(answer, TARGET)
    assert "MDEy" not in redact(answer, TARGET)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:pw@a.example:8443/x?y", "https://a.example:8443"),
        ("http://[::1]:80/x", "http://[::1]:80"),
        ("https://[::1", ""),
        ("https://a.example:99999/", ""),
        ("nichts", ""),
    ],
)
def test_origin_is_scheme_host_and_port_only(url: str, expected: str) -> None:
    """User names, passwords, paths and queries never get into it."""
    assert origin(url) == expected


def test_options_hold_nothing_secret() -> None:
    """Rendering gets no URL, token or secret at all, so the kept bytes cannot hold one."""
    assert not {"url", "secret", "token", "homeserver"} & set(RenderOptions.__slots__)
