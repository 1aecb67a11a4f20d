"""BibLaTeX in UTF-8: `@article` with `entrysubtype = {newspaper}`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from watcher.corpus.export.characters import allowed
from watcher.corpus.export.row import ExportContext, ExportRow, clean_url, one_line

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
} | {sign: f"\\{sign}" for sign in "%$#&_{}"}
# Braces count for the parser even behind a backslash: without their partners they become commands.
_LONE_BRACES = {"{": r"\textbraceleft{}", "}": r"\textbraceright{}"}
_SPECIALS = re.compile(r"[\\{}~^%$#&_]")
# Names of languages for babel and polyglossia. Styles change the capitals of titles in English or an unknown language,
# unless braces protect them: names would suffer.
_LANGUAGES = {
    "cs": "czech",
    "da": "danish",
    "de": "ngerman",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hr": "croatian",
    "hu": "magyar",
    "it": "italian",
    "nl": "dutch",
    "no": "norsk",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
    "uk": "ukrainian",
}


def write(rows: Iterable[ExportRow], context: ExportContext) -> Iterator[bytes]:
    """Writes an entry for each document. Unknown fields are left out."""
    for row in rows:
        fields = {name: value for name, value in _fields(row, context).items() if value}
        lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
        yield f"@article{{watcher-{row.stem},\n{lines}\n}}\n\n".encode()


def _fields(row: ExportRow, context: ExportContext) -> dict[str, str]:
    title, author = _escaped(row.known_title), _escaped(row.author)
    language = _LANGUAGES.get(row.language.partition("-")[0].lower(), "")
    return {
        "entrysubtype": "newspaper",
        "title": title if language not in ("", "english") else f"{{{title}}}",
        "author": f"{{{author}}}" if author else "",  # in braces it is one name
        "journaltitle": _escaped(row.outlet),
        "date": row.date.isoformat() if row.date else "",
        "url": quote(clean_url(row.url), safe=_URL_SAFE),
        "urldate": context.day_of(row.fetched_at).isoformat() if row.fetched_at else "",
        "langid": language,
    }


_URL_SAFE = ":/?#[]@!$&'()*+,;=%~"
"""A URL is not escaped but taken as it is: all but ASCII is percent-encoded."""


def _escaped(text: str) -> str:
    line = one_line(allowed(text))
    special = _SPECIAL if _is_balanced(line) else _SPECIAL | _LONE_BRACES
    return _SPECIALS.sub(lambda sign: special[sign[0]], line)


def _is_balanced(text: str) -> bool:
    depth = 0
    for sign in text:
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            return False
    return depth == 0
