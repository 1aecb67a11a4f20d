"""Builds a light tree of a feed with expat, whose elements and attributes have the names that feedparser gives them.

No values are read here. Namespaces that feedparser treats in a way of its own raise Unsupported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from watcher.feeds.formats.feedparser_rules import PREFIXES

_USERLAND = "backend.userland.com/rss"  # feedparser takes every address with this part for the same
_MAX_DEPTH = 6
# The format that feedparser derives from a declared namespace: (prefix, or * for any, and address).
_FORMATS = {
    ("", "http://my.netscape.com/rdf/simple/0.9/"): "rss090",
    ("*", "http://purl.org/rss/1.0/"): "rss10",
    ("*", "http://www.w3.org/2005/atom"): "atom10",
}


class Unsupported(Exception):
    """The feed has something that only feedparser reads."""


@dataclass(slots=True)
class Element:
    """An element of a feed; `name` is lower-case, "prefix_name" or "name". `pieces`: character data directly in it."""

    name: str
    attributes: dict[str, str]
    pieces: list[str] = field(default_factory=list)
    children: list[Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces).strip()


class Tree:
    """The tree of one feed. `version`: the format that its namespaces show, "" if none does."""

    def __init__(self, data: bytes) -> None:
        """Raises Unsupported or ExpatError."""
        self.version = ""
        self._open = [Element("", {})]
        self._names: dict[str, str] = {}
        self._prefixes: dict[str, str] = {}
        self._declared: dict[str, str] = {}
        parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.buffer_text = True
        parser.StartNamespaceDeclHandler = self._declare
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.Parse(data, True)
        (self.root,) = self._open[0].children

    def _declare(self, prefix: str | None, uri: str) -> None:
        """Records a prefix; leaves feeds to feedparser where it matters that it never drops one."""
        given, lower = (prefix or "").lower(), uri.lower()
        if len(self._open) == 1 and not self.version:
            self.version = _FORMATS.get((given, lower)) or _FORMATS.get(("*", lower), "")
        known = "" if _USERLAND in lower else PREFIXES.get(lower)
        if known == "xlink" or (given and self._declared.get(given, lower) != lower):
            raise Unsupported
        if given:
            self._declared[given] = lower
        remapped = {name for name, of in self._declared.items() if PREFIXES.get(of, name) != name}
        if remapped & {PREFIXES.get(of) for of in self._declared.values()}:
            raise Unsupported
        if known is None:
            self._prefixes.setdefault(uri, given)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        known = self._names.get(name)
        if known is None:
            known = self._names[name] = self._name(name)
        element = Element(known, _attributes(attributes) if attributes else {})
        if len(self._open) > _MAX_DEPTH:
            raise Unsupported
        self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop()

    def _characters(self, text: str) -> None:
        self._open[-1].pieces.append(text)

    def _name(self, name: str) -> str:
        uri, _, local = name.rpartition(" ")
        if not uri:
            return local.lower()
        prefix = "" if _USERLAND in uri.lower() else PREFIXES.get(uri.lower())
        if prefix is None:
            prefix = self._prefixes[uri]
        return f"{prefix}_{local.lower()}" if prefix else local.lower()


def _attributes(given: dict[str, str]) -> dict[str, str]:
    """Returns attributes under feedparser's names; it drops the prefix of namespaces that it does not know."""
    found: dict[str, str] = {}
    for name, value in given.items():
        uri, _, local = name.rpartition(" ")
        prefix = PREFIXES.get(uri.lower()) if uri else None
        key = f"{prefix}:{local.lower()}" if prefix else local.lower()
        if (uri and not prefix) or key in found or key in ("base", "xml:base"):
            raise Unsupported
        found[key] = value.lower() if key in ("rel", "type") else value
    return found
