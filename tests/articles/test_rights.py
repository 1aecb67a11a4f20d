"""The reservations that pages declare, as they really declare them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.articles import declared_rights
from watcher.model import NO_RIGHTS, Rights

TERMS = "https://blatt.example/tdm.json"


def page(*metas: str) -> bytes:
    return f"<html><head>{''.join(metas)}</head><body><p>Text</p></body></html>".encode()


def meta(name: str, content: str) -> str:
    return f'<meta name="{name}" content="{content}">'


@pytest.mark.parametrize(
    ("metas", "headers", "rights"),
    [
        ((), {}, NO_RIGHTS),
        ((meta("robots", "index, follow"),), {}, NO_RIGHTS),
        ((meta("ROBOTS", "NoArchive,nosnippet, follow"),), {}, Rights(robots="noarchive, nosnippet")),
        ((meta("robots", "max-snippet:0, max-image-preview:large"),), {}, Rights(robots="max-snippet:0")),
        ((), {"x-robots-tag": "noai, noimageai"}, Rights(robots="noai, noimageai")),
        ((), {"x-robots-tag": "otherbot: noindex"}, NO_RIGHTS),
        ((meta("robots", "none"),), {"x-robots-tag": "none"}, Rights(robots="none")),
        ((meta("googlebot", "noarchive"),), {}, NO_RIGHTS),
        ((meta("tdm-reservation", "1"),), {}, Rights(tdm_reservation="1")),
        ((), {"tdm-reservation": "0"}, Rights(tdm_reservation="0")),
        ((meta("tdm-reservation", "1"),), {"tdm-reservation": "0"}, Rights(tdm_reservation="0")),
        ((meta("tdm-reservation", "yes"),), {}, NO_RIGHTS),
        ((), {"tdm-reservation": "1", "tdm-policy": TERMS}, Rights(tdm_reservation="1", tdm_policy=TERMS)),
        ((meta("tdm-policy", "javascript:alert(1)"),), {}, NO_RIGHTS),
        ((meta("tdm-policy", TERMS + "x" * 3000),), {}, NO_RIGHTS),
    ],
)
def test_declarations_are_read(metas: tuple[str, ...], headers: dict[str, str], rights: Rights) -> None:
    """Header fields and meta elements, those for all robots only; values of no meaning are ignored."""
    assert declared_rights(page(*metas), "text/html; charset=utf-8", headers) == rights


def test_a_declaration_below_much_text_is_read() -> None:
    """In the first 256 kB, wherever a page has it, in any case, and with a long value in front of its own."""
    text, long = "<p>Text</p>" * 15_000, "x" * 10_000
    last = f'<META data-note="{long}" name="robots" content="noarchive">'
    shown = page(meta("viewport", "width=1"), text, last) + text.encode()
    assert declared_rights(shown, "text/html", {}) == Rights(robots="noarchive")
    assert declared_rights(page(text, text, last), "text/html", {}) == NO_RIGHTS


@given(page=st.binary(max_size=400), header=st.text(max_size=80), content=st.text(max_size=80))
def test_any_page_is_survived(page: bytes, header: str, content: str) -> None:
    """The result is short and printable for any bytes and header fields."""
    written = page + f'<meta name="robots" content="{content}"><meta name="tdm-policy" content="{content}">'.encode(
        "utf-8", "replace"
    )
    headers = {"x-robots-tag": header, "tdm-reservation": header, "tdm-policy": header}
    found = declared_rights(written, "text/html", headers)
    assert found.robots.isprintable()
    assert found.tdm_policy.isprintable()
    assert found.tdm_reservation in ("", "0", "1")
    assert len(found.robots) <= 300
