"""Puts the pages together: paths, threads, languages, forms. What a page shows is in `pages`, who may see it in `gate`.

Each page of `PAGES` answers at its path with HTML, and at the path of its twin with JSON.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from watcher.config import WebConfig
from watcher.inquiry.match_feed import MatchFeed
from watcher.runtime.status import StatusMonitor
from watcher.store import StoreReader
from watcher.store.commands import match_feeds
from watcher.web.access import COOKIE, SESSION, Access
from watcher.web.asked import Asked, File, Page, View
from watcher.web.catalogue import Texts, language_of
from watcher.web.feed_formats import ATOM, JSON_FEED, to_atom, to_json_feed
from watcher.web.feed_links import new_token
from watcher.web.gate import Gate
from watcher.web.lanes import Lane
from watcher.web.live import NewDocuments
from watcher.web.pages.actions import ACTIONS
from watcher.web.pages.document import document, document_file, reference
from watcher.web.pages.feeds import feed, feeds
from watcher.web.pages.match_feeds import search_feed, watch_feed
from watcher.web.pages.matches import matches
from watcher.web.pages.outbox import outbox
from watcher.web.pages.press_review import press_review, press_review_file
from watcher.web.pages.search import search_page
from watcher.web.pages.status import status
from watcher.web.pages.timeline import timeline, timeline_file
from watcher.web.pages.watches import try_watch, watches
from watcher.web.parameters import Parameters, name_in_path
from watcher.web.problem import Problem
from watcher.web.rendering import STATIC, render, static_file, to_json
from watcher.web.results import Results

T = TypeVar("T")

HTML, JSON = "text/html; charset=utf-8", "application/json"
_REFERENCES = (
    ("ris", ".ris", "application/x-research-info-systems; charset=utf-8"),
    ("bibtex", ".bib", "application/x-bibtex; charset=utf-8"),
    ("csl-json", ".csl.json", "application/vnd.citationstyles.csl+json"),
)
_FORM = "application/x-www-form-urlencoded"
_LARGEST_FORM = 16 << 10
_FORM_SECONDS = 10
_WRONG_TOKEN_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A page and its paths. `slow`: it has a thread of its own with the other searches."""

    path: str
    json: str
    page: Page
    slow: bool = False


PAGES = (
    Place(path="/", json="/index.json", page=matches),
    Place(path="/documents/{name}", json="/documents/{name}.json", page=document),
    Place(path="/search", json="/search.json", page=search_page, slow=True),
    Place(path="/watches", json="/watches.json", page=watches),
    Place(path="/watches/try", json="/watches/try.json", page=try_watch, slow=True),
    Place(path="/timeline", json="/timeline.json", page=timeline, slow=True),
    Place(path="/feeds", json="/feeds.json", page=feeds),
    Place(path="/feeds/{name}", json="/feeds/{name}.json", page=feed),
    Place(path="/outbox", json="/outbox.json", page=outbox),
    Place(path="/status", json="/status.json", page=status),
    Place(path="/press-review", json="/press-review.json", page=press_review),
)


@asynccontextmanager
async def assembled_site(
    monitor: StatusMonitor, web: WebConfig, token: str, *, stop: asyncio.Event
) -> AsyncIterator[ASGIApp]:
    """Makes the site of a daemon, and ends its threads at the end of the context."""
    site = _Site(monitor, Access(web, token), stop)
    try:
        yield Gate(
            site.router,
            access=site.access,
            hosts=web.hosts,
            refuse=site.refuse,
            now=site.now,
            endless=("/live",),
        )
    finally:
        site.close()


