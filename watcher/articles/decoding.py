"""Bytes of a stranger's page -> text. Charsets only; what the text means is not known here."""

from __future__ import annotations

import codecs
import re

import webencodings

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PIECE = 2**15
_META_REACH = 4096  # browsers look at 1,024 bytes; real pages declare their charset later than that
_META_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)\b[^>]{0,500}?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]{1,40})""", re.I
)
_HEADER_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.I)
_CONTROL_BYTES = bytes(code for code in range(0x20) if code not in b"\t\n\r") + b"\x7f"
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ESCAPE_ENCODINGS = frozenset({"iso-2022-jp"})
_TOLERATED_DAMAGE = 0.1


def decode_page(page: bytes, content_type: str) -> str:
    """The page's text, free of control characters and lone surrogates; never raises.

    A byte order mark wins. Bytes that are valid UTF-8 beyond ASCII are UTF-8 whatever the page claims (chance does not
    produce that; wrong claims are common). Then the HTTP charset, then the page's own, both only from the list of the
    WHATWG encoding standard (so that `charset=zlib_codec` is nothing); then UTF-8 with some damage; then windows-1252.
    """
    for mark, codec in _BOMS:
        if page.startswith(mark):
            return _clean(_CONTROLS.sub("", page[len(mark) :].decode(codec, "replace")))
    return _clean(_decode_unmarked(page, _declared(page, content_type)))


def page_as_utf8(page: bytes, content_type: str) -> bytes:
    """The text of `decode_page` as UTF-8, but with its line ends: most pages need only be looked through for that."""
    if not page.startswith(tuple(mark for mark, _ in _BOMS)) and b"\x1b" not in page and not _wide_codec(page):
        visible = page.translate(None, _CONTROL_BYTES)
        if _is_plain_utf8(visible):
            return visible
    return decode_page(page, content_type).encode()


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


def _decode_unmarked(page: bytes, declared: list[webencodings.Encoding]) -> str:
    for encoding in declared:
        if encoding.name in _ESCAPE_ENCODINGS and b"\x1b" in page:
            return _with(encoding, page)
    wide = _wide_codec(page)
    if wide:
        return _CONTROLS.sub("", page.decode(wide, "replace"))
    page = page.translate(None, _CONTROL_BYTES)  # a pattern over the text takes ten times as long
    try:
        return page.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_damaged(page, declared)


def _decode_damaged(page: bytes, declared: list[webencodings.Encoding]) -> str:
    """Bytes that are not valid UTF-8: a legacy charset, or UTF-8 with a few broken places (cut off, mixed in)."""
    text = page.decode("utf-8", "replace")
    beyond_ascii = len(text) - sum(map(str.isascii, text)) if len(text) < 100_000 else _count_beyond_ascii(text)
    if text.count("\ufffd") <= max(1, beyond_ascii * _TOLERATED_DAMAGE):
        return text
    for encoding in declared:
        if not encoding.name.startswith("utf-"):
            return _with(encoding, page)
    return page.decode("cp1252", "replace")


def _count_beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def _declared(page: bytes, content_type: str) -> list[webencodings.Encoding]:
    """The encodings named by the HTTP header and by the page, in this order, those that exist."""
    labels = [match[1] for match in [_HEADER_CHARSET.search(content_type)] if match]
    labels += [match[1].decode("ascii") for match in [_META_CHARSET.search(page[:_META_REACH])] if match]
    found = (webencodings.lookup(label) for label in labels)
    return [encoding for encoding in found if encoding is not None]


def _with(encoding: webencodings.Encoding, page: bytes) -> str:
    return encoding.codec_info.decode(page, "replace")[0]


def _wide_codec(page: bytes) -> str:
    """UTF-16 without a mark shows in its zero bytes, which stand at odd or at even places only."""
    head = page[:512]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) * 4 < len(head) or min(even, odd) * 10 > max(even, odd):
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _clean(text: str) -> str:
    for sign, instead in (("\ufffe", ""), ("\uffff", ""), ("\r\n", "\n"), ("\r", "\n")):
        if sign[0] in text:  # a look for one character takes a sixth of the time of a replacement
            text = text.replace(sign, instead)
    return text
