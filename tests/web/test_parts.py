"""The parts of the pages that need no server: threads and their limits, access, languages, texts, marks."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from starlette.types import Message

from watcher.config import WebConfig
from watcher.errors import QueryTimeout
from watcher.inquiry.timeline import Step
from watcher.model import AlertKind, DeliveryState, Place, Quality, RevisionClass, TextFrom
from watcher.store import open_database
from watcher.web.access import COOKIE, Access
from watcher.web.catalogue import Texts, language_of
from watcher.web.german import GERMAN
from watcher.web.lanes import Lane
from watcher.web.listening import tcp_listener
from watcher.web.live import NewDocuments
from watcher.web.parameters import encoded_name, name_in_path
from watcher.web.problem import SENTENCES, Problem
from watcher.web.rendering import Marks, marked
from watcher.web.watch_lines import watch_lines

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEB = Path(__file__).parents[2] / "watcher" / "web"
DRAWING = WEB.parent / "inquiry" / "timeline" / "svg.py"
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


def endless(tx: Connection) -> int:
    return int(tx.execute(text(ENDLESS)).scalar_one())


async def test_questions_wait_in_a_limited_queue(tmp_path: Path) -> None:
    """While one is answered some wait, the next is refused at once, and the event loop goes on."""
    open_database(tmp_path / "watcher.db").dispose()
    lane = Lane(tmp_path / "watcher.db", name="test", waiting=3)
    gate = threading.Event()
    answers = [asyncio.create_task(lane.ask(lambda _store: gate.wait())) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Problem) as refused:
        await lane.ask(lambda _store: True)
    assert refused.value.status == 503
    gate.set()
    assert await asyncio.gather(*answers) == [True, True, True]
    assert await lane.ask(lambda _store: True)
    lane.close()


async def test_a_question_ends_when_its_time_is_over(tmp_path: Path) -> None:
    """Also one that SQLite would answer without end; the next one is answered."""
    open_database(tmp_path / "watcher.db").dispose()
    lane = Lane(tmp_path / "watcher.db", name="test", limit=timedelta(milliseconds=50))
    with pytest.raises(QueryTimeout):
        await lane.ask(lambda store: store.read(endless))
    assert await lane.ask(lambda store: store.read(lambda tx: tx.execute(text("SELECT 7")).scalar_one())) == 7
    lane.close()


async def test_the_end_of_the_daemon_ends_a_question(tmp_path: Path) -> None:
    """However long it would take."""
    open_database(tmp_path / "watcher.db").dispose()
    lane = Lane(tmp_path / "watcher.db", name="test", limit=timedelta(hours=1))
    begun = threading.Event()

    def count(tx: Connection) -> int:
        begun.set()
        return endless(tx)

    asking = asyncio.create_task(lane.ask(lambda store: store.read(count)))
    await asyncio.to_thread(begun.wait)
    lane.close()
    with pytest.raises(QueryTimeout):
        await asking


@pytest.mark.parametrize(
    ("peer", "headers", "may"),
    [
        ("10.1.0.7", {"x-remote-user": "eva"}, True),
        ("::ffff:10.1.0.7", {"x-remote-user": "eva"}, True),
        ("10.1.0.7", {}, False),
        ("10.1.0.7", {"x-remote-user": ""}, False),
        ("10.1.0.8", {"x-remote-user": "eva"}, False),
        ("127.0.0.1", {"x-remote-user": "eva"}, False),
        ("", {"x-remote-user": "eva"}, False),
    ],
)
def test_only_the_proxy_may_name_a_user(peer: str, headers: dict[str, str], may: bool) -> None:
    """The header field counts from its networks, and from nobody else."""
    web = WebConfig(listen="0.0.0.0:8410", proxy_header="x-remote-user", proxy_networks=(ip_network("10.1.0.7/32"),))
    access = Access(web, "")
    if may:
        access.check(headers, {}, peer, now=NOW)
    else:
        with pytest.raises(Problem) as refused:
            access.check(headers, {}, peer, now=NOW)
        assert refused.value.status == 403


def test_wrong_and_short_tokens_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Once a minute, with their number, and without the token; a token may have letters of any alphabet."""
    access = Access(WebConfig(), "lösung")
    for wrong in ("falsch", "auch falsch"):
        with pytest.raises(Problem):
            access.check({"authorization": f"Bearer {wrong}"}, {}, "", now=NOW)
    access.check({"authorization": "Bearer " + "lösung".encode().decode("latin-1")}, {}, "", now=NOW)
    assert [vars(record)["event"] for record in caplog.records] == ["web.token_short", "web.refused"]
    assert "falsch" not in caplog.text
    assert "lösung" not in caplog.text


