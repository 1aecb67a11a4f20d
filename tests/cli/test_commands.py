"""Single commands: match, feeds and corpus."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.newsroom import Newsroom
from tests.store.rows import new_entry, poll_record
from watcher.config import load
from watcher.corpus import document_id, render_document
from watcher.model import Entry
from watcher.store import open_database
from watcher.store.commands import feeds, polls
from watcher.store.queries import feed_status

TEXT = "Im Dock liegt ein Schiff.\n\nDie Werft streicht es rot."


# -- match ------------------------------------------------------------------------------------------------------------


def test_match_marks_the_hits(cli: Cli) -> None:
    """Each with its surroundings, on stdout."""
    result = cli("match", "--text", TEXT)
    assert result.exit_code == 0
    assert "watch Werft: 2 hits" in result.stdout
    assert "«Dock»" in result.stdout
    assert "Die «Werft» streicht" in result.stdout


def test_match_json_has_offsets_into_the_text(cli: Cli) -> None:
    """A list of matches with their hits."""
    (match,) = json.loads(cli("match", "--text", TEXT, "--json").stdout)
    assert match["watch"] == "Werft"
    assert [TEXT[hit["start"] : hit["end"]] for hit in match["hits"]] == ["Dock", "Werft"]


def test_match_reads_files_and_stdin(cli: Cli, tmp_path: Path) -> None:
    """Bytes that are not UTF-8 do not cause a failure."""
    file = tmp_path / "text.txt"
    file.write_bytes(TEXT.encode() + b"\xff\xfe")
    assert "«Dock»" in cli("match", "--file", str(file)).stdout
    assert "«Dock»" in cli("match", "--file", "-", stdin=TEXT).stdout
    assert "«Dock»" in cli("match", "--file", "-", stdin=TEXT.encode() + b"\xff").stdout


def test_match_without_a_match_says_so(cli: Cli) -> None:
    """It is a result, not a failure; an empty list for programs."""
    assert cli("match", "--text", "Nichts.").stdout == "no watch matches\n"
    assert json.loads(cli("match", "--text", "Nichts.", "--json").stdout) == []
    flood = "Dock. " * 101
    (match,) = json.loads(cli("match", "--text", flood, "--json").stdout)
    assert (len(match["hits"]), match["may_have_more_hits"]) == (100, True)
    assert "100 hits or more" in cli("match", "--text", flood).stdout
    assert cli("match", "--text", "").exit_code == 0


# -- feeds ------------------------------------------------------------------------------------------------------------


def test_feeds_are_added_listed_and_removed(cli: Cli, config: Path, news: Newsroom) -> None:
    """`add` reports title and entries, keeps comments, and refuses a feed that is already there."""
    config.write_text("# von Hand geschrieben\n" + config.read_text(encoding="utf-8"), encoding="utf-8")
    url = news.feed("/feed", [Entry(id="1", link="/a", title="Stapellauf")], title="Hafenblatt")
    added = cli("feeds", "add", url, "--name", "hafen")
    assert added.exit_code == 0, added.stderr
    assert "Hafenblatt: 1 entry" in added.stderr
    assert [(feed.name, feed.url) for feed in load(config).feeds] == [("hafen", url)]
    assert config.read_text(encoding="utf-8").startswith("# von Hand geschrieben\n")
    assert cli("feeds", "add", url, "--offline").exit_code == 1
    (row,) = json.loads(cli("feeds", "list", "--json").stdout)
    assert (row["name"], row["url"], row["entries"], row["last_polled_at"]) == ("hafen", url, 0, None)
    assert cli("feeds", "remove", "hafen").exit_code == 0
    assert json.loads(cli("feeds", "list", "--json").stdout) == []


def test_a_page_is_not_added_and_its_feed_is_named(cli: Cli, config: Path, news: Newsroom) -> None:
    """The config stays as it was."""
    before = config.read_text(encoding="utf-8")
    head = '<link rel="alternate" type="application/rss+xml" href="/echt.xml">'
    url = news.page("/", f"<html><head>{head}</head><body><p>Willkommen.</p></body></html>")
    result = cli("feeds", "add", url)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.count(news.url("/echt.xml")) == 1
    assert config.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("pasted", "more"),
    [
        ("feed:{}", ()),
        ("\u200b{}\n", ()),
        *((pasted, ("--offline",)) for pasted in ("feed:{}", "feed:{}  ", "FEED://{}", "\u200b{}\n", "\u00a0{} ")),
    ],
)
def test_a_pasted_address_is_cleaned(
    cli: Cli, config: Path, news: Newsroom, pasted: str, more: tuple[str, ...]
) -> None:
    """The config gets the address alone, looked at first or not; by the same spelling it is removed again."""
    url = news.feed("/feed", [Entry(id="1", link="/a", title="Stapellauf")], title="Hafenblatt")
    added = cli("feeds", "add", pasted.format(url), *more)
    assert added.exit_code == 0, added.stderr
    assert [feed.url for feed in load(config).feeds] == [url]
    assert cli("feeds", "remove", pasted.format(url)).exit_code == 0
    assert load(config).feeds == ()


@pytest.mark.parametrize("url", ["ftp://blatt.example/feed", "blatt", "http://", ""])
def test_an_address_that_is_none_is_not_added(cli: Cli, config: Path, url: str) -> None:
    """Whether it is looked at first or not."""
    before = config.read_text(encoding="utf-8")
    for more in ((), ("--offline",)):
        result = cli("feeds", "add", url, *more)
        assert result.exit_code in (1, 78)
        assert result.stderr
        assert config.read_text(encoding="utf-8") == before


def test_the_list_shows_health(cli: Cli, config: Path) -> None:
    """Polls, entries and the error of one that fails; a line for each, tabs between, in a pipe."""
    with config.open("a", encoding="utf-8") as file:
        for name in ("gut", "krank", "neu"):
            file.write(f'\n[[feeds]]\nname = "{name}"\nurl = "https://{name}.example/feed"\n')
    _polled(config)
    rows = [line.split("\t") for line in cli("feeds", "list").stdout.splitlines()]
    assert [row[0] for row in rows] == ["gut", "krank", "neu"]
    assert "good" in rows[0]
    assert any("HTTP 500" in cell for cell in rows[1])
    assert "never" in rows[2]
    (_, sick, _) = json.loads(cli("feeds", "list", "--json").stdout)
    assert sick["last_error"] == "HTTP 500"
    assert datetime.fromisoformat(sick["failing_since"]).tzinfo is not None


def test_a_foreign_state_does_not_break_the_list(cli: Cli, config: Path) -> None:
    """It is named, exit 1."""
    path = load(config).state.path
    path.parent.mkdir()
    path.write_bytes(b"Notizen. " * 100)
    result = cli("feeds", "list")
    assert result.exit_code == 1
    assert str(path) in result.stderr


def _polled(config: Path) -> None:
    """Two of the config's feeds were polled: one well, one not."""
    engine = open_database(load(config).state.path)
    now = datetime.now(UTC)
    with engine.begin() as tx:
        feeds.subscribe(tx, {feed.name: feed.url for feed in load(config).feeds[:2]}, now=now)
        for status, error in zip(feed_status.statuses(tx), ("", "HTTP 500"), strict=True):
            new = () if error else (new_entry("eins"),)
            poll = poll_record(tx, status.id, new=new, error=error, next_poll_at=now + timedelta(hours=1))
            polls.record_poll(tx, status.id, poll, now=now)
    engine.dispose()


