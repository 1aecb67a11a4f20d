"""Writes a watch as the lines of config.toml that a person copies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

_LONGEST_NAME = 60
_DELETE = "\x7f"


def watch_lines(query: str, channels: Iterable[str]) -> str:
    """Returns a `[[watches]]` table with this query, for all channels."""
    name = " ".join(re.sub(r"[^\w ./-]+", " ", query).split())[:_LONGEST_NAME].strip() or "New watch"
    listed = ", ".join(_text(channel) for channel in channels)
    return f"[[watches]]\nname = {_text(name)}\nquery = {_text(query)}\nchannels = [{listed}]\n"


def _text(text: str) -> str:
    """Returns a string of TOML: those of JSON are, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace(_DELETE, "\\u007f")