class _Site:
    def __init__(self, monitor: StatusMonitor, access: Access, stop: asyncio.Event) -> None:
        self._monitor = monitor
        self._service = monitor.service
        self.access = access
        self.now = self._service.resources.now
        state = self._service.settings.config.location
        self._lanes = (Lane(state, name="pages"), Lane(state, name="searches", waiting=30))
        self._results = Results()
        self._watch_feeds: set[str] = set()
        self._new = NewDocuments(self._next_number, stop)
        self.router = Router(self._routes(), redirect_slashes=False)

    def close(self) -> None:
        for lane in self._lanes:
            lane.close()

    def _routes(self) -> list[Route]:
        files = [
            Route("/documents/{name}.txt", self._file(document_file, "text/plain; charset=utf-8")),
            *(
                Route(f"/documents/{{name}}{suffix}", self._file(reference(form, suffix), media_type))
                for form, suffix, media_type in _REFERENCES
            ),
            Route("/press-review.md", self._file(press_review_file, "text/markdown; charset=utf-8")),
            Route("/timeline.csv", self._file(timeline_file, "text/csv; charset=utf-8", slow=True)),
        ]
        return [
            *files,
            *self._feed_routes(),
            *(Route(place.json, self._as_json(place)) for place in PAGES),
            *(Route(place.path, self._as_html(place)) for place in PAGES),
            Route("/static/{name}", self._static),
            Route("/live", self._live),
            Route("/login", self._login, methods=["POST"]),
            *(Route(f"/actions/{name}", self._act, methods=["POST"]) for name in ACTIONS),
        ]

    # -- pages ---------------------------------------------------------------------------------------------------------

    def _as_html(self, place: Place) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            texts = self._texts(request)
            result = self._results.find(request.query_params.get("result", ""))
            frame = {
                "here": request.url.path,
                "json_link": _twin(request, place),
                "result": texts.text(result.sentence, **result.values) if result else "",
            }

            def show(asked: Asked) -> bytes:
                view = place.page(asked)
                return render(view.template, texts, {**view.values, **frame}).encode("utf-8", "replace")

            await self._prepare(place)
            return Response(await self._ask(request, show, slow=place.slow), media_type=HTML)

        return answer

    def _as_json(self, place: Place) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            def show(asked: Asked) -> bytes:
                view: View = place.page(asked)
                return to_json(view.json())

            await self._prepare(place)
            return Response(await self._ask(request, show, slow=place.slow), media_type=JSON)

        return answer

    def _file(
        self, make: Callable[[Asked], bytes | File], media_type: str, *, slow: bool = False
    ) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            made = await self._ask(request, make, slow=slow)
            if isinstance(made, bytes):
                return Response(made, media_type=media_type)
            return Response(made.content, media_type=media_type, headers={"Content-Disposition": made.disposition})

        return answer

    def _feed_routes(self) -> Iterator[Route]:
        for path, find, slow in (("watches", watch_feed, False), ("searches", search_feed, True)):
            for suffix, write, media_type in ((".atom", to_atom, ATOM), (".json", to_json_feed, JSON_FEED)):
                yield Route(f"/feeds/{path}/{{name}}{suffix}", self._feed(find, write, media_type, slow=slow))

    def _feed(
        self, find: Callable[[Asked], MatchFeed], write: Callable[[MatchFeed], bytes], media_type: str, *, slow: bool
    ) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            body = await self._ask(request, lambda asked: write(find(asked)), slow=slow)
            headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"', "Cache-Control": "private, no-cache"}
            if _has(request, headers["ETag"]):
                return Response(status_code=304, headers=headers)
            return Response(body, headers=headers, media_type=media_type)

        return answer

    async def _prepare(self, place: Place) -> None:
        """Makes the feeds of watches that are new in the config, before their page shows the addresses."""
        if place.page is not watches:
            return
        if names := {watch.name for watch in self._service.settings.config.watches} - self._watch_feeds:
            tokens = {name: new_token() for name in names}
            await self._service.resources.store.run(match_feeds.ensure_watches, tokens, now=self.now())
            self._watch_feeds |= names

    async def _ask(self, request: Request, answer: Callable[[Asked], T], *, slow: bool = False) -> T:
        """Makes an answer on the thread of its lane."""
        lane = self._lanes[slow]
        parameters = Parameters(request.url.query)
        name = name_in_path(request.path_params.get("name", ""))

        def work(store: StoreReader) -> T:
            asked = Asked(
                store=store,
                config=self._service.settings.config,
                folder=self._service.resources.folder,
                parameters=parameters,
                now=self.now(),
                is_over=lane.is_over,
                name=name,
            )
            return answer(asked)

        return await lane.ask(work)

    async def refuse(self, request: Request, problem: Problem) -> Response:
        """Makes the page of a problem."""
        headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
        if problem.allow:
            headers["Allow"] = problem.allow
        if problem.status == 503:
            headers["Retry-After"] = "2"
        texts = self._texts(request)
        sentence = texts.text(problem.sentence, **problem.values)
        if request.url.path.endswith(".json"):
            body = to_json({"error": problem.status, "message": sentence})
            return Response(body, problem.status, headers, JSON)
        values = {
            "title": f"{problem.status} {texts.text(problem.title)}",
            "sentence": sentence,
            "login": problem.status == 401,
            "next": _local_target(request),
            "here": "",
            "json_link": "/index.json",
            "result": "",
        }
        return Response(render("error.html", texts, values).encode("utf-8", "replace"), problem.status, headers, HTML)

    def _texts(self, request: Request) -> Texts:
        zone = ZoneInfo(self._service.settings.config.corpus.timezone)
        language = language_of(request.headers.get("accept-language", ""))
        return Texts(language=language, zone=zone, now=self.now())

    # -- others --------------------------------------------------------------------------------------------------------

    async def _static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in STATIC:
            raise Problem(404)
        return Response(static_file(name), media_type=STATIC[name], headers={"Cache-Control": "max-age=86400"})

    async def _live(self, request: Request) -> Response:
        since = Parameters(request.url.query).number("next")
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        return self._new.stream(self._next_number() if since is None else since, self._texts(request))

    def _next_number(self) -> int:
        return self._monitor.health.documents if self._monitor.health else 0

    async def _act(self, request: Request) -> Response:
        action = ACTIONS[request.url.path.rpartition("/")[2]]
        outcome = await action(self._service, await _form(request))
        return RedirectResponse(self._results.keep(outcome), status_code=303)

    async def _login(self, request: Request) -> Response:
        fields = await _form(request)
        if self.access.has_token and not self.access.is_token(fields.get("token", "")):
            await asyncio.sleep(_WRONG_TOKEN_SECONDS)
            raise Problem(401, "This is not the token.")
        target = fields.get("next", "")
        response = RedirectResponse(target if _is_local(target) else "/", status_code=303)
        if self.access.has_token:
            session, seconds = self.access.session(now=self.now()), int(SESSION.total_seconds())
            response.set_cookie(COOKIE, session, max_age=seconds, httponly=True, samesite="strict", path="/")
        return response