def test_a_session_ends_and_cannot_be_changed() -> None:
    """After thirty days, with another token, or with another end it is none."""
    access = Access(WebConfig(), "losung")
    session = access.session(now=NOW)
    access.check({}, {COOKIE: session}, "", now=NOW + timedelta(days=29))
    ends_at, _, signature = session.partition(".")
    forged = {COOKIE: f"{int(ends_at) + 1}.{signature}"}
    for who, cookies, when in (
        (access, {COOKIE: session}, NOW + timedelta(days=31)),
        (access, forged, NOW),
        (access, {COOKIE: "²." + signature}, NOW),
        (access, {}, NOW),
        (Access(WebConfig(), "andere"), {COOKIE: session}, NOW),
    ):
        with pytest.raises(Problem) as refused:
            who.check({}, cookies, "", now=when)
        assert refused.value.status == 401


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-CH, en", "de"),
        ("en, de", "en"),
        ("fr, de;q=0.3", "de"),
        ("de;q=0", "en"),
        ("de;q=x, en;q=0.1", "en"),
        ("*", "en"),
        ("de" * 10_000, "en"),
    ],
)
def test_the_language_is_the_preferred_one(header: str, language: str) -> None:
    """German or English, by weight; English where neither is asked for."""
    assert language_of(header) == language


@pytest.mark.parametrize(
    ("ahead", "english", "german"),
    [
        (timedelta(seconds=-5), "just now", "gerade eben"),
        (timedelta(minutes=-1), "1 minute ago", "vor 1 Minute"),
        (timedelta(hours=-5), "5 hours ago", "vor 5 Stunden"),
        (timedelta(days=-3), "3 days ago", "vor 3 Tagen"),
        (timedelta(days=400), "in 13 months", "in 13 Monaten"),
        (timedelta(seconds=5), "in a moment", "gleich"),
    ],
)
def test_times_are_relative(ahead: timedelta, english: str, german: str) -> None:
    """In both languages."""
    zone = ZoneInfo("Europe/Berlin")
    assert Texts(language="en", zone=zone, now=NOW).relative(NOW + ahead) == english
    assert Texts(language="de", zone=zone, now=NOW).relative(NOW + ahead) == german


def english_texts() -> set[str]:
    """The texts of templates and modules."""
    templates = "\n".join(file.read_text(encoding="utf-8") for file in (WEB / "templates").glob("*.html"))
    found = {match[2] for match in re.finditer(r"\b_\(\s*([\"'])(.*?)\1", templates)}
    for match in re.finditer(r"(?:\b_n|parts\.total)\([^\"]*\"(.*?)\", \"(.*?)\"", templates):
        found.update(match.groups())
    sources = [file for file in WEB.rglob("*.py") if file.parent.name != "german"]
    modules = "\n".join(file.read_text(encoding="utf-8") for file in sources)
    found.update(match[1] for match in re.finditer(r"Problem\(\d+, \"(.*?)\"", modules))
    found.update(match[1] for match in re.finditer(r"sentence = \"(.*?)\"", modules))
    found.update(match[1] for match in re.finditer(r"_outcome\(.*?, \"([A-Z].*?)\"", modules))
    found.update(match[1] for match in re.finditer(r"^_[A-Z_]+ = \"([A-Z].*?\.)\"$", modules, re.M))
    found.update(match[1] for match in re.finditer(r"PollRequest\.[A-Z]+: \"(.*?)\"", modules))
    drawing = DRAWING.read_text(encoding="utf-8")
    found.update(match[1] for match in re.finditer(r"words\.text\(\s*\"(.*?)\"", drawing))
    for match in re.finditer(r"words\.counted\([^\"]*\"(.*?)\", \"(.*?)\"", drawing):
        found.update(match.groups())
    for values in (AlertKind, DeliveryState, Place, RevisionClass, Quality, TextFrom, Step):
        found.update(each.value for each in values)
    return found | set(SENTENCES.values())


