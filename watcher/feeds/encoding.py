"""Bytes of unknown encoding into text: byte order mark, HTTP charset, declaration, sniffing. Never a codec by name.

Only encodings of the WHATWG list (by way of webencodings) and UTF-32 can be chosen, so that a hostile
`charset=zlib_codec` or `charset=punycode` is as good as none.
"""

from __future__ import annotations

import codecs
import re
import zlib
from dataclasses import dataclass

import webencodings

MAX_INFLATED = 64 * 1024 * 1024

_BOMS = (  # UTF-32 first: its little-endian mark starts with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = (
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
    (b"{\0", "utf-16-le"),
    (b"\0{", "utf-16-be"),
)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:+-]{1,40})", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']\s*([\w.:+-]{1,40})", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:+-]{1,40})", re.IGNORECASE)
_LANGUAGE = re.compile(rb"<(?:dc:)?language>\s*([A-Za-z]{2})|\blang\s*=\s*[\"']([A-Za-z]{2})\b", re.IGNORECASE)
_NON_ASCII = re.compile(rb"[\x80-\xff]+")

# Double-byte encodings whose short texts can be valid UTF-8 by accident (the two characters of "unicom" in GBK are).
_DOUBLE_BYTE = frozenset({"gbk", "gb18030", "big5", "shift_jis", "euc-jp", "euc-kr"})
_ACCIDENTAL_BYTES = 16

# What an undeclared text in a language is written in: https://encoding.spec.whatwg.org and the HTML standard's
# table of suggested defaults ("determining the character encoding", step 9).
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
    """Text without lone surrogates or a byte order mark; `problem`: how its declaration lied, "" if it did not."""

    text: str
    encoding: str
    problem: str = ""


def decode(body: bytes, *, content_type: str) -> DecodedText:
    """The text of a feed or page. Total: any bytes give a text, undecodable ones as U+FFFD or Windows-1252.

    A byte order mark decides; then text that is valid UTF-8 is UTF-8, whatever it declares (real feeds declare
    ISO-8859-1 and UTF-16 over UTF-8, never the other way round by chance); then the HTTP charset, the declaration,
    and what texts of the feed's language are written in.
    """
    marked = _by_mark(body)
    if marked:
        return marked
    labels = _declared_labels(body, content_type)
    declared = [name for name in (_allowed(label) for label in labels) if name]
    decoded = _as_utf8(body, declared) or _as_declared(body, declared) or _as_sniffed(body)
    problem = "" if decoded.text.isascii() else _lie(labels, decoded.encoding)
    return DecodedText(text=decoded.text, encoding=decoded.encoding, problem=problem)


def inflate(body: bytes) -> bytes:
    """The body of a gzip file (a `feed.xml.gz` served as it lies there), at most MAX_INFLATED bytes of it."""
    if body[:3] != b"\x1f\x8b\x08":
        return body
    try:
        return zlib.decompressobj(wbits=31).decompress(body, MAX_INFLATED)
    except zlib.error:
        return body


def _by_mark(body: bytes) -> DecodedText | None:
    for mark, codec in _BOMS:
        if body.startswith(mark):
            return _final(body[len(mark) :], codec)
    head = body[:64].lstrip(b" \t\r\n")
    for start, codec in _UNMARKED:
        if head.startswith(start) or body.startswith(start):
            return _final(body, codec)
    return None


def _final(body: bytes, codec: str) -> DecodedText:
    return DecodedText(text=body.decode(codec, "replace"), encoding=codec)


def _declared_labels(body: bytes, content_type: str) -> list[str]:
    head = body[:4096]
    labels = [_CHARSET.search(content_type)]
    found = [match.group(1) for match in labels if match]
    return found + [
        match.group(1).decode("ascii", "replace") for match in (_DECLARED.search(head), _META.search(head)) if match
    ]


def _allowed(label: str) -> str:
    """The encoding that a label names; "" for unknown ones, and for UTF-16, which its bytes would have shown."""
    encoding = webencodings.lookup(label)
    if encoding is None or encoding.name in {"replacement", "x-user-defined", "utf-16le", "utf-16be"}:
        return ""
    return str(encoding.name)


def _as_utf8(body: bytes, declared: list[str]) -> DecodedText | None:
    if "iso-2022-jp" in declared and b"\x1b" in body:
        return None
    if declared and declared[0] in _DOUBLE_BYTE and _non_ascii_count(body) < _ACCIDENTAL_BYTES:
        return None
    try:
        return DecodedText(text=body.decode("utf-8"), encoding="utf-8")
    except UnicodeDecodeError:
        return _mostly_utf8(body)


def _mostly_utf8(body: bytes) -> DecodedText | None:
    """UTF-8 with a few broken bytes (a text cut in mid-character, a pasted Windows-1252 quote), or None."""
    text = body.decode("utf-8", "replace")
    broken = text.count("�")
    sound = sum(1 for character in text if character > "\x7f") - broken
    return DecodedText(text=text, encoding="utf-8") if broken * 2 <= sound else None


def _as_declared(body: bytes, declared: list[str]) -> DecodedText | None:
    for name in declared:
        if name == "utf-8":
            continue
        codec = webencodings.lookup(name).codec_info  # type: ignore[union-attr]  # declared holds known names only
        text, _ = codec.decode(body, "replace")
        if text.count("�") * 100 <= _non_ascii_count(body):
            return DecodedText(text=text, encoding=name)
    return None


def _as_sniffed(body: bytes) -> DecodedText:
    match = _LANGUAGE.search(body[:8192])
    language = (match.group(1) or match.group(2)).decode("ascii").lower() if match else ""
    codec = _LEGACY_OF_LANGUAGE.get(language, "windows-1252")
    return _final(body, codec)


def _non_ascii_count(body: bytes) -> int:
    return sum(len(run) for run in _NON_ASCII.findall(body))


def _lie(labels: list[str], used: str) -> str:
    if not labels or used in {_allowed(label) for label in labels}:
        return ""
    return f"declares {labels[0]}, is {used}"
