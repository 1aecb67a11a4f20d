"""The short form of `make crash`: kills and power cuts at random instants, and controls that the checker must catch."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from bench import audit, power
from bench.crash import control_cuts, cut_amid_alerts_and_check, cut_and_check, kill_and_check, on_a_disk
from bench.ordeal import ordeal
from tests.acceptance.fork_server import popen
from tests.needs import needs_power
from tests.seen.texts import text, write


def test_kills_lose_tear_double_and_misnumber_nothing(tmp_path: Path) -> None:
    """Two kills in a row under load; then store, corpus and receivers agree, and few alerts came twice."""
    with ordeal(tmp_path, seed=7, popen=popen) as under:
        assert kill_and_check(under, kills=2) == []


@needs_power
def test_the_power_comes_back_while_another_namespace_keeps_the_dead_disk(tmp_path: Path) -> None:
    """A container that was started meanwhile has the mounts of its birth; its copy of the disk stays shut down."""
    with power.LoopDisk(tmp_path) as disk:
        file = disk.mount / "synced.txt"
        file.write_text("Bericht", encoding="utf-8")
        subprocess.run(["sync", "-f", str(disk.mount)], check=True)
        container = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", "echo started; exec cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            assert container.stdout
            assert container.stdout.readline() == b"started\n"
            disk.cut_power()
            disk.power_on()
            assert file.read_text(encoding="utf-8") == "Bericht"
        finally:
            container.communicate()


@needs_power
def test_a_power_cut_takes_nothing_that_was_told(tmp_path: Path) -> None:
    """Each document that a receiver was notified of is on the disk after a cut, and the restart completes the rest."""
    with on_a_disk(tmp_path, seed=7, popen=popen) as (disk, under):
        assert cut_and_check(under, disk) == []


@needs_power
def test_the_checker_sees_missing_fsyncs(tmp_path: Path) -> None:
    """The same program without fsync of its files is caught within three cuts."""
    with on_a_disk(tmp_path, seed=7, sabotage="no-fsync", popen=popen) as (disk, under):
        _, problems = control_cuts(under, disk, cut_and_check, most=3)
    assert any("is not in the corpus" in problem or "torn" in problem for problem in problems)


@needs_power
def test_a_power_cut_amid_alerts_repeats_one_at_most(tmp_path: Path) -> None:
    """Each alert that was accepted is on record before the next one goes out."""
    with on_a_disk(tmp_path, seed=7, group_wait="3s", popen=popen) as (disk, under):
        assert cut_amid_alerts_and_check(under, disk) == []


@needs_power
def test_the_checker_sees_that_the_state_is_not_synced(tmp_path: Path) -> None:
    """The same cut with `synchronous=NORMAL`: the store has forgotten what it had committed."""
    with on_a_disk(tmp_path, seed=7, sabotage="normal", group_wait="3s", popen=popen) as (disk, under):
        _, problems = control_cuts(under, disk, cut_amid_alerts_and_check, most=3)
    assert any("the store knows no more" in problem or "alert doubled" in problem for problem in problems)


def test_the_checker_sees_a_damaged_archive(tmp_path: Path) -> None:
    """An archive that is missing, cut off, or whose index has lost a text."""
    path = tmp_path / "seen.db"
    write(path, *(text(number, f"Rutte sprach {number} mal.") for number in range(3)))
    assert list(audit.archive(path)) == []
    with closing(sqlite3.connect(path)) as db:
        (name,) = db.execute("SELECT name FROM partitions").fetchone()
        db.execute(f"DELETE FROM texts_{name} WHERE id = (SELECT min(id) FROM texts_{name})")
        db.commit()
    assert list(audit.archive(path)) == []
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"INSERT INTO index_{name} (index_{name}) VALUES ('delete-all')")
        db.commit()
    assert list(audit.archive(path)) == ["the index of the seen archive does not fit its texts"]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "damaged" in " ".join(audit.archive(path))
    path.unlink()
    assert list(audit.archive(path)) == ["the seen archive seen.db is not there"]
