"""Makes the headers of a request: the client's, the conditional ones, and the operator's for their own origin. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from watcher.errors import FetchError, FetchFailure
from watcher.net.decoding import ACCEPTED
from watcher.net.values import Purpose, Request

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_VALUE = re.compile(r"[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?|")
# These frame the message or belong to the client; set by hand, they could make two parsers disagree about it.
_OURS = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization"}
    | {"proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)


def headers_of(request: Request, *, agent: str, at_home: bool) -> dict[str, str]:
    """Makes the headers for one hop; `at_home`: it goes to the origin of the request's URL.

    Raises FetchError(INVALID_URL) that names an operator's header which cannot be sent, never its value.
    """
    headers = {"user-agent": agent, "accept": request.accept, "accept-encoding": ACCEPTED}
    if request.purpose is Purpose.ALERT:
        headers["connection"] = "close"
    if request.method == "GET":
        headers |= _conditions(request)
    given = _checked(request.headers)
    return headers | given if at_home else headers


def _conditions(request: Request) -> dict[str, str]:
    """Makes the conditional headers. A validator from the server that cannot be sent back is left out."""
    validators = {"if-none-match": request.etag, "if-modified-since": request.last_modified}
    return {name: value for name, value in validators.items() if value and _VALUE.fullmatch(value)}


def _checked(given: Mapping[str, str]) -> dict[str, str]:
    checked = {}
    for name, value in given.items():
        if not _TOKEN.fullmatch(name):
            raise FetchError(FetchFailure.INVALID_URL, "the name of a header is not valid in HTTP")
        if name.lower() in _OURS:
            raise FetchError(FetchFailure.INVALID_URL, f"the header {name} is set by watcher itself")
        if not _VALUE.fullmatch(value.strip()):
            raise FetchError(FetchFailure.INVALID_URL, f"the header {name} contains a character that cannot be sent")
        checked[name.lower()] = value.strip()
    return checked
