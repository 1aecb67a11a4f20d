"""`corpus export` and `corpus stats` give all that is known; `check` names every query that is wrong."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from tests.acceptance.pages import article
from tests.acceptance.program import Program
from tests.newsroom import Newsroom

FIELDS = (
    *("number", "id", "file", "date", "precision", "url", "urls", "feed", "title", "author", "site", "language"),
    *("fetched_at", "text_from", "quality", "story", "matches", "extractor", "text"),
)


def test_the_export_holds_every_document_with_its_provenance(news: Newsroom, program: Program, tmp_path: Path) -> None:
    """The same rows as JSON lines and as CSV, on standard output and in a file; adopted documents too."""
    program.seeds.mkdir()
    (program.seeds / "000_00112233445566ff.txt").write_text(" date 2025-04 Alt\n\nEin alter Text.\n", encoding="utf-8")
    entry = article(news, matching=True, date='<time datetime="2026-03-02">2.3.</time>')
    program.configure(feeds={"Blatt": news.feed("/f", [entry])})
    program.once()
    old, new = rows = [json.loads(line) for line in program.command("corpus", "export").stdout.splitlines()]
    assert all(tuple(row) == (*FIELDS, "revisions") for row in rows)
    assert (old["date"], old["precision"], old["text_from"], old["url"]) == ("2025-04", "month", None, "")
    assert (new["number"], new["file"], new["feed"]) == (1, program.names()[1], "Blatt")
    assert (new["url"], new["urls"]) == (news.url(entry.link), [news.url(entry.link)])
    assert (new["text_from"], new["quality"], new["precision"]) == ("page", "good", "day")
    (match,) = new["matches"]
    hit = match["hits"][0]
    assert new["text"][hit["offset"] :].startswith(hit["form"])
    output = tmp_path / "alles.csv"
    assert program.command("corpus", "export", "--format", "csv", "--output", str(output)).code == 0
    table = list(csv.DictReader(io.StringIO(output.read_bytes().decode())))
    assert [row["text"] for row in table] == [row["text"] for row in rows]
    assert json.loads(table[1]["matches"]) == new["matches"]
    assert [file.name for file in tmp_path.iterdir() if "part" in file.name] == []


def test_a_folder_without_a_state_is_exported_too(program: Program) -> None:
    """Files say what they can; what nobody knows is null or empty."""
    program.seeds.mkdir()
    (program.seeds / "000_00112233445566ff.txt").write_text("Ein alter Text.\n", encoding="utf-8")
    program.configure(feeds={})
    (row,) = [json.loads(line) for line in program.command("corpus", "export").stdout.splitlines()]
    assert (row["id"], row["text"], row["story"]) == ("00112233445566ff", "Ein alter Text.", None)


def test_stats_count_the_corpus(news: Newsroom, program: Program) -> None:
    """By feed, watch, month and quality, for people and for programs."""
    entries = [article(news, matching=True, date='<time datetime="2026-03-02">2.3.</time>') for _ in range(3)]
    program.configure(feeds={"Blatt": news.feed("/f", entries)})
    program.once()
    counts = program.command("corpus", "stats", "--json").json
    assert (counts["documents"], counts["stories"], counts["adopted"], counts["unwritten"]) == (3, 3, 0, 0)
    assert (counts["by_feed"], counts["by_watch"]) == ({"Blatt": 3}, {"Rutte": 3})
    assert (counts["by_month"], counts["by_quality"]) == ({"2026-03": 3}, {"good": 3})
    assert "3 documents" in program.command("corpus", "stats").stdout


def test_check_names_every_wrong_query_with_its_line(program: Program) -> None:
    """One mistake hides no other; what a watch costs is a warning, not an error."""
    program.config.write_text(
        '[[watches]]\nname = "eins"\nquery = "NATO NEAR/3 (Rutte"\n\n[[watches]]\nname = "gut"\nterms = ["Rutte"]\n\n'
        '[[watches]]\nname = "zwei"\nquery = "-Kommentar"\n',
        encoding="utf-8",
    )
    refused = program.command("check")
    assert refused.code == 78
    assert f"{program.config}:3: watches[0].query: " in refused.stderr
    assert f"{program.config}:11: watches[2].query: " in refused.stderr
    program.config.write_text('[[watches]]\nname = "alles"\nquery = "site:blatt.example"\n', encoding="utf-8")
    warned = program.command("check")
    assert warned.code == 0
    assert "watch alles: warning: " in warned.stdout
