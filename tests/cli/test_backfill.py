"""`backfill`: its preview for people and programs, its result without a page to fetch, and what is wrong usage."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.test_search import KEYS, seen
from tests.patience import HANGS
from watcher.inquiry import outlook

__all__ = ["seen"]

NOW = datetime.now(UTC)


def test_a_preview_for_programs(cli: Cli, seen: Path) -> None:
    """All keys on stdout alone; a query has no watch. No state is made."""
    found = json.loads(cli("backfill", "Werft", "--preview", "--json").stdout)
    assert [*found] == [
        *("watch", "query", "since", "total", "complete", "first", "last_week", "known", "suggested", "results"),
    ]
    assert (found["watch"], found["query"], found["total"], found["last_week"]) == ("Werft", None, 3, 2)
    assert (found["known"], found["suggested"], found["complete"]) == (0, 1, True)
    assert found["first"] in {f"{NOW - timedelta(days=days):%Y-%m-%d}" for days in (8, 9)}  # in the zone of the config
    assert [[*row] for row in found["results"]] == [KEYS] * 3
    assert NOW - timedelta(days=91) < datetime.fromisoformat(found["since"]) < NOW - timedelta(days=89)
    found = json.loads(cli("backfill", "--query", "leer", "--preview", "--json", "--since", "7d").stdout)
    assert (found["watch"], found["query"], found["total"]) == (None, "leer", 1)
    assert json.loads(cli("backfill", "--query", "nirgends", "--preview", "--json").stdout)["first"] is None
    assert not (seen.parent / "watcher.db").exists()


def test_a_preview_for_people(cli: Cli, seen: Path) -> None:
    """The examples on stdout, the counts on stderr."""
    result = cli("backfill", "Werft", "--preview")
    assert "  Das «Dock» ist leer." in result.stdout
    assert "3 matches since " in result.stderr
    assert "2 of them in the last week; 0 are documents already" in result.stderr
    assert "of 1 article only the visible text of the whole page is known" in result.stderr


def test_what_one_backfill_cannot_read_is_counted(cli: Cli, seen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are read; a sentence names the number of the others."""
    monkeypatch.setattr(outlook, "MOST_CANDIDATES", 1)
    assert "2 articles beyond the newest" in cli("backfill", "Werft", "--preview").stderr


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "name either a WATCH or a --query"),
        (("Werft", "--query", "Dock", "--preview"), 2, "name either a WATCH or a --query"),
        (("--query", "Dock"), 2, "--query needs --preview"),
        (("--query", "Dock AND", "--preview"), 2, "help: "),
        (("--query", "(", "--preview"), 2, "Error: the parenthesis"),
        (("Werft", "--since", "bald"), 2, "--since 'bald' is neither a duration"),
        (("niemand",), 1, "no watch is called 'niemand'"),
        (("niemand", "--preview"), 1, "no watch is called 'niemand'"),
    ],
)
def test_what_is_wrong_is_said(cli: Cli, seen: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    """Wrong usage is 2, a watch that is not there is 1."""
    result = cli("backfill", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert words in result.stderr


def test_without_archive_and_state_it_says_so(cli: Cli) -> None:
    """Nothing is found, and nothing failed."""
    result = cli("backfill", "Werft", "--json")
    assert result.exit_code == 0
    assert "seen.db does not exist yet" in result.stderr
    done = json.loads(result.stdout)
    assert [*done] == ["watch", "since", "total", "documents", "known", "from_seen", "unmatched", "failed"]
    assert (done["watch"], done["total"], done["documents"]) == ("Werft", 0, [])


def test_it_asks_on_a_terminal(config: Path, seen: Path) -> None:
    """With a no nothing is fetched or written."""
    leader, follower = pty.openpty()
    line = [sys.executable, "-m", "watcher", "--config", str(config), "backfill", "Werft"]
    with subprocess.Popen(line, stdin=follower, stdout=subprocess.PIPE, stderr=follower) as process:
        os.close(follower)
        shown = b""
        while b"and send what matches?" not in shown:
            shown += os.read(leader, 1000)
        os.write(leader, b"n\n")
        assert process.wait(HANGS) == 1
    os.close(leader)
    assert b"Fetch 3 pages again" in shown
    assert not (seen.parent / "watcher.db").exists()
