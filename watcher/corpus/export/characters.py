"""The characters that XML allows, for formats that are built with or without a library for XML."""

from __future__ import annotations

import re

# XML 1.0, 2.2: all characters but these.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def allowed(text: str) -> str:
    """Returns the text without the characters that XML forbids."""
    return _FORBIDDEN.sub("", text)