async def _form(request: Request) -> Mapping[str, str]:
    """Reads the fields of a form. Raises Problem if it is too large, too slow, or something else."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise Problem(400, "The request is not a form.")
    body = b""
    try:
        async with asyncio.timeout(_FORM_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > _LARGEST_FORM:
                    raise Problem(413)
    except TimeoutError:
        raise Problem(400, "The form did not arrive in time.") from None
    try:
        fields = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise Problem(400, "The request is not a form.") from None
    if any("\0" in value for _, value in fields):
        raise Problem(400, "The form contains a NUL character.")
    return dict(fields)


def _has(request: Request, etag: str) -> bool:
    """Whether the reader has this form of an answer already (RFC 9110, 13.1.2)."""
    known = request.headers.get("if-none-match", "").split(",")
    return any(each.strip().removeprefix("W/") in (etag, "*") for each in known)


def _twin(request: Request, place: Place) -> str:
    path = place.json if "{" not in place.json else f"{request.url.path}.json"
    return path + Parameters(request.url.query).linked(result=None)


def _local_target(request: Request) -> str:
    target = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    return target if request.method == "GET" and _is_local(target) else "/"


def _is_local(target: str) -> bool:
    """Whether a text is a path of this server, and not another host."""
    return target.startswith("/") and not target.startswith(("//", "/\\")) and target.isascii() and target.isprintable()
