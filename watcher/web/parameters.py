"""The parameters of a request: read with limits, each of its kind, or a Problem that names the parameter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import MAXYEAR, MINYEAR, date
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode

from watcher.web.problem import Problem

LONGEST = 8 << 10
"""The most bytes of a query string or path."""

_MOST_FIELDS = 50
_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LARGEST_NUMBER = 2**53


def check_encoding(raw: bytes) -> str:
    """Returns a path or query string as text, still percent-encoded. Raises Problem if it is not UTF-8 text."""
    if len(raw) > LONGEST:
        raise Problem(400, "The address is too long.")
    text = raw.decode("latin-1")
    try:
        decoded = unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise Problem(400, "The address is not valid UTF-8 text.") from None
    if _BROKEN.search(text) or not text.isascii():
        raise Problem(400, "The address contains a broken percent-encoding.")
    if "\0" in decoded:
        raise Problem(400, "The address contains a NUL character.")
    return text


def name_in_path(encoded: str) -> str:
    """Decodes a name that is a part of a path."""
    return unquote_to_bytes(encoded).decode("utf-8")


def encoded_name(name: str) -> str:
    """Encodes a name as one part of a path. A final `.json` is encoded, so that it is not read as the form."""
    found = quote(name, safe="")
    return f"{found[:-5]}%2Ejson" if found.endswith(".json") else found


class Parameters(Mapping[str, str]):
    """The parameters of a query string; of a repeated one the first counts. "" and a missing one are the same."""

    def __init__(self, query: str) -> None:
        try:
            pairs = parse_qsl(query, max_num_fields=_MOST_FIELDS)
        except ValueError:
            raise Problem(400, "The address has too many parameters.") from None
        self._values: dict[str, str] = {}
        for name, value in pairs:
            self._values.setdefault(name, value)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterable[str]:  # type: ignore[override]
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def text(self, name: str) -> str:
        """Returns a value without white space around it, "" if it is missing."""
        return self._values.get(name, "").strip()

    def day(self, name: str) -> date | None:
        """Returns a day. Raises Problem if it is not one."""
        text = self.text(name)
        if not text:
            return None
        try:
            found = date.fromisoformat(text)
        except ValueError:
            found = date.min
        if not MINYEAR < found.year < MAXYEAR or text != found.isoformat():  # "2026-W48-7" is a day for Python
            raise Problem(400, "{name}: {value} is not a day such as 2026-11-29.", name=name, value=_shown(text))
        return found

    def number(self, name: str, *, least: int = 0) -> int | None:
        """Returns a whole number. Raises Problem if it is not one."""
        text = self.text(name)
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) < 16 and least <= int(text) <= _LARGEST_NUMBER):
            raise Problem(400, "{name}: {value} is not a number that fits.", name=name, value=_shown(text))
        return int(text)

    def choice(self, name: str, known: Iterable[str]) -> str:
        """Returns one of `known`, "" if it is missing. Raises Problem for other values."""
        text = self.text(name)
        if text and text not in (choices := tuple(known)):
            listed = ", ".join(choices)
            raise Problem(400, "{name}: {value} is not one of {known}.", name=name, value=_shown(text), known=listed)
        return text

    def linked(self, **changed: object) -> str:
        """Returns a query string with some parameters changed, "" if none is left. None removes one."""
        values = {**self._values, **changed}
        kept = {name: value for name, value in values.items() if value not in (None, "")}
        return f"?{urlencode(kept)}" if kept else ""


def _shown(text: str) -> str:
    return f"“{text[:40]}…”" if len(text) > 40 else f"“{text}”"
