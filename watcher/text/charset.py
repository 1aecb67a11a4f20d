"""Decodes the bytes of feeds and pages: byte order mark, valid UTF-8, declared charset, language; no codec by name.

Only encodings of the WHATWG list (through webencodings) and UTF-32 can be chosen, so that a hostile
`charset=zlib_codec` or `charset=punycode` has no effect.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import webencodings

_BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BEGINNINGS = (  # of XML, HTML and JSON without a mark
    (re.compile(rb"(?:[ \t\r\n]\0{3})*[<{\[]\0{3}"), "utf-32-le"),
    (re.compile(rb"(?:\0{3}[ \t\r\n])*\0{3}[<{\[]"), "utf-32-be"),
    (re.compile(rb"(?:[ \t\r\n]\0)*[<{\[]\0[^\0]\0"), "utf-16-le"),
    (re.compile(rb"(?:\0[ \t\r\n])*\0[<{\[]\0[^\0]"), "utf-16-be"),
)
_HEAD = 4096  # browsers look at 1,024 bytes; real pages declare their charset later than that
_LONGEST_HEADER = 1_000  # characters of a Content-Type; real ones have fewer than 200
_IN_HEADER = re.compile(r"charset\s*+[=:]\s*+[\"']?+\s*+([\w.:+-]{1,40})", re.IGNORECASE | re.ASCII)
_IN_MARKUP = re.compile(
    rb"<(?:meta|\?xml)\b[^>]{0,500}?(?:charset|encoding)\s*+=\s*+[\"']?+\s*+([\w.:+-]{1,40})", re.IGNORECASE
)
_LANGUAGE = re.compile(rb"<(?:dc:)?language>\s*([A-Za-z]{2})|\blang\s*=\s*[\"']([A-Za-z]{2})\b", re.IGNORECASE)
_NON_ASCII = re.compile(rb"[\x80-\xff]+")

# Short texts in double-byte encodings can be valid UTF-8 by accident (the two characters of "unicom" in GBK are), but
# then as characters of two bytes: no accident makes the three bytes of a quotation mark or an ideograph.
_DOUBLE_BYTE = frozenset({"gbk", "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr"})
_ACCIDENTAL_BYTES = 16
_LONG_CHARACTER = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}")
_ESCAPED = "iso-2022-jp"  # consists of ASCII bytes only

# The legacy encoding of undeclared texts in a language: the HTML standard's table of suggested defaults ("determining
# the character encoding", step 9).
_LEGACY_OF_LANGUAGE = {
    "ru": "windows-1251", "uk": "windows-1251", "bg": "windows-1251", "sr": "windows-1251", "mk": "windows-1251",
    "be": "windows-1251", "pl": "iso-8859-2", "hu": "iso-8859-2", "hr": "windows-1250", "sl": "iso-8859-2",
    "cs": "windows-1250", "sk": "windows-1250", "ro": "iso-8859-2", "el": "windows-1253", "tr": "windows-1254",
    "ku": "windows-1254", "he": "windows-1255", "ar": "windows-1256", "fa": "windows-1256", "lt": "windows-1257",
    "lv": "windows-1257", "et": "windows-1257", "vi": "windows-1258", "th": "windows-874", "ja": "shift_jis",
    "ko": "euc-kr", "zh": "gb18030",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedText:
    """A text without lone surrogates or a byte order mark. `problem`: how its declaration is wrong, "" if it is not."""

    text: str
    encoding: str
    problem: str = ""


def decode(body: bytes, *, content_type: str) -> DecodedText:
    """Decodes a feed or page. Any bytes give a text; undecodable ones become U+FFFD or Windows-1252.

    A byte order mark decides. Text that is valid UTF-8 is UTF-8, whatever it declares: real feeds and pages declare
    ISO-8859-1 and UTF-16 over UTF-8, never the other way round by chance. Then follow the HTTP charset, the charset
    declared in the text, and the legacy encoding of its language.
    """
    for mark, codec in _BOMS:
        if body.startswith(mark):
            return _decoded(body[len(mark) :], codec)
    if codec := wide_encoding(body):
        return _decoded(body, codec)
    labels = _labels(body, content_type)
    declared = [name for name in map(_allowed, labels) if name]
    decoded = _as_ambiguous(body, declared) or _as_utf8(body) or _as_declared(body, declared) or _as_language(body)
    problem = "" if decoded.text.isascii() else _contradiction(labels, decoded.encoding)
    return DecodedText(text=decoded.text, encoding=decoded.encoding, problem=problem)


def decode_pieces(pieces: Iterable[bytes], *, content_type: str) -> Iterator[str]:
    """Decodes a body that arrives in pieces, by the rules of `decode`, without ever holding all of it.

    It is read as UTF-8 up to the first piece that is not; that piece and the first one decide on the encoding.
    """
    head, decoder, is_ascii, is_certain = b"", _incremental("utf-8", "strict"), True, False
    for piece in pieces:
        if not head:
            head = piece[:_HEAD]
            if has_mark(piece) or wide_encoding(piece):
                encoding, is_certain = decode(piece, content_type=content_type).encoding, True
                decoder = _incremental(encoding, "replace")
        if is_certain:
            yield decoder.decode(piece)
            continue
        pending = decoder.getstate()[0] + piece
        try:
            text = decoder.decode(piece)
        except UnicodeDecodeError:
            sample = pending if pending.startswith(head) else head + pending
            encoding, is_certain = "utf-8" if not is_ascii else decode(sample, content_type=content_type).encoding, True
            decoder = _incremental(encoding, "replace")
            text = decoder.decode(pending)
        is_ascii = is_ascii and text.isascii()
        yield text


def _incremental(encoding: str, errors: str) -> codecs.IncrementalDecoder:
    """An incremental decoder of an encoding that `decode` returned."""
    known = webencodings.lookup(encoding)
    info = codecs.lookup(encoding) if known is None else known.codec_info
    assert info.incrementaldecoder is not None  # noqa: S101 - all text codecs have one
    return info.incrementaldecoder(errors)


def has_mark(body: bytes) -> bool:
    """Whether the bytes begin with a byte order mark."""
    return body.startswith(tuple(mark for mark, _ in _BOMS))


def wide_encoding(body: bytes) -> str:
    """Detects UTF-16 and UTF-32 without a mark by their zero bytes; "" for other bytes.

    Where the beginning is not that of markup or JSON, the zeros must be at odd or at even places only.
    """
    head = body[:512]
    if b"\0" not in head:
        return ""
    for beginning, codec in _BEGINNINGS:
        if beginning.match(head):
            return codec
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) * 4 < len(head) or min(even, odd) * 10 > max(even, odd):
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _decoded(body: bytes, codec: str) -> DecodedText:
    return DecodedText(text=body.decode(codec, "replace"), encoding=codec)


def _labels(body: bytes, content_type: str) -> list[str]:
    """The charsets that HTTP and the text declare, in this order, as they are written."""
    stated = [match[1] for match in [_IN_HEADER.search(content_type[:_LONGEST_HEADER])] if match]
    return stated + [label.decode("ascii") for label in _IN_MARKUP.findall(body[:_HEAD])[:3]]


def _allowed(label: str) -> str:
    """The encoding that a label names; "" for unknown ones, and for UTF-16, which shows in the bytes."""
    encoding = webencodings.lookup(label)
    if encoding is None or encoding.name in {"replacement", "x-user-defined", "utf-16le", "utf-16be"}:
        return ""
    return str(encoding.name)


def _as_ambiguous(body: bytes, declared: list[str]) -> DecodedText | None:
    """The text in a declared encoding whose bytes can be valid UTF-8 by accident."""
    if _ESCAPED in declared and b"\x1b" in body:
        return _as_declared(body, [_ESCAPED])
    is_short = bool(declared) and declared[0] in _DOUBLE_BYTE and _count_non_ascii(body) < _ACCIDENTAL_BYTES
    return _as_declared(body, declared[:1]) if is_short and not _LONG_CHARACTER.search(body) else None


def _as_utf8(body: bytes) -> DecodedText | None:
    """UTF-8, also with a few broken bytes: cut off in mid-character, or with a pasted Windows-1252 quote."""
    try:
        return DecodedText(text=body.decode("utf-8"), encoding="utf-8")
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    sound = len(text) - len(text.encode("ascii", "ignore")) - broken
    if sound and codecs.utf_8_decode(body, "replace", False)[1] < len(body):  # the last character is cut off
        broken -= 1
    return DecodedText(text=text, encoding="utf-8") if broken * 2 <= sound else None


def _as_declared(body: bytes, declared: list[str]) -> DecodedText | None:
    for name in declared:
        encoding = webencodings.lookup(name)
        if name == "utf-8" or encoding is None:
            continue
        text, _ = encoding.codec_info.decode(body, "replace")
        if text.count("\ufffd") * 100 <= _count_non_ascii(body):
            return DecodedText(text=text, encoding=name)
    return None


def _as_language(body: bytes) -> DecodedText:
    match = _LANGUAGE.search(body[: 2 * _HEAD])
    language = (match[1] or match[2]).decode("ascii").lower() if match else ""
    return _decoded(body, _LEGACY_OF_LANGUAGE.get(language, "windows-1252"))


def _count_non_ascii(body: bytes) -> int:
    return sum(map(len, _NON_ASCII.findall(body)))


def _contradiction(labels: list[str], used: str) -> str:
    if not labels or used in {_allowed(label) for label in labels}:
        return ""
    return f"declares {labels[0]}, is {used}"
