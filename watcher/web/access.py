"""Decides who may read the pages: by a token, by a header of a trusted proxy, or everybody who reaches the address."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address

from watcher.config import WebConfig
from watcher.log import event
from watcher.web.problem import Problem

log = logging.getLogger(__name__)

COOKIE = "watcher"
SESSION = timedelta(days=30)
SHORTEST_TOKEN = 16
_LOG_INTERVAL = 60.0  # seconds


class Access:
    """The rules of `[web]`. `token`: the resolved secret, "" without one."""

    def __init__(self, web: WebConfig, token: str) -> None:
        self._web = web
        self._token = token
        self._wrong = 0
        self._logged_at = float("-inf")
        if 0 < len(token) < SHORTEST_TOKEN:
            words = "the token of [web] is short and can be guessed; `openssl rand -base64 24` makes a better one"
            log.warning(words, extra=event("web.token_short"))

    @property
    def has_token(self) -> bool:
        """Whether readers can log in with a token."""
        return bool(self._token)

    def check(self, headers: Mapping[str, str], cookies: Mapping[str, str], peer: str, *, now: datetime) -> None:
        """Raises Problem unless the request comes from a reader. `peer`: the address of the client, "" if none."""
        if not self._token and not self._web.proxy_header:
            return
        if self._web.proxy_header and self._is_proxy(peer) and headers.get(self._web.proxy_header):
            return
        if self._token and (self._is_session(cookies.get(COOKIE, ""), now) or self._is_bearer(headers)):
            return
        raise Problem(401 if self._token else 403)

    def is_token(self, text: str) -> bool:
        """Compares a text with the token, in constant time. Wrong ones are logged, once a minute, with their number."""
        is_right = bool(self._token) and hmac.compare_digest(text.strip().encode(), self._token.encode())
        if not is_right:
            self._wrong += 1
            if time.monotonic() - self._logged_at >= _LOG_INTERVAL:
                self._logged_at = time.monotonic()
                log.warning(
                    "wrong tokens for the pages so far: %d", self._wrong, extra=event("web.refused", count=self._wrong)
                )
        return is_right

    def session(self, *, now: datetime) -> str:
        """Makes the value of the cookie. It holds its end and a signature by the token, not the token."""
        ends_at = int((now + SESSION).timestamp())
        return f"{ends_at}.{self._signature(ends_at)}"

    def _is_session(self, cookie: str, now: datetime) -> bool:
        ends_at, _, signature = cookie.partition(".")
        if not (ends_at.isascii() and ends_at.isdigit() and len(ends_at) < 16):
            return False
        is_signed = hmac.compare_digest(signature.encode(), self._signature(int(ends_at)).encode())
        return is_signed and now.timestamp() < int(ends_at)

    def _signature(self, ends_at: int) -> str:
        return hmac.new(self._token.encode(), f"watcher session {ends_at}".encode(), hashlib.sha256).hexdigest()

    def _is_bearer(self, headers: Mapping[str, str]) -> bool:
        scheme, _, text = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        return self.is_token(text.encode("latin-1", "replace").decode("utf-8", "replace"))  # Starlette reads Latin-1

    def _is_proxy(self, peer: str) -> bool:
        """Whether the peer is a trusted proxy. A Unix socket has no addresses: the rights of its file decide."""
        if self._web.socket:
            return True
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._web.proxy_networks)


def check_origin(headers: Mapping[str, str]) -> None:
    """Raises Problem for a form that a page of another site sends. Programs send none of these header fields."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        is_ours = site.strip().lower() in ("same-origin", "none")
    else:
        origin = headers.get("origin")
        is_ours = origin is None or _host_of(origin) == _normal(headers.get("host", ""))
    if not is_ours:
        raise Problem(403, "The form comes from another site, so it was not used.")


def _host_of(origin: str) -> str:
    """Returns host and port of an origin, without a default port; "null" for other texts."""
    scheme, separator, host = origin.strip().partition("://")
    default = {"http": ":80", "https": ":443"}.get(scheme.lower())
    return _normal(host).removesuffix(default) if separator and default else "null"


def _normal(host: str) -> str:
    return host.strip().lower()
