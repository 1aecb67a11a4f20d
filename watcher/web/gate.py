"""The gate in front of all pages: checks each request, and gives every answer its header fields and every error a page.

request | limits and encoding | Host | token or proxy | origin of forms | pages
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watcher.errors import QueryTimeout
from watcher.log import event
from watcher.web.access import Access, check_origin
from watcher.web.headers import SECURITY_HEADERS
from watcher.web.hosts import is_own_host
from watcher.web.parameters import check_encoding
from watcher.web.problem import Problem

log = logging.getLogger(__name__)

_SECONDS = 30  # for a whole request, until a slow reader has its answer
_OPEN = ("/static/", "/feeds/watches/", "/feeds/searches/", "/login")  # they need no token, or take their own

Refusal = Callable[[Request, Problem], Awaitable[Response]]


class Gate:
    """Wraps the pages. `refuse` makes the page of a Problem; `endless`: paths whose answers last."""

    def __init__(
        self,
        pages: ASGIApp,
        *,
        access: Access,
        hosts: Collection[str],
        refuse: Refusal,
        now: Callable[[], datetime],
        endless: Collection[str] = (),
    ) -> None:
        self._pages = pages
        self._access = access
        self._hosts = hosts
        self._refuse = refuse
        self._now = now
        self._endless = endless

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        scope["app"] = self  # makes Starlette's router raise its errors
        answer = _Answer(send)
        seconds = None if scope["path"] in self._endless else _SECONDS
        try:
            async with asyncio.timeout(seconds):
                await self._answer(scope, receive, answer)
        except TimeoutError:
            if not answer.started:
                await self._fail(scope, receive, answer, Problem(503))
            else:
                raise

    async def _answer(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            self._check(scope)
            await self._pages(scope, receive, answer)
        except Exception as error:
            if answer.started:
                raise
            await self._fail(scope, receive, answer, _problem_of(error))

    async def _fail(self, scope: Scope, receive: Receive, answer: _Answer, problem: Problem) -> None:
        response = await self._refuse(Request(scope, receive), problem)
        await response(scope, receive, answer)

    def _check(self, scope: Scope) -> None:
        path = check_encoding(scope.get("raw_path") or scope["path"].encode())
        check_encoding(scope["query_string"])
        if not path.startswith("/"):
            raise Problem(400)
        scope["path"] = path  # still encoded, so that "/" in a name is not the end of a part
        request = Request(scope)
        if (host := request.headers.get("host")) is not None:
            address = str((scope.get("server") or ("",))[0])
            if not is_own_host(host, hosts=self._hosts, address=address):
                raise Problem(403, "The address names another host than this one. Add the name to [web] hosts.")
        if not path.startswith(_OPEN):
            peer = request.client.host if request.client else ""
            self._access.check(request.headers, request.cookies, peer, now=self._now())
        if request.method not in ("GET", "HEAD"):
            check_origin(request.headers)


class _Answer:
    """Sends an answer, with the header fields that every answer has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
        await self._send(message)


def _problem_of(error: Exception) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        problem = Problem(error.status_code)
        problem.allow = (error.headers or {}).get("Allow", "")
        return problem
    if isinstance(error, QueryTimeout):
        return Problem(503, "The question took too long. Ask for less, such as fewer days.")
    log.error("a bug in a page", exc_info=error, extra=event("bug", where="pages"))
    return Problem(500)
