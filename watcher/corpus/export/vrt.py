"""VRT, the verticalized text of the Corpus Workbench: a token and its lower case on a line, structure as XML tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from watcher.corpus.export.characters import allowed
from watcher.corpus.export.row import ExportContext, ExportRow, one_line
from watcher.text.sentences import sentence_ends

# A word with its marks, and with what joins its parts: Purl-Initiative, geht's, 3,5, www.blatt.example, z.B.
_JOINED = "\u00ad\u0300-\u036f\u200b-\u200d\u2060\ufe0e\ufe0f"
_TOKEN = re.compile(rf"[\w{_JOINED}]+(?:[-\u2010\u2011'’.,:/@&+][\w{_JOINED}]+)*|([^\w\s])\1*[{_JOINED}]*")


def write(rows: Iterable[ExportRow], _context: ExportContext) -> Iterator[bytes]:
    """Writes the corpus as well-formed XML. The tokens of a text are its characters without white space."""
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n<corpus>\n'
    for row in rows:
        yield _opening(row).encode()
        for line in _structure(row):
            yield line.encode()
        yield b"</text>\n"
    yield b"</corpus>\n"


def tokens(sentence: str) -> Iterator[str]:
    """Splits a sentence into words, numbers and marks; all of its characters but white space."""
    return (found[0] for found in _TOKEN.finditer(sentence))


def _opening(row: ExportRow) -> str:
    date = row.date
    attributes = {
        "id": f"d{row.stem}",  # a handle of CQPweb begins with a letter
        "title": row.known_title,
        "date": date.isoformat() if date else "",
        "yearmonth": date.isoformat()[:7] if date and date.month else "",
        "outlet": row.outlet,
        "url": row.url,
        "lang": row.language,
    }
    written = " ".join(f"{name}={_quoted(value)}" for name, value in attributes.items())
    return f"<text {written}>\n"


def _quoted(value: str) -> str:
    return quoteattr(one_line(allowed(value)), {'"': "&quot;"})


def _structure(row: ExportRow) -> Iterator[str]:
    head, paragraphs = row.parts
    blocks = [("head", head)] if head else []
    blocks += [("p", paragraph) for paragraph in paragraphs]
    for name, block in blocks:
        text = allowed(block)
        yield f"<{name}>\n"
        for start, end in pairwise([0, *sentence_ends(text), len(text)]):
            if sentence := text[start:end].strip():
                yield "<s>\n"
                yield from (f"{escape(token)}\t{escape(token.lower())}\n" for token in tokens(sentence))
                yield "</s>\n"
        yield f"</{name}>\n"
