"""The plain loop: fetch each feed, fetch each page, extract, search. Prints how many pages matched.

`python -m bench.plain_loop TERM FEED_URL...`. What most scripts of this kind do, with the same libraries as watcher.
"""

from __future__ import annotations

import re
import sys

import feedparser
import httpx
import trafilatura


def main(term: str, feeds: list[str]) -> int:
    pattern = re.compile(rf"\b{re.escape(term)}\b", re.IGNORECASE)
    matches = 0
    with httpx.Client() as client:
        for feed in feeds:
            for entry in feedparser.parse(client.get(feed).content).entries:
                text = trafilatura.extract(client.get(entry.link).text) or ""
                matches += bool(pattern.search(text))
    return matches


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2:]))
