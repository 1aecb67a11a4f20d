"""A state moves between SQLite and PostgreSQL with each row and each next id, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Connection, insert, select, text

from tests.databases import Server
from tests.state.filling import ROWS, fill
from tests.store.rows import NOW, new_entry, record
from watcher.cli.shell import main_group
from watcher.store import Location, StateLock, open_database, schema
from watcher.store.engine import copying
from watcher.store.engine.copying import copy_state

TABLES = schema.metadata.sorted_tables


@pytest.fixture(params=["postgresql", "sqlite"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    if request.param == "sqlite":
        return tmp_path / "new" / "watcher.db"
    server: Server = request.getfixturevalue("postgresql")
    return server.fresh()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A state with rows in each table."""
    path = tmp_path / "old" / "watcher.db"
    engine = open_database(path)
    with engine.begin() as tx:
        fill(tx)
    engine.dispose()
    return path


def within(location: Location, work: Callable[[Connection], object]) -> object:
    engine = open_database(location)
    with engine.begin() as tx:
        done = work(tx)
    engine.dispose()
    return done


def rows(location: Location) -> dict[str, list[tuple[object, ...]]]:
    def read(tx: Connection) -> object:
        return {
            table.name: [tuple(row) for row in tx.execute(select(table).order_by(*table.primary_key))]
            for table in TABLES
        }

    found = within(location, read)
    assert isinstance(found, dict)
    return found


def state_copy(*arguments: object) -> Result:
    result = CliRunner().invoke(main_group, ["state", "copy", *map(str, arguments)])
    assert isinstance(result.exception, SystemExit | None)
    return result


def test_each_row_arrives_and_comes_back(source: Path, target: Location, tmp_path: Path) -> None:
    copied = copy_state(source, target)
    assert {table.name: table.rows for table in copied} == {table.name: ROWS for table in TABLES}
    assert rows(target) == rows(source)
    back = tmp_path / "back.db"
    copy_state(target, back)
    assert rows(back) == rows(source)


def test_ids_go_on_after_the_last_one(source: Path, target: Location) -> None:
    """Also after one whose row is gone, where its table says that a number is not used again."""

    def drop_last(tx: Connection) -> None:
        tx.execute(text("DELETE FROM search_feeds WHERE number = 3"))

    within(source, drop_last)
    copy_state(source, target)

    def add(tx: Connection) -> tuple[int, int]:
        record(tx, "neu", new_entry("eins"))
        found = {"query": "Werft", "scope": "all", "feed": "", "token": "t", "made_at": NOW}
        number = tx.execute(insert(schema.search_feeds).values(found).returning(schema.search_feeds.c.number))
        return tx.scalar(text("SELECT max(id) FROM entries")) or 0, number.scalar_one()

    assert within(target, add) == (ROWS + 1, ROWS + 1)


def test_nul_becomes_a_replacement_character_on_postgresql(source: Path, target: Location) -> None:
    within(source, lambda tx: tx.execute(text("UPDATE documents SET title = 'a' || char(0) || 'b' WHERE number = 1")))
    copy_state(source, target)
    assert within(target, lambda tx: tx.scalar(text("SELECT title FROM documents WHERE number = 1"))) == (
        "a\N{REPLACEMENT CHARACTER}b" if isinstance(target, str) else "a\0b"
    )


def test_a_copy_that_differs_is_not_kept(source: Path, target: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row that changes on its way, and one that is lost, are found; the target stays empty and can be used."""
    real = copying._copy

    def changed(reader: Connection, writer: Connection, table: object, progress: object) -> object:
        done = real(reader, writer, table, progress)  # type: ignore[arg-type]
        if table is schema.documents:
            writer.execute(text(damages[0]))
        return done

    monkeypatch.setattr(copying, "_copy", changed)
    damages = ["UPDATE documents SET title = 'x' WHERE number = 2", "DELETE FROM documents WHERE number = 3"]
    while damages:
        ended = state_copy(f"sqlite:///{source}", address(target))
        assert (ended.exit_code, "nothing was copied" in ended.stderr) == (1, True), ended.output
        assert not any(rows(target).values())
        damages.pop()
    monkeypatch.undo()
    assert state_copy(f"sqlite:///{source}", address(target)).exit_code == 0


def address(location: Location) -> str:
    return location if isinstance(location, str) else f"sqlite:///{location}"


def test_the_command(source: Path, target: Location, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts, reads addresses from where no list of processes shows them, and refuses what is in use."""
    monkeypatch.setenv("OLD_STATE", f"sqlite:///{source}")
    secret = tmp_path / "address"
    secret.write_text(address(target).replace("+psycopg", "") + "\n", encoding="utf-8")
    with StateLock(source):
        busy = state_copy("env:OLD_STATE", f"file:{secret}")
        assert (busy.exit_code, "stop it first" in busy.stderr) == (1, True)
    done = state_copy("env:OLD_STATE", f"file:{secret}")
    assert done.exit_code == 0, done.output
    assert f"{ROWS * len(TABLES)} rows of {len(TABLES)} tables copied and compared" in done.stdout
    again = state_copy("env:OLD_STATE", f"file:{secret}")
    assert (again.exit_code, "has rows" in again.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("sqlite:///{missing}", "sqlite:///{new}"), "does not exist yet"),
        (("sqlite:///{source}", "mysql://a:geheim@b/c"), "an address is like sqlite:///"),
        (("sqlite:///{source}", "sqlite://"), "an address is like sqlite:///"),
        (("sqlite:///{source}", "env:NIRGENDS"), "no variable NIRGENDS"),
        (("sqlite:///{source}", "file:{missing}"), "cannot read"),
        (("sqlite:///{source}", "postgresql://w:geheim@127.0.0.1:9/w"), "127.0.0.1:9/w does not answer"),
        (("sqlite:///{source}", "sqlite:///{source}"), "stop it first"),
    ],
)
def test_what_cannot_be_copied_is_a_sentence(
    source: Path, tmp_path: Path, arguments: tuple[str, str], sentence: str
) -> None:
    names = {"source": source, "missing": tmp_path / "missing", "new": tmp_path / "new.db"}
    ended = state_copy(*(argument.format(**names) for argument in arguments))
    assert (ended.exit_code, sentence in ended.stderr.replace("\n", " ")) == (1, True), ended.output
    assert "geheim" not in ended.output
    assert not (tmp_path / "new.db").exists()
