"""Decodes the bytes of a page into clean text: no control characters, no noncharacters, line ends as `\\n`.

The charset is detected by `text.charset`; this module adds what only pages need.
"""

from __future__ import annotations

import codecs
import re

from watcher.text.charset import decode, has_mark, wide_encoding

_PIECE = 2**15
_CONTROL_BYTES = bytes(code for code in range(0x20) if code not in b"\t\n\r") + b"\x7f"
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def decode_page(page: bytes, content_type: str) -> str:
    """Returns the page's text, free of control characters and lone surrogates; never raises."""
    if _may_need_controls(page):
        return _clean(_CONTROLS.sub("", decode(page, content_type=content_type).text))
    # Removed from bytes, control characters take a tenth of the time that a pattern over the text takes.
    return _clean(decode(page.translate(None, _CONTROL_BYTES), content_type=content_type).text)


def page_as_utf8(page: bytes, content_type: str) -> bytes:
    """Returns the text of `decode_page` as UTF-8, but with its line ends: most pages need only be searched for that."""
    if not _may_need_controls(page):
        visible = page.translate(None, _CONTROL_BYTES)
        if not has_mark(visible) and _is_plain_utf8(visible):
            return visible
    return decode_page(page, content_type).encode()


def _may_need_controls(page: bytes) -> bool:
    """Whether bytes of control characters may be parts of other characters: in UTF-16, UTF-32 and ISO-2022-JP."""
    return has_mark(page) or b"\x1b" in page or bool(wide_encoding(page))


def _is_plain_utf8(page: bytes) -> bool:
    """Whether these bytes are UTF-8 without noncharacters: in pieces that stay in the processor's cache."""
    view, start = memoryview(page), 0
    while start < len(page):
        piece = view[start : start + _PIECE]
        try:
            text, length = codecs.utf_8_decode(piece, "strict", len(piece) < _PIECE)
        except UnicodeDecodeError:
            return False
        if "\ufffe" in text or "\uffff" in text:
            return False
        start += length
    return True


def _clean(text: str) -> str:
    for sign, instead in (("\ufffe", ""), ("\uffff", ""), ("\r\n", "\n"), ("\r", "\n")):
        if sign[0] in text:  # a search for one character takes a sixth of the time of a replacement
            text = text.replace(sign, instead)
    return text
