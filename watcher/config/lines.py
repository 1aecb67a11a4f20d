"""Finds the lines of each key in a valid TOML text, which tomli does not report."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

import tomli

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACES = re.compile(r"[ \t]*")
_KEY_PART = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*'""")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_SCALAR = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'"
    r"|[^,\]}\n#]+",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """First and last line, counted from 1, of a key with its value or of a table."""

    first: int
    last: int


def index_lines(text: str) -> dict[KeyPath, Lines]:
    """Returns the lines of each key of `text`, which must be valid TOML, by paths like `("feeds", 2, "url")`."""
    scanner = _Scanner(text)
    scanner.document()
    return {path: Lines(first=first, last=last) for path, (first, last) in scanner.spans.items()}


def line_of(index: Mapping[KeyPath, Lines], path: KeyPath) -> int:
    """Returns the line of `path` or, for a missing key, of the nearest table around it; else 0."""
    for length in range(len(path), 0, -1):
        if path[:length] in index:
            return index[path[:length]].first
    return 0


def format_path(path: KeyPath) -> str:
    """Returns a path as `feeds[2].url`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


class _Scanner:
    """Scans the text once.

    `elements`: the index of the last table of each array of tables, so that `[a.b]` belongs to the right `[[a]]`.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.newlines = [match.start() for match in re.finditer("\n", text)]
        self.spans: dict[KeyPath, tuple[int, int]] = {}
        self.elements: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        self.skip(_BLANK)
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.key_and_value(table)
            self.skip(_BLANK)

    def header(self) -> KeyPath:
        line = self.line()
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        *around, name = self.key()
        table = (*self.resolve(around), name)
        if brackets == 2:
            self.mark((), table, line)
            self.elements[table] = self.elements.get(table, -1) + 1
        path = self.resolve([*around, name])
        self.at = self.text.index("]", self.at) + brackets
        self.mark((), path, line)
        return path

    def resolve(self, parts: list[str]) -> KeyPath:
        path: KeyPath = ()
        for part in parts:
            path += (part,)
            if path in self.elements:
                path += (self.elements[path],)
        return path

    def key(self) -> list[str]:
        self.skip(_SPACES)
        parts = [self.key_part()]
        while self.skip(_DOT):
            parts.append(self.key_part())
        return parts

    def key_part(self) -> str:
        part = self.skip(_KEY_PART)
        return str(tomli.loads(f"key = {part}")["key"]) if part[0] in "\"'" else part

    def key_and_value(self, table: KeyPath) -> None:
        line = self.line()
        path = (*table, *self.key())
        self.mark(table, path, line)
        self.skip(_EQUALS)
        self.value(path)

    def value(self, path: KeyPath) -> None:
        if self.text[self.at] == "[":
            self.array(path)
        elif self.text[self.at] == "{":
            self.inline_table(path)
        else:
            self.skip(_SCALAR)
        self.extend(path, self.line(self.at - 1))

    def array(self, path: KeyPath) -> None:
        number = 0
        self.at += 1
        while self.more("]"):
            self.mark(path, (*path, number), self.line())
            self.value((*path, number))
            number += 1

    def inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while self.more("}"):
            self.key_and_value(path)

    def more(self, closing: str) -> bool:
        """Skips blanks and a comma; returns whether another element follows, else skips `closing`."""
        self.skip(_BLANK)
        if self.text[self.at] == ",":
            self.at += 1
            self.skip(_BLANK)
        if self.text[self.at] != closing:
            return True
        self.at += 1
        return False

    def skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match[0]

    def line(self, at: int | None = None) -> int:
        return bisect_left(self.newlines, self.at if at is None else at) + 1

    def mark(self, table: KeyPath, path: KeyPath, line: int) -> None:
        """Records the first line of `path` and of the tables that it opens below `table`."""
        for length in range(len(table) + 1, len(path) + 1):
            self.spans.setdefault(path[:length], (line, line))
        self.extend(path, line)

    def extend(self, path: KeyPath, line: int) -> None:
        for length in range(1, len(path) + 1):
            if path[:length] in self.spans:
                first, last = self.spans[path[:length]]
                self.spans[path[:length]] = (first, max(last, line))
