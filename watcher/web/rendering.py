"""Renders templates and JSON. Everything is escaped; only text goes into a page."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from watcher.alerts.tidy import clean, tidy, web_link
from watcher.model import PartialDate, Snippet
from watcher.web.catalogue import Texts
from watcher.web.parameters import encoded_name

_MARK = Markup("<mark>{}</mark>")
FOLDER = Path(__file__).parent
STATIC = {
    "style.css": "text/css; charset=utf-8",
    "script.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
"""The files that pages load, with their types."""


def render(template: str, texts: Texts, values: Mapping[str, Any]) -> str:
    """Renders a template in a language."""
    return _environment().get_template(template).render(values, _=texts.text, _n=texts.counted, texts=texts)


def render_file(template: str, values: Mapping[str, Any]) -> str:
    """Renders a template that has no texts for people."""
    return _environment().get_template(template).render(values)


def to_json(value: object) -> bytes:
    """Returns a value as JSON."""
    return json.dumps(value, ensure_ascii=False, default=_plain).encode("utf-8", "replace")


@cache
def static_file(name: str) -> bytes:
    """Reads a file that pages load."""
    return (FOLDER / "static" / name).read_bytes()


@cache
def static_link(name: str) -> str:
    """Returns the address of a file, which changes with its content."""
    return f"/static/{name}?{hashlib.sha256(static_file(name)).hexdigest()[:12]}"


def runs(snippet: Snippet) -> Markup:
    """Writes a snippet with its hits marked."""
    parts = (_MARK.format(clean(text)) if hit else escape(clean(text)) for text, hit in snippet.runs)
    before, after = ("… " if snippet.cut_before else ""), (" …" if snippet.cut_after else "")
    return Markup("").join((before, *parts, after))


class Marks:
    """The hits of a text, at `spans`, for each of its parts."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self._spans = _joined(spans)
        self._ends = [last for _, last in self._spans]

    def mark(self, text: str, *, start: int = 0) -> Markup:
        """Writes the part of the text that begins at `start`, with its hits marked."""
        parts, place = [], 0
        for first, last in islice(self._spans, bisect_right(self._ends, start), None):
            if first >= start + len(text):
                break
            first, last = max(first - start, place), min(last - start, len(text))
            if first < last:
                parts += [escape(text[place:first]), _MARK.format(text[first:last])]
                place = last
        return Markup("").join((*parts, escape(text[place:])))


def marked(text: str, spans: Iterable[tuple[int, int]]) -> Markup:
    """Writes a text with the hits at `spans` marked."""
    return Marks(spans).mark(text)


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Joins spans that overlap, and leaves out empty ones."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(each for each in spans if each[0] < each[1]):
        if found and first < found[-1][1]:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return found


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        {"tidy": tidy, "web_link": web_link, "name_in_path": encoded_name, "runs": runs, "marked": marked}
    )
    environment.globals.update({"static": static_link})
    return environment


def _plain(value: object) -> object:
    if isinstance(value, datetime | PartialDate):
        return value.isoformat()
    raise TypeError(f"no JSON form for {type(value).__name__}")
