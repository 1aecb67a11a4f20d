"""Bad input gets a clear sentence on stderr and the right exit code, never a traceback."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.acceptance.pages import article, news_page
from tests.acceptance.program import Program
from tests.newsroom import Newsroom
from tests.rights import heeding_rights

COMMANDS = ("run", "once", "check")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_missing_config_is_78_and_named(program: Program, command: str) -> None:
    """The file that is not there is named."""
    result = program.command(command)
    assert result.code == 78
    assert str(program.config) in result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_malformed_config_is_78_with_its_line(program: Program, command: str) -> None:
    """A TOML mistake is shown as FILE:LINE."""
    program.config.write_text('[corpus]\nfolder = "seeds\n', encoding="utf-8")
    result = program.command(command)
    assert result.code == 78
    assert f"{program.config}:2" in result.stderr


def test_every_problem_is_told_at_once_with_line_and_key(program: Program) -> None:
    """Unknown keys, empty terms, a bad address, a bad duration, an unknown channel: one line each."""
    text = """\
[polling]
every = "bald"

[[feeds]]
name = "a"
url = "ftp://example.org/feed"
farbe = "rot"

[[watches]]
name = "Rutte"
terms = ["Rutte", "  "]
channels = ["niemand"]
"""
    program.config.write_text(text, encoding="utf-8")
    result = program.command("check")
    assert result.code == 78
    for line, key in ((2, "polling.every"), (6, "url"), (7, "farbe"), (11, "terms"), (12, "channels")):
        assert any(f":{line}:" in told and key in told for told in result.stderr.splitlines()), (key, result.stderr)


def test_an_empty_list_of_terms_is_refused(program: Program) -> None:
    """A watch that can never match is a mistake."""
    program.configure(feeds={}, terms={"leer": []})
    result = program.command("check")
    assert result.code == 78
    assert "leer" in result.stderr or "terms" in result.stderr


def test_usage_mistakes_are_2(program: Program) -> None:
    """An unknown command and an unknown option."""
    assert program.command("fliegen").code == 2
    assert program.command("once", "--schnell").code == 2


def test_check_accepts_a_right_config_without_network(program: Program) -> None:
    """`check` reads the file only: exit 0 though nothing listens there."""
    program.configure(feeds={"a": "http://127.0.0.1:9/feed"})
    assert program.command("check").code == 0


def test_a_feed_that_is_a_web_page_suggests_the_feed_it_advertises(news: Newsroom, program: Program) -> None:
    """`check --online` and `once` name the address that the page's link element gives."""
    head = '<link rel="alternate" type="application/rss+xml" href="/echt.xml">'
    program.configure(feeds={"a": news.page("/", news_page("Startseite", "<p>Willkommen.</p>", head=head))})
    checked = program.command("check", "--online")
    assert checked.code == 1
    assert news.url("/echt.xml") in checked.stderr + checked.stdout
    assert news.url("/echt.xml") in program.command("once").stdout


def test_unreachable_hosts_are_named_and_once_still_succeeds(program: Program) -> None:
    """A port where nothing listens and a name that does not exist: both in the summary, exit 0."""
    program.configure(feeds={"zu": "http://127.0.0.1:9/feed", "fort": "http://gibt-es-nicht.invalid/feed"})
    result = program.command("once", "--json")
    assert result.code == 0
    assert all(name in result.stdout for name in ("zu", "fort"))


def test_a_corpus_without_write_permission_is_told(news: Newsroom, program: Program) -> None:
    """The folder is named, exit 1."""
    program.seeds.mkdir(mode=0o555)
    _assert_corpus_is_refused(news, program)


@pytest.mark.parametrize(
    "command", [("once",), ("search", "Rutte"), ("outbox", "list"), ("feeds", "list"), ("backup",)], ids=" ".join
)
def test_a_state_in_a_closed_folder_is_told(program: Program, command: tuple[str, ...]) -> None:
    """The file is named, and what to do; exit 1."""
    program.configure(feeds={})
    program.state.parent.mkdir(mode=0o000)
    result = program.command(*command, before=heeding_rights())
    assert result.code == 1
    assert f"cannot look for the state at {program.state}: Permission denied; run" in result.stderr.replace("\n", " ")


def test_a_corpus_that_is_a_file_is_told(news: Newsroom, program: Program) -> None:
    """A corpus folder that cannot be written, for every command: exit 1, the folder is named."""
    program.seeds.write_text("kein Ordner", encoding="utf-8")
    _assert_corpus_is_refused(news, program)


def test_a_foreign_state_file_is_left_alone(news: Newsroom, program: Program) -> None:
    """A file that is not a database and a database of somebody else: exit 1, named, not a byte changed."""
    program.configure(feeds={"a": news.feed("/a", [])})
    program.state.parent.mkdir()
    for foreign in (b"Notizen, keine Datenbank. " * 100, _database_of_somebody_else(program.folder / "andere.db")):
        program.state.write_bytes(foreign)
        for command in ("once", "run"):
            result = program.command(command)
            assert result.code == 1
            assert str(program.state) in result.stderr
        assert program.state.read_bytes() == foreign


def test_a_newer_state_is_refused(news: Newsroom, program: Program) -> None:
    """A state that a newer watcher wrote is not touched: exit 1 and a word about the version."""
    program.configure(feeds={"a": news.feed("/a", [article(news, matching=True)])})
    program.once()
    with closing(sqlite3.connect(program.state)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_zukunft'")
    result = program.command("once")
    assert result.code == 1
    assert "newer" in result.stderr


def _assert_corpus_is_refused(news: Newsroom, program: Program) -> None:
    program.configure(feeds={"a": news.feed("/a", [article(news, matching=True)])})
    result = program.command("once", before=heeding_rights())
    assert result.code == 1
    assert str(program.seeds) in result.stderr


def _database_of_somebody_else(file: Path) -> bytes:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE rezepte (name TEXT)")
    return file.read_bytes()
