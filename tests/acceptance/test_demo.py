"""`watcher demo`: everything at once, without a config and without the internet."""

from __future__ import annotations

from tests.acceptance.program import Program


def test_the_demo_shows_document_and_alert(program: Program) -> None:
    """A summary of the first poll, an alert for the article published meanwhile, and the documents with their dates."""
    result = program.command("demo")
    assert result.code == 0
    assert "Summary: 4 matches" in result.stdout
    assert "Eil: Rutte kommt nach Bremen" in result.stdout
    assert "\n date 2025-10 Chronik: Wie Rutte ins Amt kam\n" in result.stdout
    assert "004_" in result.stdout
    for quiet in ("Radwege", "Ruttenberg", "Sturm", "Wilhelmshaven"):
        assert quiet not in result.stdout
