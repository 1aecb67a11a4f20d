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


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    """A relative link names a file of the repository, and a heading where it has a fragment."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" in target:
            continue
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{target} leads nowhere"
        if fragment:
            assert fragment in _anchors(file), f"{target}: no such heading"


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


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=name_of)
def test_a_decision_has_its_parts(page: Path) -> None:
    """Its number, then context, decision and consequences."""
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.name[:3]}: ")
    assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


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


@pytest.mark.parametrize(("query", "found", "passed"), EXAMPLE.findall(README))
def test_the_matching_examples_of_the_readme_are_true(query: str, found: str, passed: str) -> None:
    """Found with the bold words as hits; the counterexample is passed over."""
    _, matches = tried(query, found)
    assert [hit.form for match in matches for hit in match.hits] == re.findall(r"\*\*(.+?)\*\*", found)
    assert tried(query, passed)[1] == ()


def test_the_readme_has_its_examples() -> None:
    """A change of the table's form does not silently skip them."""
    assert len(EXAMPLE.findall(README)) == 5
    assert {"exit code", "command"} <= set(first_cells(README))


def _anchors(page: Path) -> set[str]:
    """The fragments of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
