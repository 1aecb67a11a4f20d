"""The parser that reads pages as browsers do."""

from __future__ import annotations

from selectolax.lexbor import LexborHTMLParser, SelectolaxError


def parse_html(html: str | bytes) -> LexborHTMLParser:
    """Parses a page. Raises MemoryError: lexbor refuses no page, it only fails where it gets no memory."""
    try:
        return LexborHTMLParser(html)
    except SelectolaxError as error:
        raise MemoryError(str(error)) from error
