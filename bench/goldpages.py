"""The real pages and what is known of them: gold records, the token F1, gold days, and the split into two parts."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from bench.given import REALWORLD

TIMEZONE = "Europe/Berlin"
_DROPPED = re.compile("[\u00ad\u200b]")


@dataclass(frozen=True)
class GoldPage:
    """One page with its gold: `title`, `text` ("" if the body has no gold), `date` (ISO, "" if unknown), `precision`.

    `is_full`: the gold text leaves nothing out, so that an F1 against it means something.
    """

    file: str
    url: str
    language: str
    is_full: bool
    title: str
    text: str
    date: str
    precision: str

    @cached_property
    def bytes(self) -> bytes:
        """The page as stored."""
        return gzip.decompress((REALWORLD / self.file).read_bytes())

    @property
    def is_german(self) -> bool:
        return self.language == "de"

    @property
    def is_held_back(self) -> bool:
        """A third of the pages, by hash of the name: nothing was tuned on them."""
        return int(hashlib.sha256(self.file.encode()).hexdigest(), 16) % 3 == 1

    @property
    def document(self) -> str:
        """What a document of this page should hold: title and text."""
        return f"{self.title}\n\n{self.text}"

    @property
    def day(self) -> str:
        """The gold date in the precision that the page shows; zoned times as the day in `TIMEZONE`."""
        if self.precision == "month":
            return self.date[:7]
        if "T" in self.date:
            moment = datetime.fromisoformat(self.date)
            if moment.tzinfo:
                return moment.astimezone(ZoneInfo(TIMEZONE)).date().isoformat()
        return self.date[:10]


def gold_pages() -> list[GoldPage]:
    """All pages with gold; none where they are not given."""
    if not REALWORLD.is_dir():
        return []
    with (REALWORLD / "gold" / "pages.jsonl").open() as lines:
        return [_gold_page(json.loads(line)) for line in lines]


def token_f1(text: str, gold: str) -> float:
    """The harmonic mean of precision and recall over words, each as often as it occurs; 0.0 to 1.0."""
    one, other = Counter(_words(text)), Counter(_words(gold))
    shared = (one & other).total()
    return 2 * shared / (one.total() + other.total()) if shared else 0.0


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", unicodedata.normalize("NFKC", _DROPPED.sub("", text)).lower())


def _gold_page(record: dict[str, object]) -> GoldPage:
    def text(key: str) -> str:
        value = record.get(key)
        return value if isinstance(value, str) else ""

    is_full = record["gold_kind"] == "full" and record.get("gold_complete", True) is True
    return GoldPage(
        file=text("file"),
        url=text("url"),
        language=text("lang"),
        is_full=is_full,
        title=text("title"),
        text=text("text") if record["gold_kind"] == "full" else "",
        date=text("date"),
        precision=text("date_precision"),
    )
