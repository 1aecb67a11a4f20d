"""The headers of a request: ours, the conditional ones, and the operator's, which never leave their origin. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from watcher.errors import FetchError, FetchFailure
from watcher.net.decoding import ACCEPTED
from watcher.net.values import Purpose, Request

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?|")
# These frame the message or belong to the client; set by hand they let two parsers disagree about it.
_OURS = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization"}
    | {"proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)


def headers_of(request: Request, *, agent: str, at_home: bool) -> dict[str, str]:
    """What is sent for this request; `at_home`: the hop goes to the origin that its URL names.

    Raises FetchError(INVALID_URL) naming an operator's header that cannot be sent, never its value.
    """
    headers = {"user-agent": agent, "accept": request.accept, "accept-encoding": ACCEPTED}
    if request.purpose is Purpose.ALERT:
        headers["connection"] = "close"
    if request.method == "GET":
        headers |= _conditions(request)
    given = _checked(request.headers)
    return headers | given if at_home else headers


def _conditions(request: Request) -> dict[str, str]:
    """A validator came from the peer's own answer; one that cannot be sent back is left out."""
    validators = {"if-none-match": request.etag, "if-modified-since": request.last_modified}
    return {name: value for name, value in validators.items() if value and _VALUE.fullmatch(value)}


def _checked(given: Mapping[str, str]) -> dict[str, str]:
    checked = {}
    for name, value in given.items():
        if not _TOKEN.fullmatch(name):
            raise FetchError(FetchFailure.INVALID_URL, "a header's name is not a token of HTTP")
        if name.lower() in _OURS:
            raise FetchError(FetchFailure.INVALID_URL, f"the header {name} is watcher's own to set")
        if not _VALUE.fullmatch(value.strip()):
            raise FetchError(FetchFailure.INVALID_URL, f"the header {name} holds a character that cannot be sent")
        checked[name.lower()] = value.strip()
    return checked
