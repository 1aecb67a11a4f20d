"""The document format: converts text and date to the file's bytes and back; ids and file names. No files, no clock.

A file starts with one space, `date`, one space, an ISO date in the precision known, one space, and then the text on the
same line; without a known date it starts with the text. A text never starts with white space (`normalise_text` strips
it), so exactly the files that start with a space have a header: the text ` date 2025-04 …` without a date is written as
`date 2025-04 …`, which is not a header.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from watcher.model import DocumentId, DocumentNumber, PartialDate
from watcher.text.marks import limit_marks

_HEADER = re.compile(r" date ([0-9]{4}(?:-[0-9]{2}){0,2})(?=\s|$)")
_FILE_NAME = re.compile(r"([0-9]{3}|[1-9][0-9]{3,8})_([0-9a-f]{16})\.txt")

# Everything that some program reads as the end of a line; CR LF first, so that it counts once.
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# Control characters, surrogates (they have no UTF-8), non-characters, and the byte order mark.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff"
    + "".join(chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))
    + "]"
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_HYPHENS = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDocument:
    """The contents of a document's file: its date if there is a header, and its normalised text without it."""

    date: PartialDate | None
    text: str


def render_document(date: PartialDate | None, text: str) -> bytes:
    """Makes the bytes of a document's file. Raises ValueError if the normalised text is empty."""
    body = normalise_text(text)
    if not body:
        raise ValueError("a document needs a text")
    header = f" date {date.isoformat()} " if date else ""
    return f"{header}{body}\n".encode()


def parse_document(data: bytes) -> ParsedDocument:
    """Inverts `render_document`; reads any adopted file without an error.

    Bytes that are not UTF-8 become U+FFFD; a header whose date does not exist (`2025-13`) belongs to the text.
    """
    text = data.decode(errors="replace").removeprefix("\ufeff")
    header = _HEADER.match(text)
    date = _existing_date(header[1]) if header else None
    if header and date:
        text = text[header.end() :]
    return ParsedDocument(date=date, text=normalise_text(text))


def normalise_text(text: str) -> str:
    """Normalises a text for a document: idempotent, and "" only for a text without printable characters.

    Lines end in `\\n` and not in spaces, paragraphs are separated by one blank line, tabs become spaces; control
    characters, byte order marks, lone surrogates, non-characters and white space at either end are removed. All else
    (soft hyphens and typographic spaces included) stays.
    """
    text = _LINE_ENDS.sub("\n", text).replace("\t", " ")
    text = _UNPRINTABLE.sub("", text)
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip()


def document_id(data: bytes) -> DocumentId:
    """Returns the first 16 hex digits of the SHA-256 of the file's bytes, as `sha256sum` shows them."""
    return DocumentId(hashlib.sha256(data).hexdigest()[:16])


def file_name(number: DocumentNumber, identity: DocumentId) -> str:
    """Makes a name such as `007_0123456789abcdef.txt`; wider from 1000 on. Raises ValueError for an invalid name."""
    name = f"{number:03d}_{identity}.txt"
    if parse_file_name(name) is None:
        raise ValueError(f"not a document's name: {name!r}")
    return name


def parse_file_name(name: str) -> tuple[DocumentNumber, DocumentId] | None:
    """Reads number and id from a file name; None if it is not the name of a document.

    Numbers have at most nine digits: a stray `99999999999999999999_….txt` must not push the numbering out of the
    range of databases.
    """
    found = _FILE_NAME.fullmatch(name)
    return (DocumentNumber(int(found[1])), DocumentId(found[2])) if found else None


def text_hash(text: str) -> int:
    """Computes a signed 64-bit hash that is equal for equal texts, whatever their dates, addresses and layout.

    Case, compatibility forms, invisible characters, kinds of hyphen and the amount of white space do not count. The
    store keeps the values, so they must never change: the rules are here, apart from those of `watcher.text.fold`.
    """
    visible = limit_marks(_INVISIBLE.sub("", normalise_text(text)))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).casefold())
    plain = " ".join(_HYPHENS.sub("-", folded).replace("\u2019", "'").split())
    return int.from_bytes(hashlib.blake2b(plain.encode(), digest_size=8).digest(), signed=True)


def _existing_date(text: str) -> PartialDate | None:
    try:
        return PartialDate.fromisoformat(text)
    except ValueError:
        return None
