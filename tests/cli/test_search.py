"""`search`: what it prints for people and for programs, and what it says when something cannot be searched."""

from __future__ import annotations

import json
import os
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.seen.texts import BERLIN, text
from watcher.model import TextKind
from watcher.seen import SeenArchive

NOW = datetime.now(BERLIN)  # the days of a search are those of the config
KEYS = ["where", "number", "kind", "url", "title", "feed", "date", "published_at", "seen_at", "hits", "snippets"]


@pytest.fixture
def seen(config: Path) -> Path:
    """An archive of three texts beside the config."""
    path = config.parent / "state" / "seen.db"
    archive = SeenArchive(path, keep=timedelta(days=30), indexed=True, zone=BERLIN, now=lambda: NOW)
    archive.add(text(1, "Ein Dock am Fluss. Die Werft baut.", published_at=NOW - timedelta(days=9), fetched_at=NOW))
    archive.add(text(2, "Das Dock ist leer.", feed="anders", fetched_at=NOW - timedelta(days=2)))
    archive.add(text(3, "Menü\nDocks", kind=TextKind.VISIBLE, title="", fetched_at=NOW - timedelta(hours=1)))
    archive.close()
    return path


def test_results_for_people(cli: Cli, seen: Path) -> None:
    """Date, place, feed, title, the sentence with its hit, and the link; the number on stderr."""
    result = cli("search", "Dock", "--since", "3d")
    assert result.exit_code == 0
    heads = [line for line in result.stdout.splitlines() if not line.startswith(" ")]
    assert len(heads) == 2
    assert heads[0].endswith(" · seen · blatt · (no title)")
    assert heads[1].endswith(" · seen · anders · Wasserstand")
    assert "  Das «Dock» ist leer." in result.stdout
    assert "  https://blatt.example/2" in result.stdout
    assert "2 results" in result.stderr


def test_results_for_programs(cli: Cli, seen: Path) -> None:
    """One object with all keys, on stdout alone."""
    found = json.loads(cli("search", "Dock", "--in", "seen", "--limit", "2", "--json").stdout)
    assert list(found) == ["query", "in", "total", "complete", "results"]
    assert (found["query"], found["in"], found["total"], found["complete"]) == ("Dock", "seen", 3, True)
    assert [list(row) for row in found["results"]] == [KEYS, KEYS]
    row = found["results"][1]
    assert (row["where"], row["number"], row["kind"], row["feed"]) == ("seen", None, "article", "anders")
    assert row["hits"] == [{"term": "Dock", "form": "Dock", "start": 17, "end": 21, "field": "text"}]
    assert row["snippets"][0]["runs"][1] == {"text": "Dock", "hit": True}
    assert (row["date"], row["published_at"]) == (None, None)
    assert datetime.fromisoformat(row["seen_at"]).tzinfo is not None
    assert found["results"][0]["kind"] == "visible"


def test_counts(cli: Cli, seen: Path) -> None:
    """The number alone, or in an object without results."""
    assert cli("search", "Dock", "--count").stdout == "3\n"
    found = json.loads(cli("search", "Dock", "--count", "--json").stdout)
    assert (found["total"], found["results"]) == (3, [])
    assert cli("search", "Nirgendwo", "--count").stdout == "0\n"


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--feed", "anders"), 1),
        (("--watch", "Werft"), 3),
        (("--until", "7d"), 1),
        (("--since", "7d", "--until", f"{NOW:%Y-%m-%d}"), 2),
        (("--until", f"{NOW - timedelta(days=9):%Y-%m-%d}"), 1),
        (("--until", f"{NOW - timedelta(days=11):%Y-%m-%d}"), 0),
        (("--since", f"{NOW + timedelta(days=1):%Y-%m-%d}"), 0),
        (("--in", "corpus"), 0),
    ],
)
def test_filters(cli: Cli, seen: Path, options: tuple[str, ...], count: int) -> None:
    """A day of `--until` is included."""
    assert cli("search", "Dock", "--count", *options).stdout == f"{count}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("Dock AND",), 2, "help: "),
        (("-Dock",), 2, "  | -Dock\n  | ^"),
        (("Dock", "--since", "bald"), 2, "--since 'bald' is neither a duration"),
        (("Dock", "--until", "bald"), 2, "--until 'bald' is neither a duration"),
        (("Dock", "--limit", "0"), 2, "--limit"),
        (("Dock", "--feed", "niemand"), 1, "no feed is called 'niemand'"),
        (("Dock", "--watch", "niemand"), 1, "no watch is called 'niemand'"),
        ((), 2, "QUERY"),
    ],
)
def test_what_is_wrong_is_said(cli: Cli, seen: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    """Wrong usage is 2, a name that is not there is 1."""
    result = cli("search", *arguments)
    assert result.exit_code == code
    assert words in result.stderr
    assert result.stdout == ""


def test_without_an_archive_it_says_so(cli: Cli) -> None:
    """Neither state nor archive: no result, but no failure."""
    result = cli("search", "Dock", "--json")
    assert (result.exit_code, json.loads(result.stdout)["total"]) == (0, 0)
    assert re.search("the seen archive .* does not exist yet", result.stderr)
    assert "watcher.db does not exist yet" in result.stderr


def test_an_archive_that_is_off_is_named(cli: Cli, config: Path) -> None:
    """The reader learns why nothing is found."""
    config.write_text(config.read_text(encoding="utf-8") + '\n[seen]\nkeep = "0"\n', encoding="utf-8")
    assert 'the seen archive is off: [seen] keep is "0"' in cli("search", "Dock").stderr


@pytest.mark.parametrize("content", [b"", os.urandom(20_000)])
def test_a_damaged_archive_is_a_sentence(cli: Cli, seen: Path, content: bytes) -> None:
    """The corpus is searched all the same."""
    seen.write_bytes(content)
    result = cli("search", "Dock", "--count")
    assert (result.exit_code, result.stdout) == (0, "0\n")
    assert str(seen) in result.stderr
