"""The replay of real feeds and pages, served on loopback for tests: `shared/realworld/replay` beside the checkout.

Feeds name pages under `http://replay.invalid/`; that prefix becomes the server's own address. Nothing of it is copied.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

from bench.given import REALWORLD
from tests.newsroom import Newsroom

PLACEHOLDER = b"http://replay.invalid/"
_TYPES = {".json": "application/feed+json", ".rdf": "application/rdf+xml", ".xml": "application/xml"}


class Replay:
    """All feeds and pages of the replay, as routes of `newsroom`. `feeds`: name to address, in name order."""

    def __init__(self, newsroom: Newsroom) -> None:
        self.newsroom = newsroom
        self.pages = tuple(self._serve_page(line) for line in _lines(REALWORLD / "replay" / "routes.jsonl"))
        folder = REALWORLD / "replay" / "feeds"
        self.feeds = {file.name: self._serve_feed(file) for file in sorted(folder.iterdir())}

    def fetched(self) -> Counter[str]:
        """GETs so far per path that holds a page of the replay."""
        known = set(self.pages)
        asked = (r.path if r.path in known else r.path.partition("?")[0] for r in list(self.newsroom.requests))
        return Counter(path for path in asked if path in known)

    def _serve_page(self, line: str) -> str:
        route = json.loads(line)
        path = f"/{route['host']}{route['path']}"
        body = gzip.decompress((REALWORLD / route["file"]).read_bytes())
        self.newsroom.page(path, body, content_type=route["content_type"])
        return path

    def _serve_feed(self, file: Path) -> str:
        body = file.read_bytes().replace(PLACEHOLDER, self.newsroom.origin.encode() + b"/")
        return self.newsroom.feed_bytes(f"/feeds/{file.name}", body, content_type=_TYPES[file.suffix])


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines()
