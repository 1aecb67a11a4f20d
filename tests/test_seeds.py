"""The five documents that ship in `seeds/`."""

from __future__ import annotations

import hashlib
from pathlib import Path

SEEDS = sorted((Path(__file__).parents[1] / "seeds").iterdir())


def test_seeds_are_five_documents_whose_names_verify_their_bytes() -> None:
    """Numbers run from 000 without a gap; the id is the start of the file's SHA-256; nothing else is in the folder."""
    ids = [hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in SEEDS[:5]]
    assert [file.name for file in SEEDS[:5]] == [f"{number:03d}_{digest}.txt" for number, digest in enumerate(ids)]


def test_seeds_show_every_header_form() -> None:
    """Month, day, day, none, none; UTF-8, paragraphs split by one blank line, one newline at the end."""
    texts = [file.read_text(encoding="utf-8") for file in SEEDS[:5]]
    headers = (" date 2025-04 ", " date 2025-10-21 ", " date 2025-12-02 ", "", "")
    for text, header in zip(texts, headers, strict=True):
        assert text.startswith(header or text[:1])
        assert text.startswith(" date ") == bool(header)
        assert text.endswith("\n")
        assert not text.endswith("\n\n")
        assert "\n\n\n" not in text
        assert all(line == line.strip() for line in text.removeprefix(header).splitlines())


def test_only_the_third_seed_speaks_of_the_purl_initiative() -> None:
    """The term is in number 002 and nowhere else, in any case."""
    assert [file.name[:3] for file in SEEDS[:5] if "purl" in file.read_text(encoding="utf-8").lower()] == ["002"]