def test_every_text_has_a_german_form() -> None:
    """With the same places for values."""
    assert english_texts() - set(GERMAN) == set()
    for english, german in GERMAN.items():
        places = [sorted(name for _, name, _, _ in Formatter().parse(each) if name) for each in (english, german)]
        assert places[0] == places[1], english


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
def test_names_survive_in_paths(name: str) -> None:
    """A slash is not the end of a part, and `.json` not that of a path."""
    encoded = encoded_name(name)
    assert name_in_path(encoded) == name
    assert "/" not in encoded
    assert not encoded.endswith(".json")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_the_lines_to_copy_are_the_query(query: str) -> None:
    """Valid TOML for any query."""
    (watch,) = tomli.loads(watch_lines(query, ["a", 'b"\n']))["watches"]
    assert watch["query"] == query
    assert watch["channels"] == ["a", 'b"\n']


@given(st.text(alphabet="ab<&\n"), st.lists(st.tuples(st.integers(-3, 12), st.integers(-3, 12)), max_size=5))
def test_marks_change_no_letter(text: str, spans: list[tuple[int, int]]) -> None:
    """Whatever the offsets are: without marks and escapes it is the text again."""
    written = re.sub("</?mark>", "", marked(text, spans))
    assert written.replace("&lt;", "<").replace("&amp;", "&") == text


async def test_at_most_32_pages_wait_for_news() -> None:
    """Also of those that ask at once, before one of them has its first event; the next comes in when one has left."""
    stop = asyncio.Event()
    new = NewDocuments(lambda: 0, stop)
    texts = Texts(language="en", zone=ZoneInfo("UTC"), now=NOW)
    answers = [new.stream(0, texts) for _ in range(32)]
    with pytest.raises(Problem) as refused:
        new.stream(0, texts)
    assert refused.value.status == 503
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    await answers[0]({"type": "http"}, receive, send)
    assert sent[0]["type"] == "http.response.start"
    new.stream(0, texts)


class Offset(int):
    """An offset that counts how often it is used."""

    used = 0

    def __sub__(self, other: int) -> int:
        Offset.used += 1
        return int(self) - other


def test_a_paragraph_looks_at_its_own_hits_only() -> None:
    """An article of many paragraphs and hits does not hold up the pages: each hit is used for its paragraph alone."""
    paragraphs = [f"{number:04d} Rutte" for number in range(1_000)]
    starts = [number * len("0000 Rutte\n\n") for number in range(1_000)]
    marks = Marks((Offset(start + 5), Offset(start + 10)) for start in starts)
    Offset.used = 0
    for paragraph, start in zip(paragraphs, starts, strict=True):
        assert marks.mark(paragraph, start=start) == f"{paragraph[:5]}<mark>Rutte</mark>"
    assert 0 < Offset.used <= 2 * len(paragraphs)


async def test_answers_do_not_wait_for_acknowledgements() -> None:
    """Connections send at once (TCP_NODELAY): asyncio sees to that where the socket names its protocol."""
    nodelay: list[int] = []

    class Looking(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            nodelay.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            transport.close()

    for host in ("127.0.0.1", "::1"):
        listener = tcp_listener(host, 0)
        async with await asyncio.get_running_loop().create_server(Looking, sock=listener):
            reader, writer = await asyncio.open_connection(host, listener.getsockname()[1])
            assert await reader.read() == b""
            writer.close()
    assert [bool(each) for each in nodelay] == [True, True]
