"""The world around a daemon that is killed again and again: feeds that grow, and receivers that remember.

Nothing in it is ever killed, so it knows what was published and what was sent. No checks; those are in `bench.audit`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.acceptance.pages import news_page, paragraphs
from tests.newsroom import Newsroom
from tests.receivers import Receiver
from watcher.model import Entry

FEEDS = ("/politik", "/stadt", "/alles")
KEYED, CONSOLE, BRIDGE = "hook", "console", "bridge"
TERMS = {"Rutte": (KEYED, CONSOLE), "Purl-Initiative": (BRIDGE,)}
BRIDGE_EVERY = 9  # the bridge takes one message a second: only some reports concern it
LISTED = 120

_TOLD = re.compile(r"Meldung (\d+) aus der Stadt(?:(?!Meldung).)*?(\d{3,}_[0-9a-f]{16}\.txt)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A published report that matches: the text that its document must have, and the channels that must hear of it."""

    number: int
    text: str
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message that a receiver took. `life`: of the daemon, counted from 0; `key`: what makes a repeat harmless."""

    channel: str
    life: int
    number: int
    document: str
    key: str = ""


@dataclass(slots=True, kw_only=True)
class Newswire:
    """Publishes reports on three feeds, and notes which alerts arrived in which life."""

    news: Newsroom
    folder: Path
    dice: random.Random
    life: int = 0
    reports: dict[int, Report] = field(default_factory=dict)
    hook: Receiver = field(init=False)
    bridge: Receiver = field(init=False)
    group_wait: str = "0s"
    _lives: dict[int, int] = field(default_factory=dict)
    _listed: dict[str, list[Entry]] = field(default_factory=lambda: {path: [] for path in FEEDS})
    _next: int = 1

    def __post_init__(self) -> None:
        self.hook = Receiver(self.news, "/hook")
        self.bridge = Receiver(self.news, "/bridge")
        self.serve()

    @property
    def channels(self) -> list[dict[str, object]]:
        """The channels as the config names them."""
        return [
            {"name": KEYED, "type": "webhook", "url": self.hook.url, "group_wait": self.group_wait},
            {"name": CONSOLE, "type": "console", "group_wait": self.group_wait},
            {"name": BRIDGE, "type": "matrix-webhook", "url": self.bridge.url, "group_wait": self.group_wait},
        ]

    @property
    def config(self) -> str:
        """The whole config file's watches and channels, as TOML."""
        watches = [
            f'[[watches]]\nname = "{term}"\nterms = ["{term}"]\nchannels = [{", ".join(map(_quoted, told))}]'
            for term, told in TERMS.items()
        ]
        channels = ["[[channels]]\n" + "\n".join(f"{k} = {_quoted(v)}" for k, v in c.items()) for c in self.channels]
        feeds = [f'[[feeds]]\nname = "{path[1:]}"\nurl = "{self.news.url(path)}"' for path in FEEDS]
        polling = '[polling]\nevery = "1s"\nfastest = "1s"\nslowest = "1s"'
        return "\n\n".join([polling, *feeds, *watches, *channels]) + "\n"

    def publish(self, count: int) -> None:
        """More reports, most of which match; some are in two feeds."""
        for _ in range(count):
            number, self._next = self._next, self._next + 1
            self._write(number, matching=self.dice.random() < 0.85)
        self.serve()

    def serve(self) -> None:
        """Serves the feeds as they are now."""
        for path, entries in self._listed.items():
            self.news.feed(path, entries[:LISTED])

    def told(self) -> Iterator[Told]:
        """Every message that arrived, in the order of each receiver."""
        for channel, receiver in ((KEYED, self.hook), (BRIDGE, self.bridge)):
            for request in list(receiver.accepted):
                life = self._lives.setdefault(id(request), self.life)
                key = request.headers.get("webhook-id", "")
                for number, document in _documents(channel, request.json()):
                    yield Told(channel=channel, life=life, number=number, document=document, key=key)
        for life in range(self.life + 1):
            file = self.console(life)
            text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
            for number, document in _TOLD.findall(text):
                yield Told(channel=CONSOLE, life=life, number=int(number), document=document)

    def heard(self, channel: str) -> int:
        """How many messages of this life the channel has."""
        return sum(message.channel == channel and message.life == self.life for message in self.told())

    def console(self, life: int) -> Path:
        """Where the console of that life is kept."""
        return self.folder / f"console-{life}.txt"

    def end_life(self) -> None:
        """The daemon is dead; alerts that arrived until now belong to this life."""
        for receiver in (self.hook, self.bridge):
            for request in list(receiver.accepted):
                self._lives.setdefault(id(request), self.life)
        self.life += 1

    def _write(self, number: int, *, matching: bool) -> None:
        title = f"Meldung {number} aus der Stadt"
        told = paragraphs(number, matching=matching)
        channels: tuple[str, ...] = TERMS["Rutte"] if matching else ()
        if matching and number % BRIDGE_EVERY == 0:
            told[2] += f" Darum geht es der Purl-Initiative {number}."
            channels += TERMS["Purl-Initiative"]
        link = f"/artikel/{number}.html"
        self.news.page(link, news_page(title, "".join(f"<p>{part}</p>" for part in told)))
        entry = Entry(id=f"kennung-{number}", link=link, title=title, summary="Mehr im Artikel.")
        for path in self.dice.sample(FEEDS, 2 if number % 5 == 0 else 1):
            self._listed[path].insert(0, entry)
        if matching:
            self.reports[number] = Report(number=number, text="\n\n".join([title, *told]), channels=channels)


def _documents(channel: str, body: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    if channel == KEYED:
        for headline in body["headlines"]:
            yield int(re.sub(r"\D", "", headline["title"])), headline["document"]
    else:
        for number, document in _TOLD.findall(body["text"]):
            yield int(number), document


def _quoted(value: object) -> str:
    return f'"{value}"'
