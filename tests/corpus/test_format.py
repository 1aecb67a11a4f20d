"""The document format: bytes, names and ids, as other tools will read them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bench.given import SEEDS
from tests.needs import needs_seeds
from watcher.corpus import (
    document_id,
    file_name,
    normalise_text,
    parse_document,
    parse_file_name,
    render_document,
    text_hash,
)
from watcher.model import DocumentId, DocumentNumber, PartialDate

ROOT = Path(__file__).parents[2]

SPACES = " \t\n\r\v\f\x00\x1c\x1e\x85\xa0\xad\u2003\u2028\u2029\u200b\ufeff\ud800\ufffe"
texts = st.text() | st.text(st.sampled_from("aß.-" + SPACES)) | st.builds(" date {} x".format, st.text("0123456789- "))
years = st.builds(PartialDate, year=st.integers(1, 9999))
months = st.builds(PartialDate, year=st.integers(1, 9999), month=st.integers(1, 12))
dates = st.none() | years | months | st.dates().map(PartialDate.of)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (PartialDate(year=2025, month=10, day=21), " date 2025-10-21 Regen im Süden\n\nEs gießt.\n"),
        (PartialDate(year=2025, month=4), " date 2025-04 Regen im Süden\n\nEs gießt.\n"),
        (PartialDate(year=2025), " date 2025 Regen im Süden\n\nEs gießt.\n"),
        (None, "Regen im Süden\n\nEs gießt.\n"),
    ],
)
def test_header_has_the_precision_of_the_date(date: PartialDate | None, expected: str) -> None:
    """One space, `date`, one space, the date as far as it is known, one space, the text; or the text alone."""
    assert render_document(date, "Regen im Süden\n\nEs gießt.") == expected.encode()


@given(dates, texts)
@example(None, " date 2025-04 x")
@example(None, "\x00 date 2025-04 x")
@example(None, "\ufeff date 2025-04 x")
@example(PartialDate(year=2025), "-04 x")
@example(PartialDate(year=2025, month=4), " date 2024 x")
def test_document_reads_back_as_it_was_written(date: PartialDate | None, text: str) -> None:
    """Date and (normalised) text survive a round trip, and writing what was read gives the same bytes."""
    assume(normalise_text(text))
    data = render_document(date, text)
    parsed = parse_document(data)
    assert (parsed.date, parsed.text) == (date, normalise_text(text))
    assert render_document(parsed.date, parsed.text) == data


@given(texts)
def test_text_without_date_is_never_read_as_having_one(text: str) -> None:
    """However a text starts, its document without a date starts with no space, hence with no header."""
    assume(normalise_text(text))
    data = render_document(None, text)
    assert not data.startswith(b" ")
    assert parse_document(data).date is None


@given(dates, texts)
def test_every_byte_keeps_the_format(date: PartialDate | None, text: str) -> None:
    """UTF-8, `\\n` only, no control character, no trailing space, one blank line at most, one newline at the end."""
    assume(normalise_text(text))
    written = render_document(date, text).decode("utf-8")
    assert written.endswith("\n")
    assert not re.search("\n\n\n|\n\n\\Z|[^\\S\n](\n|\\Z)", written)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\ufeff\u2028\u2029]", written)
    assert written.splitlines() == written[:-1].split("\n")


@given(texts)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    """A normalised text is left alone."""
    assert normalise_text(normalise_text(text)) == normalise_text(text)


def test_normalising_keeps_what_a_reader_sees() -> None:
    """Soft hyphens, no-break spaces, indented lines and line breaks inside a paragraph stay."""
    text = "Purl\xadInitiative\n\n- 12\xa0Milliarden\n  - davon vier neu"
    assert normalise_text(text) == text


def test_normalising_is_linear() -> None:
    """A megabyte of spaces or of blank lines takes no time."""
    assert normalise_text("a" + " " * 2**20 + "b" + "\n" * 2**20 + "c").endswith("b\n\nc")


@pytest.mark.parametrize("text", ["", " \n\t\n", "\x00\ufeff\u2028"])
def test_document_without_text_is_refused(text: str) -> None:
    """A document that would be empty is a mistake of the caller."""
    with pytest.raises(ValueError, match=r"^a document needs a text$"):
        render_document(PartialDate(year=2025), text)


def test_id_is_what_sha256sum_shows() -> None:
    """The first 16 hex digits of the SHA-256 of the bytes."""
    data = render_document(None, "Ein Satz.")
    assert document_id(data) == hashlib.sha256(b"Ein Satz.\n").hexdigest()[:16]


@given(st.integers(0, 999_999_999), st.binary())
def test_file_name_reads_back(number: int, data: bytes) -> None:
    """Number and id survive a round trip through the name, at least three digits wide."""
    name = file_name(DocumentNumber(number), document_id(data))
    assert parse_file_name(name) == (number, document_id(data))
    assert len(name) >= len("000_0123456789abcdef.txt")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "0_0123456789abcdef.txt",
        "0001_0123456789abcdef.txt",
        "1234567890_0123456789abcdef.txt",
        "٠٠١_0123456789abcdef.txt",
        "001_0123456789ABCDEF.txt",
        "001_0123456789abcde.txt",
        "001_0123456789abcdef.txt\n",
        "001_0123456789abcdef.txt~",
        ".001_0123456789abcdef.txt",
        "../001_0123456789abcdef.txt",
        "001-0123456789abcdef.txt",
    ],
)
def test_other_names_are_strangers(name: str) -> None:
    """Only the exact shape is a document's name."""
    assert parse_file_name(name) is None


