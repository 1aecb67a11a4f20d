"""Channel type `webhook`: JSON by `docs/webhook.schema.json`, signed by Standard Webhooks, optionally a CloudEvent.

https://www.standardwebhooks.com and https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from watcher.alerts.channel import Outgoing, RenderOptions, Target, origin, url_problems
from watcher.alerts.outcome import of_status
from watcher.alerts.tidy import clean, tidy
from watcher.model import Alert, Headline, LinkedNearMiss, Reason, Revision, Snippet, Verdict

minimum_gap: Final = timedelta(0)
expires_after: Final = None

_CLOUDEVENT_START = b'{"specversion"'


def render(alert: Alert, options: RenderOptions) -> bytes:
    """Writes the whole alert as JSON, not shortened."""
    body: dict[str, object] = {
        "id": options.delivery_id,
        "kind": str(alert.kind),
        "channel": options.channel,
        "headlines": [_headline(headline) for headline in alert.headlines],
        "more": alert.more,
        "message": tidy(alert.message),
        "problem": tidy(alert.problem),
    }
    if alert.near_misses:
        body["near_misses"] = [_near_miss(linked) for linked in alert.near_misses]
        body["more_near_misses"] = alert.more_near_misses
    if alert.revisions:
        body["revisions"] = [revision_json(revision) for revision in alert.revisions]
        body["more_revisions"] = alert.more_revisions
    if options.envelope == "cloudevents":
        body = _cloud_event(body, alert, options)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def simplify(body: bytes) -> None:
    return None


def problems(target: Target) -> tuple[str, ...]:
    found = list(url_problems(target.url))
    for number, secret in enumerate(target.secret.split(), start=1):
        if not _key(secret):
            found.append(f'secret number {number} is not "whsec_" and base64')
    return tuple(found)


def warnings(target: Target) -> tuple[str, ...]:
    return ()


def address(target: Target) -> str:
    return f"{origin(target.url)}/…"


def request(body: bytes, *, target: Target, delivery_id: str, now: datetime) -> Outgoing:
    """Signs with every secret of the target, so that secrets can be rotated without a gap; without any, unsigned."""
    kind = "application/cloudevents+json" if body.startswith(_CLOUDEVENT_START) else "application/json"
    stamp = str(int(now.timestamp()))
    headers = {"content-type": f"{kind}; charset=utf-8", "webhook-id": delivery_id, "webhook-timestamp": stamp}
    signed = b".".join((delivery_id.encode(), stamp.encode(), body))
    signatures = [_signature(secret, signed) for secret in target.secret.split()]
    if signatures:
        headers["webhook-signature"] = " ".join(signatures)
    return Outgoing(method="POST", url=target.url, headers=headers, body=body)


def judge(status: int, headers: Mapping[str, str], body: bytes, now: datetime, *, attempt: int = 1) -> Verdict:
    return of_status(status, headers, now)


def inquiry(target: Target) -> None:
    return None


def judge_inquiry(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Verdict:
    return of_status(status, headers, now)


def _headline(headline: Headline) -> dict[str, object]:
    return {
        "title": tidy(headline.title),
        "url": tidy(headline.url),
        "source": tidy(headline.source),
        "date": headline.date.isoformat() if headline.date else None,
        "precision": str(headline.date.precision) if headline.date else None,
        "published_at": headline.published_at.isoformat() if headline.published_at else None,
        "found_at": headline.found_at.isoformat() if headline.found_at else None,
        "document": headline.document,
        "text_from": str(headline.text_from),
        "quality": str(headline.quality),
        "also_at": [tidy(name) for name in headline.also_at],
        "reasons": [_reason(reason) for reason in headline.reasons],
    }


def _near_miss(linked: LinkedNearMiss) -> dict[str, object]:
    near = linked.near_miss
    return {
        "watch": tidy(near.watch),
        "form": tidy(near.form),
        "sentence": tidy(near.sentence),
        "place": tidy(near.place),
        "url": tidy(linked.url),
    }


def revision_json(revision: Revision) -> dict[str, object]:
    """Converts a revision to the form that docs/webhook.schema.json describes."""
    return {
        "number": revision.number,
        "version": revision.version,
        "url": tidy(revision.url),
        "title": tidy(revision.title),
        "watches": [tidy(watch) for watch in revision.watches],
        "classes": [str(each) for each in revision.classes],
        "seen_at": revision.seen_at.isoformat(),
        "passages": [
            {"before": _tidied(passage.before), "after": _tidied(passage.after)} for passage in revision.passages
        ],
        "modified_at": revision.modified_at.isoformat() if revision.modified_at else None,
        "admitted": revision.admitted,
    }


def _tidied(text: str | None) -> str | None:
    return None if text is None else tidy(text)


def _reason(reason: Reason) -> dict[str, object]:
    return {
        "watch": tidy(reason.watch),
        "forms": [tidy(form) for form in reason.forms],
        "snippets": [snippet_json(snippet) for snippet in reason.snippets],
    }


def snippet_json(snippet: Snippet) -> dict[str, object]:
    """Converts a snippet to the form that docs/webhook.schema.json describes."""
    return {
        "runs": [{"text": clean(text), "hit": is_hit} for text, is_hit in snippet.runs],
        "cut_before": snippet.cut_before,
        "cut_after": snippet.cut_after,
    }


def _cloud_event(data: Mapping[str, object], alert: Alert, options: RenderOptions) -> dict[str, object]:
    """Wraps `data` in a CloudEvent, known to `request` by its first key, `specversion`. `time`: the newest find."""
    found = [headline.found_at for headline in alert.headlines if headline.found_at]
    return {
        "specversion": "1.0",
        "id": options.delivery_id,
        "source": f"/watcher/{quote(options.channel, safe='')}",
        "type": f"watcher.{alert.kind}",
        **({"time": max(found).isoformat()} if found else {}),
        "datacontenttype": "application/json",
        "data": data,
    }


def _signature(secret: str, signed: bytes) -> str:
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(secret: str) -> bytes:
    """Decodes the key in `whsec_…`; b"" if it is not base64. Padding may be missing, as for the public verifiers."""
    encoded = secret.removeprefix("whsec_").rstrip("=")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""