# -- corpus -----------------------------------------------------------------------------------------------------------


def _seed(config: Path, number: int, text: str = "Ein Bericht.") -> Path:
    data = render_document(None, text)
    folder = load(config).corpus.folder
    folder.mkdir(exist_ok=True)
    file = folder / f"{number:03d}_{document_id(data)}.txt"
    file.write_bytes(data)
    return file


def test_a_good_corpus_is_0_and_says_how_many(cli: Cli, config: Path) -> None:
    """Without a state the files are only unknown, which does not count as a problem."""
    for number in range(3):
        _seed(config, number, f"Bericht {number}.")
    result = cli("corpus", "verify")
    assert result.exit_code == 0, result.output
    assert "no problems" in result.stdout


def test_a_damaged_corpus_is_1_and_says_what(cli: Cli, config: Path, news: Newsroom) -> None:
    """Changed bytes, a missing file and a gap, each by name."""
    words = " ".join(f"Die Werft hat am Montag das Schiff Nummer {n} gestrichen." for n in range(20))
    for number in range(3):
        news.page(f"/{number}", f"<html><body><article><h1>Stapellauf {number}</h1><p>{words} {number}</p></article>")
    entries = [Entry(id=str(n), link=f"/{n}", title=f"Stapellauf {n}") for n in range(3)]
    url = news.feed("/feed", entries)
    assert cli("feeds", "add", url, "--name", "hafen", "--offline").exit_code == 0
    assert cli("once").exit_code == 0
    assert cli("corpus", "verify").exit_code == 0
    first, second, third = sorted(load(config).corpus.folder.iterdir())
    first.write_text(first.read_text(encoding="utf-8") + "mehr", encoding="utf-8")
    second.unlink()
    third.with_name("notizen.md").write_text("x", encoding="utf-8")
    result = cli("corpus", "verify")
    assert result.exit_code == 1
    for name in (first.name, second.name, "notizen.md"):
        assert name in result.stdout
