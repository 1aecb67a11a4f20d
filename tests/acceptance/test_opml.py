"""`feeds import` and `feeds export` over the real command line: all of a list or nothing, and nobody is contacted."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bench.given import REALWORLD
from tests.acceptance.program import ROOT, Program
from tests.needs import needs_realworld
from tests.patience import HANGS

CONFIG = """\
# unser Wächter
[[feeds]]
name = "Blatt"   # das Blatt
url = "https://blatt.example/rss"

# Regeln
[[watches]]
name = "w"
terms = ["Werft"]
"""
LIST = """<?xml version="1.0"?>
<opml version="1.0"><body>
<outline text="Nord"><Outline TEXT="Anzeiger" XMLURL="https://anzeiger.example/feed?a=1&b=2"/></outline>
<outline text="Blatt (alt)" type="rss" xmlUrl="http://BLATT.example/rss/"/>
<outline text="Anzeiger" type="rss" xmlUrl="https://zweiter.example/"/>
<outline text="Linkliste" type="link" url="https://links.example/"/>
<outline type="rss" xmlUrl="https://ich:geheim@www.ohne.example/rss"/>
</body></opml>"""


@pytest.fixture
def ready(program: Program) -> Program:
    """A program with one feed, and the list beside its config."""
    program.config.write_text(CONFIG, encoding="utf-8")
    (program.folder / "list.opml").write_text(LIST, encoding="utf-8")
    return program


def names(program: Program) -> dict[str, str]:
    feeds = tomllib.loads(program.config.read_text(encoding="utf-8")).get("feeds", [])
    return {feed["name"]: feed["url"] for feed in feeds}


def test_a_list_is_imported_with_a_row_for_each_outline(ready: Program) -> None:
    """Added, known or refused and why, in the order of the file; the config keeps its comments, and no password."""
    file = str(ready.folder / "list.opml")
    result = ready.command("feeds", "import", file, "--json")
    assert result.code == 0
    assert result.json == {
        "file": file,
        "dry_run": False,
        "added": [
            {
                "title": "Anzeiger",
                "url": "https://anzeiger.example/feed?a=1&b=2",
                "name": "Anzeiger",
                "reason": "",
            },
            {"title": "Anzeiger", "url": "https://zweiter.example/", "name": "Anzeiger 2", "reason": ""},
            {
                "title": "",
                "url": "https://www.ohne.example/rss",
                "name": "ohne.example",
                "reason": "user and password are left out; write them as headers = { Authorization = … } of the feed",
            },
        ],
        "known": [
            {
                "title": "Blatt (alt)",
                "url": "http://BLATT.example/rss/",
                "name": "Blatt",
                "reason": "same address as feed Blatt",
            }
        ],
        "refused": [{"title": "Linkliste", "url": "", "name": "", "reason": "not a feed: type link"}],
    }
    assert names(ready) == {
        "Blatt": "https://blatt.example/rss",
        "Anzeiger": "https://anzeiger.example/feed?a=1&b=2",
        "Anzeiger 2": "https://zweiter.example/",
        "ohne.example": "https://www.ohne.example/rss",
    }
    text = ready.config.read_text(encoding="utf-8")
    assert all(line in text for line in CONFIG.splitlines())
    assert "geheim" not in text + result.stdout + result.stderr
    again = ready.command("feeds", "import", file, "--json").json
    assert (len(again["added"]), len(again["known"]), len(again["refused"])) == (0, 4, 1)
    assert ready.config.read_text(encoding="utf-8") == text


def test_without_json_each_outline_has_a_line(ready: Program) -> None:
    """Outcome, name or title, address and reason; a dry run prints the same, and writes nothing."""
    file = str(ready.folder / "list.opml")
    dry = ready.command("feeds", "import", file, "--dry-run")
    assert (dry.code, ready.config.read_text(encoding="utf-8")) == (0, CONFIG)
    real = ready.command("feeds", "import", file)
    assert real.stdout == dry.stdout
    rows = [line.split("\t") for line in real.stdout.splitlines()]
    assert [row[:2] for row in rows] == [
        ["added", "Anzeiger"],
        ["known", "Blatt"],
        ["added", "Anzeiger 2"],
        ["refused", "Linkliste"],
        ["added", "ohne.example"],
    ]
    assert "3 added, 1 known, 1 refused" in dry.stderr
    assert "dry run" in dry.stderr
    assert "SIGHUP" in real.stderr


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (None, "OPML"),
        (b"", "OPML"),
        (b"<html><body>Anmelden</body></html>", "OPML"),
        (LIST.encode()[:-9], "OPML"),
        (LIST.replace("<opml", '<!DOCTYPE opml [<!ENTITY a "b">]><opml', 1).encode(), "entities"),
        (b"<opml><body>" + b"<outline/>" * 2_000_000 + b"</body></opml>", "OPML"),
    ],
)
def test_what_is_not_a_list_changes_nothing(ready: Program, content: bytes | None, word: str) -> None:
    """A missing file, another format, a list that is cut off, entities, millions of outlines: 1 and a sentence."""
    file = ready.folder / "kaputt.opml"
    if content is not None:
        file.write_bytes(content)
    result = ready.command("feeds", "import", str(file), "--json")
    assert (result.code, result.stdout) == (1, "")
    assert str(file) in result.stderr
    assert word in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert ready.config.read_text(encoding="utf-8") == CONFIG


def test_a_folder_and_an_endless_device_are_sentences(ready: Program) -> None:
    """Neither hangs."""
    for place in (str(ready.folder), "/dev/zero"):
        result = ready.command("feeds", "import", place)
        assert (result.code, len(result.stderr.splitlines())) == (1, 1)
        assert "OPML" in result.stderr


def test_a_read_only_config_is_a_sentence(ready: Program, tmp_path: Path) -> None:
    """All rows are written or none: a folder that is not there cannot be written."""
    ready.config = tmp_path / "weg" / "config.toml"
    result = ready.command("feeds", "import", str(ready.folder / "list.opml"))
    assert result.code == 78
    assert "Traceback" not in result.stderr


def test_an_export_imports_again_to_the_same_feeds(ready: Program) -> None:
    """Names and addresses, in their order, into an empty config; headers and their secrets are left out."""
    feeds = {
        "Blatt": "https://blatt.example/rss?a=1&b=2",
        'Der "Bote" <1> & Söhne': "https://bote.example/",
        "zwei  Leerzeichen": "https://leer.example/x",
        "x" * 301: "https://lang.example/",
        "http://als.name.example/": "http://name.example:8080/rss",
        "Größe 😀": "https://größe.example/",
    }
    ready.configure(feeds=feeds)
    with ready.config.open("a", encoding="utf-8") as config:
        config.write(
            '[[feeds]]\nname = "Zu"\nurl = "https://zu.example/"\nheaders = { Authorization = "Basic geheim" }\n'
        )
    exported = ready.command("feeds", "export")
    assert exported.code == 0
    assert "geheim" not in exported.stdout + exported.stderr
    assert 'opml version="2.0"' in exported.stdout
    file = ready.folder / "export.opml"
    file.write_text(exported.stdout, encoding="utf-8")
    ready.config.write_text("", encoding="utf-8")
    assert ready.command("feeds", "import", str(file)).code == 0
    assert list(names(ready).items()) == [*feeds.items(), ("Zu", "https://zu.example/")]
    assert ready.command("feeds", "export").stdout == exported.stdout


def test_feeds_with_one_address_are_named_at_an_export(ready: Program) -> None:
    """An import takes only the first of them, and the export says so."""
    ready.configure(feeds={"a": "http://a.example/x", "b": "https://a.example/x/"})
    assert "a and b have the same address" in ready.command("feeds", "export").stderr


@needs_realworld
def test_real_lists_are_imported_whole(ready: Program) -> None:
    """Every feed of the real files is added."""
    for file, feeds in (("Germany.opml", 5), ("News.opml", 11)):
        result = ready.command("feeds", "import", str(REALWORLD / "opml" / file), "--json").json
        assert (len(result["added"]), result["known"], result["refused"]) == (feeds, [], [])
    assert len(names(ready)) == 17


def test_ten_thousand_feeds_are_imported_at_once_with_a_bar_on_a_terminal(ready: Program) -> None:
    """The bar names the feeds; the config has all of them afterwards."""
    rows = "".join(f'<outline text="Blatt {n}" xmlUrl="https://b{n}.example/rss"/>' for n in range(10_000))
    file = ready.folder / "gross.opml"
    file.write_text(f"<opml><body>{rows}</body></opml>", encoding="utf-8")
    seen = _on_terminal(ready, "feeds", "import", str(file))
    assert "10000/10000" in seen
    assert "10000 added, 0 known, 0 refused" in seen
    assert len(names(ready)) == 10_001


def _on_terminal(program: Program, *arguments: str) -> str:
    """What a command prints to stderr if that is a terminal."""
    leader, follower = pty.openpty()
    line = [sys.executable, "-m", "watcher", "--config", str(program.config), *arguments]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=follower, env=environment)
    os.close(follower)
    seen = b""
    try:
        while chunk := os.read(leader, 65_536):
            seen += chunk
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(leader)
    assert process.wait(HANGS) == 0
    return seen.decode()
