"""A static newsroom for measurements: its files on disk, and a server for them in a process of its own.

nginx serves it where it is installed; else `python -m bench.site FOLDER`, an asyncio server that answers from memory.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import unescape
from pathlib import Path
from urllib.request import urlopen

import trafilatura

from bench.given import REALWORLD

TERM = "Quarzwächter"
ENTRIES_PER_FEED = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What was written: `feeds` are addresses, `planted` counts the pages that hold TERM in their text."""

    folder: Path
    hosts: tuple[str, ...]
    feeds: tuple[str, ...]
    pages: int
    planted: int
    source: str


def write_site(folder: Path, port: int, *, pages: int, match_percent: float, dated: bool, addresses: int = 1) -> Site:
    """Write `pages` different pages and the feeds that list them below `folder`.

    Pages are real ones where `shared/realworld` lies beside the checkout, each used several times with a sentence of
    its own in a paragraph of its article, so that no two texts are the same; every so many also hold TERM there. Each
    loopback host shows a page once, or at as many `addresses` as asked, with nothing new but a number.

    `dated`: the feeds date their entries, as 93 of 101 real ones do; else each page is searched for its date.
    """
    templates = tuple(_templates(real_pages())) or tuple(_templates(_made_pages()))
    templates = templates[: max(pages // addresses, 1)]
    (folder / "p").mkdir(parents=True)
    (folder / "feeds").mkdir()
    planted = 0
    for number in range(pages):
        plant = int((number + 1) * match_percent / 100) > int(number * match_percent / 100)
        planted += plant
        page = templates[number % len(templates)].personal(number, plant=plant)
        (folder / "p" / f"{number}.html").write_text(page, encoding="utf-8")
    share = len(templates) * addresses
    shares = [range(first, min(first + share, pages)) for first in range(0, pages, share)]
    hosts = tuple(f"127.0.{number // 250}.{1 + number % 250}" for number in range(len(shares)))
    feeds = tuple(
        _write_feed(folder, f"http://{host}:{port}", numbers, date=format_datetime(datetime.now(UTC)) if dated else "")
        for host, share in zip(hosts, shares, strict=True)
        for numbers in _in_feeds(share)
    )
    source = f"{len(templates)} {'real' if len(templates) > 20 else 'made-up'} pages"
    return Site(folder=folder, hosts=hosts, feeds=feeds, pages=pages, planted=planted, source=source)


def real_pages() -> Iterator[str]:
    """The pages of `shared/realworld`; none where it does not lie beside the checkout."""
    routes = REALWORLD / "replay" / "routes.jsonl"
    if not routes.is_file():
        return
    for line in routes.read_text(encoding="utf-8").splitlines():
        route = json.loads(line)
        if route["content_type"] == "text/html; charset=utf-8":
            yield gzip.decompress((REALWORLD / route["file"]).read_bytes()).decode("utf-8", "replace")


def _made_pages() -> Iterator[str]:
    """Ten pages of the size of news pages: 80 KB of menu, script and teasers around twelve paragraphs."""
    menu = "".join(f'<li class="entry"><a href="/ressort/{n}">Ressort {n}</a></li>' for n in range(400))
    script = "<script>" + "var zustand = {messung: 1};" * 1500 + "</script>"
    for number in range(10):
        sentence = f"In Fassung {number} beraten die Gemeinden über Wege, Schulen und das Wasser aus den Bergen. "
        body = "".join(f"<p>{sentence * (3 + part % 3)}Abschnitt {part}.</p>" for part in range(12))
        yield (
            f'<!DOCTYPE html><html lang="de"><head><meta charset="utf-8"><title>Bericht {number}</title>{script}</head>'
            f"<body><nav><ul>{menu}</ul></nav><article><h1>Bericht {number}</h1>{body}</article></body></html>"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Template:
    """A page in two parts; a sentence between them is one more of the article, not of a teaser or a comment."""

    before: str
    after: str

    def personal(self, number: int, *, plant: bool) -> str:
        own = f" Die Kennung dieser Seite ist {number}-{number * 7919 % 10007}."
        if plant:  # in letters: paragraphs that differ in digits only are repetitions
            name = "".join("abcdefghij"[int(digit)] for digit in str(number))
            own += f" So meldet es der {TERM} am Abend aus {name.title()}."
        return self.before + own + self.after


_PARAGRAPH = re.compile(r"<p\b[^>]*>([^<]{120,})</p>")


def _templates(pages: Iterable[str]) -> Iterator[_Template]:
    """A template for each page with a plain paragraph amid what a strict extractor takes for its body."""
    for page in pages:
        body = trafilatura.extract(page, include_comments=False, favor_precision=True) or ""
        inside = [found for found in _PARAGRAPH.finditer(page) if unescape(found[1]).strip()[:80] in body]
        if inside:
            end = inside[len(inside) // 2].end(1)
            yield _Template(before=page[:end], after=page[end:])


def _in_feeds(pages: range) -> Iterator[range]:
    return (pages[start : start + ENTRIES_PER_FEED] for start in range(0, len(pages), ENTRIES_PER_FEED))


def _write_feed(folder: Path, origin: str, numbers: range, *, date: str) -> str:
    stated = f"<pubDate>{date}</pubDate>" if date else ""
    entries = "".join(
        f"<item><title>Meldung {number}</title><link>{origin}/p/{number}.html</link>{stated}"
        f"<description>Kurz gefasst, Nummer {number}.</description></item>"
        for number in numbers
    )
    path = f"feeds/{numbers.start}.xml"
    (folder / path).write_text(
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Messung</title>'
        f"<link>{origin}/</link><description>Messung</description>{entries}</channel></rss>",
        encoding="utf-8",
    )
    return f"{origin}/{path}"


# -- serving -----------------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def nginx() -> str | None:
    return shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin")


@contextmanager
def serving(site: Site, port: int, *, server: str) -> Iterator[None]:
    """Serve the site on its loopback hosts by `server` ("nginx" or "own") in a process until the block ends."""
    command = (
        _nginx_command(site, port)
        if server == "nginx"
        else [sys.executable, "-m", "bench.site", str(site.folder), str(port), *site.hosts]
    )
    process = subprocess.Popen(command, cwd=Path(__file__).parents[1], stderr=subprocess.DEVNULL)
    try:
        _wait_until_up(f"http://127.0.0.1:{port}/p/0.html", process)
        yield
    finally:
        process.terminate()
        process.wait()


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            with urlopen(url, timeout=5) as answer:
                answer.read()
            return
        except OSError:
            continue
    raise RuntimeError(f"the server ended with {process.returncode}")


def _nginx_command(site: Site, port: int) -> list[str]:
    work = site.folder.parent / "nginx"
    work.mkdir(exist_ok=True)
    listen = " ".join(f"listen {host}:{port} backlog=1024;" for host in site.hosts)
    spools = " ".join(
        f"{kind}_temp_path {work}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (work / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {work}/pid; error_log {work}/error.log;\n"
        "events { worker_connections 1024; }\n"
        f"http {{ access_log off; keepalive_requests 1000000; charset utf-8; tcp_nodelay on; sendfile on; {spools}\n"
        "types { text/html html; application/rss+xml xml; }\n"
        f"server {{ {listen} root {site.folder}; }} }}\n"
    )
    return [str(nginx()), "-p", str(work), "-c", str(work / "nginx.conf"), "-e", str(work / "error.log")]


class _Static(asyncio.Protocol):
    """HTTP/1.1 GETs with keep-alive, answered from a dict; enough for the two programs measured."""

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self._answers = answers
        self._pending = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport if isinstance(transport, asyncio.WriteTransport) else None

    def data_received(self, data: bytes) -> None:
        self._pending += data
        while b"\r\n\r\n" in self._pending and self._transport:
            head, _, self._pending = self._pending.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1]
            self._transport.write(self._answers.get(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"))


def _answers(folder: Path) -> dict[bytes, bytes]:
    types = {".html": "text/html; charset=utf-8", ".xml": "application/rss+xml; charset=utf-8"}
    return {
        b"/" + str(file.relative_to(folder)).encode(): (
            f"HTTP/1.1 200 OK\r\nContent-Type: {types[file.suffix]}\r\nContent-Length: {file.stat().st_size}\r\n\r\n"
        ).encode()
        + file.read_bytes()
        for file in folder.rglob("*.*")
    }


async def _serve(folder: Path, port: int, hosts: Sequence[str]) -> None:
    answers = _answers(folder)
    server = await asyncio.get_running_loop().create_server(lambda: _Static(answers), hosts, port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