@pytest.mark.parametrize(("number", "identity"), [(-1, "0" * 16), (10**9, "0" * 16), (1, "xyz"), (1, "../" + "0" * 13)])
def test_no_invalid_name_is_made(number: int, identity: str) -> None:
    """A negative number or a false id is a mistake of the caller."""
    with pytest.raises(ValueError, match="not a document's name"):
        file_name(DocumentNumber(number), DocumentId(identity))


@pytest.mark.parametrize(
    ("data", "date", "text"),
    [
        (b"\n\n\nTitel\n\n\n\nAbsatz", None, "Titel\n\nAbsatz"),
        (b" date 2025-04 Titel\r\n\r\nAbsatz", PartialDate(year=2025, month=4), "Titel\n\nAbsatz"),
        (b"\xef\xbb\xbf date 2025 Titel", PartialDate(year=2025), "Titel"),
        (b" date 2025-04-31 Titel", None, "date 2025-04-31 Titel"),
        (b" date 2025-4-3 Titel", None, "date 2025-4-3 Titel"),
        (b" date 0000 Titel", None, "date 0000 Titel"),
        (b" date 2025-04", PartialDate(year=2025, month=4), ""),
        (b" date 2025-04\nTitel", PartialDate(year=2025, month=4), "Titel"),
        (b"date 2025-04 Titel", None, "date 2025-04 Titel"),
        (b"S\xfcden\x00", None, "S\ufffdden"),
        (b"", None, ""),
    ],
)
def test_adopted_files_may_hold_anything(data: bytes, date: PartialDate | None, text: str) -> None:
    """Blank lines at the top, no newline at the end, CR LF, a byte order mark, Latin-1: all are read somehow."""
    parsed = parse_document(data)
    assert (parsed.date, parsed.text) == (date, text)


@given(st.binary())
def test_any_bytes_are_read(data: bytes) -> None:
    """Reading a document never raises."""
    assert parse_document(data).text == normalise_text(parse_document(data).text)


@needs_seeds
def test_given_documents_are_read() -> None:
    """The documents that came with the format: month, day, day, none, none, and the first words right after it."""
    parsed = [parse_document(file.read_bytes()) for file in sorted(SEEDS.glob("*.txt"))]
    assert [document.date and document.date.isoformat() for document in parsed] == [
        "2025-04",
        "2025-10-21",
        "2025-12-02",
        None,
        None,
    ]
    assert [document.text.split()[0] for document in parsed][:3] == ["Im", "bedeckt,", "BRÜSSEL"]


def test_shipped_documents_are_in_the_format_to_the_byte() -> None:
    """Each of the documents that ship bears its hash in its name and renders back to the same bytes."""
    for file in sorted((ROOT / "seeds").glob("*.txt"))[:5]:
        data = file.read_bytes()
        parsed = parse_document(data)
        assert render_document(parsed.date, parsed.text) == data
        assert parse_file_name(file.name) == (int(file.name[:3]), document_id(data))


@given(texts, texts)
def test_text_hash_fits_a_signed_column(left: str, right: str) -> None:
    """64 signed bits; different words, different hashes."""
    assert -(2**63) <= text_hash(left) < 2**63
    if normalise_text(left) == normalise_text(right):
        assert text_hash(left) == text_hash(right)


@pytest.mark.parametrize(
    "other",
    [
        "Die Purl-Initiative\n\nwächst weiter.",
        "  die PURL\u2011Initiative wa\u0308chst\xa0wei\xadter.\r\n",
        "Die Purl-Initiative wächst\tweiter.\x00",
    ],
)
def test_text_hash_does_not_see_layout_and_case(other: str) -> None:
    """The same words in another layout, case or encoding of their letters are the same text."""
    assert text_hash(other) == text_hash("Die Purl-Initiative wächst weiter.")
    assert text_hash("So geht\u2019s.") == text_hash("So geht's.")


def test_text_hash_sees_words() -> None:
    """One other word makes another text, and the values stay what they are, for they are stored."""
    assert text_hash("Die Initiative wächst.") != text_hash("Die Initiative schrumpft.")
    assert text_hash("Ein Satz.") == text_hash("ein  satz.") == -6671507813168435068
