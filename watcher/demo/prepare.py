"""Writes the config of a demo."""

from __future__ import annotations

import json
from pathlib import Path

from watcher.demo.newsroom import DemoNewsroom


def prepare_demo(folder: Path, newsroom: DemoNewsroom) -> Path:
    """Writes `config.toml` for `newsroom` into `folder`, creates it if it is missing, and returns the file's path.

    Documents go to `seeds/` and state to `state/` below the folder; alerts go to the console at once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.toml"
    feeds = "".join(
        _FEED.format(name=json.dumps(name, ensure_ascii=False), url=url) for name, url in newsroom.feeds.items()
    )
    file.write_text(_HEAD + feeds + _TAIL, encoding="utf-8")
    return file


_HEAD = """\
# Written by `watcher demo`, which serves these feeds on loopback.

[corpus]
folder = "seeds"
timezone = "Europe/Berlin"

[state]
url = "sqlite:///state/watcher.db"

[web]
listen = "127.0.0.1:0"

[polling]
every = "1s"
fastest = "1s"
slowest = "2s"
"""

_FEED = """
[[feeds]]
name = {name}
url = "{url}"
"""

_TAIL = """
[[watches]]
name = "Rutte"
terms = ["Rutte", "Purl-Initiative"]
channels = ["terminal"]

[[channels]]
name = "terminal"
type = "console"
group_wait = "0s"
"""
