"""What the pages say besides commands: their links lead somewhere, their examples are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, code, fences, first_cells, name_of, prose
from tests.matching.test_docs import tried
from watcher.config import load
from watcher.corpus import parse_document

README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^\| `([^`]+)` \| ([^|]*\*\*[^|]*) \| ([^|]+) \|$", re.MULTILINE)


def test_the_links_of_all_pages_lead_somewhere() -> None:
    """A relative link names a file of the repository, and a heading where it has a fragment."""
    links = [(page, target) for page in PAGES for target in re.findall(r"\]\(([^)\s]+)\)", prose(page))]
    assert [f"{name_of(page)}: {target}" for page, target in links if not _leads_somewhere(page, target)] == []


def _leads_somewhere(page: Path, target: str) -> bool:
    """Also an address of the web does: it is not asked."""
    if "://" in target:
        return True
    path, _, fragment = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    return file.exists() and (not fragment or fragment in _anchors(file))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_modules_of_a_page_exist(page: Path) -> None:
    """A code span like `net/guard.py` or `tests/net/test_guard.py` names a file of the repository."""
    named = [span for span in code(prose(page)) if re.fullmatch(r"[\w/]+/\w+\.py", span)]
    assert [span for span in named if not any((top / span).exists() for top in (ROOT, ROOT / "watcher"))] == []


def test_the_index_lists_every_page() -> None:
    """docs/README.md links each page of docs/, decisions included."""
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        if page.name != "README.md":
            assert f"({page.relative_to(ROOT / 'docs')})" in index


def test_every_decision_has_its_parts() -> None:
    """Its number, then context, decision and consequences."""
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    texts = {page: page.read_text(encoding="utf-8") for page in pages}
    parts = {page: re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) for page, text in texts.items()}
    assert pages
    assert [page.name for page in pages if not texts[page].startswith(f"# {page.name[:3]}: ")] == []
    assert {page.name for page in pages if parts[page] != ["Context", "Decision", "Consequences"]} == set()


def test_the_config_of_the_readme_is_valid(tmp_path: Path) -> None:
    """Its TOML blocks, put together, load without a warning."""
    file = tmp_path / "config.toml"
    file.write_text("".join(fence.text for fence in fences(ROOT / "README.md") if fence.language == "toml"), "utf-8")
    config = load(file)
    assert (len(config.watches), config.warnings) == (2, ())


def test_the_document_of_the_readme_is_one() -> None:
    """The example under "What a document looks like" is read as the corpus reads its files."""
    (block,) = (
        fence for fence in fences(ROOT / "README.md") if fence.language == "text" and fence.text.startswith(" date ")
    )
    document = parse_document(block.text.encode())
    assert document.date is not None
    assert document.date.isoformat() == "2026-11-22"
    assert document.text.startswith("Rutte sieht sich im Emder Hafen um\n\nZwei Stunden")


def test_the_matching_examples_of_the_readme_are_true() -> None:
    """All five: found with the bold words as hits; the counterexample does not match."""
    examples = EXAMPLE.findall(README)
    hits = {query: [hit.form for match in tried(query, found)[1] for hit in match.hits] for query, found, _ in examples}
    assert hits == {query: re.findall(r"\*\*(.+?)\*\*", found) for query, found, _ in examples}
    assert [passed for query, _, passed in examples if tried(query, passed)[1]] == []
    assert len(examples) == 5


def test_the_readme_has_its_tables() -> None:
    """A change of their form does not silently skip the tests that read them."""
    assert {"exit code", "command"} <= set(first_cells(README))


def _anchors(page: Path) -> set[str]:
    """The fragments of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
