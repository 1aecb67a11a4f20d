"""A desk to try commands at: the shipped config in a folder of its own, its feeds those of a newsroom on loopback."""

from __future__ import annotations

import os
import re
import shlex
import signal
from pathlib import Path

import tomlkit

from tests.acceptance import fork_server
from tests.docs.pages import ROOT
from tests.newsroom import Newsroom
from tests.patience import HANGS
from watcher.model import Entry


class Desk:
    """A folder with the shipped config, its feeds replaced by those of a newsroom on loopback."""

    def __init__(self, folder: Path, news: Newsroom) -> None:
        self.folder = folder
        self._news = news
        text = "Rutte sprach am Mittag über die Purl-Initiative und ihre Kosten. " * 8
        link = '<link rel="alternate" type="application/rss+xml" href="/advertised.xml">'
        body = f"<h1>Rutte in Leer</h1><article><p>{text}</p></article>"
        self._page = news.page("/rutte.html", f"<html><head>{link}</head><body>{body}</body></html>")
        self._entries = [Entry(id="1", link="/rutte.html", title="Rutte in Leer")]
        news.feed("/advertised.xml", self._entries)
        config = tomlkit.parse((ROOT / "config.toml").read_text(encoding="utf-8"))
        for number, feed in enumerate(config["feeds"]):
            feed["url"] = news.feed(f"/{number}.xml", self._entries)
        config["web"]["listen"] = "127.0.0.1:0"  # several desks work at the same time
        (folder / "config.toml").write_text(tomlkit.dumps(config), encoding="utf-8")
        (folder / "notiz.txt").write_text("Was Rutte will\n", encoding="utf-8")

    def run(self, command: str) -> str:
        """What is wrong with a `watcher` command that is run here, "" if it ends with 0 as it should."""
        arguments = [self._local(word) for word in shlex.split(command)[1:]]
        with (self.folder / "shown.txt").open("wb") as shown:
            process = fork_server.start(arguments, cwd=self.folder, environment=environment(), streams=(shown, shown))
            try:
                if arguments[-1] == "run":
                    self._news.wait_for(lambda: self._news.count("/0.xml") > 0, timeout=HANGS)
                    process.send_signal(signal.SIGTERM)
                code = process.wait(HANGS)
            finally:
                process.kill()
        return f"{command}: exit code {code}\n{Path(shown.name).read_text(encoding='utf-8')}" if code else ""

    def _local(self, word: str) -> str:
        """Addresses become those of the newsroom: that of a feed it does not have yet, or of its page."""
        if not word.startswith(("https://", "http://")):
            return word
        if re.search(r"feed|rss|atom|\.xml", word):
            return self._news.feed("/added.xml", self._entries, title="Beispielblatt")
        return self._page


def environment() -> dict[str, str]:
    """This process's environment without what would lead a child to the network, or to another program than ours."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
    for name in ("WATCHER_CONFIG", "PYTHONPATH"):
        kept.pop(name, None)
    return kept | {"NO_COLOR": "1", "PYTHONUTF8": "1", "STATE_URL": "sqlite:///moved/watcher.db"}
