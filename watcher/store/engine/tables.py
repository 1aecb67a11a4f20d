"""The tables of a state, of either database: which version they have, and how they are created and migrated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from watcher.store import migrations, schema
from watcher.store.dialect import is_postgresql, tables_for
from watcher.store.schema import cluster as cluster_tables

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

SCHEMA = "0015"  # the newest of `migrations/versions`, which are numbered upwards
_VERSION_TABLE = (  # as Alembic makes it
    "CREATE TABLE alembic_version "
    "(version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)


def version(connection: Connection) -> str:
    """The schema of the database, "" if it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT max(version_num) FROM alembic_version")).scalar() or "")


def bring_up_to_date(connection: Connection) -> None:
    """Creates the tables of a new state, migrates those of an older one."""
    found = version(connection)
    if not found:
        tables_for(connection.dialect, schema.metadata).create_all(connection)
        if is_postgresql(connection):
            cluster_tables.create(connection)
        connection.execute(text(_VERSION_TABLE))
        connection.execute(text("INSERT INTO alembic_version VALUES (:schema)"), {"schema": SCHEMA})
    elif found != SCHEMA:
        _migrate(connection)


def _migrate(connection: Connection) -> None:
    from alembic import command  # here, because it takes a third of the time of a start, and is rarely needed

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def alembic_config() -> AlembicConfig:
    """The configuration of Alembic: the place of the migrations."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent).replace("%", "%%"))
    return config
