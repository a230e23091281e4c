"""The migrations make exactly the tables that the code describes, on an empty database and on one that has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.adapters import migrations, schema, store
from bot.engine import migrate as migrate_engine


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = store.connect(f"sqlite:///{tmp_path / 'migrated.db'}")
    yield engine
    engine.dispose()


def differences(engine: sa.Engine) -> list[object]:
    """What Alembic would change to come from the database to the code; the engine's own tables are not ours."""
    ours = set(schema.metadata.tables)
    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_name": lambda name, kind, _: kind != "table" or name in ours,
    }
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata))


def tables(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names())


def definitions(engine: sa.Engine) -> dict[str, str]:
    """Every index with its condition, in SQLite's own words: Alembic does not compare conditions."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL")
        return {name: " ".join(text.replace('"', "").split()) for name, text in rows}


def test_migrations_make_exactly_the_tables_that_the_code_describes(engine: sa.Engine) -> None:
    migrations.upgrade(engine)

    assert differences(engine) == []
    assert tables(engine) == {*schema.metadata.tables, "alembic_version"}


def test_migrations_make_the_same_indexes_with_the_same_conditions(engine: sa.Engine, tmp_path: Path) -> None:
    described = store.connect(f"sqlite:///{tmp_path / 'described.db'}")
    schema.metadata.create_all(described)

    migrations.upgrade(engine)

    assert definitions(engine) == definitions(described)
    described.dispose()


def test_an_empty_database_is_not_current_and_a_migrated_one_is(engine: sa.Engine) -> None:
    before = migrations.is_current(engine)

    migrations.upgrade(engine)

    assert (before, migrations.is_current(engine)) == (False, True)


def test_migrating_twice_changes_nothing(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(schema.kept).values(key="a key", value="a value"))

    migrations.upgrade(engine)

    with engine.connect() as connection:
        assert connection.execute(sa.select(schema.kept.c.value)).scalar_one() == "a value"
    assert migrations.is_current(engine)


def test_a_database_of_a_newer_version_is_not_taken_for_ours(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    current = migrations.is_current(engine)

    assert not current


def test_migrations_can_be_taken_back(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    config = migrations._config()

    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    assert tables(engine) == {"alembic_version"}


def test_the_engine_keeps_its_tables_beside_ours(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    migrate_engine(engine)

    migrations.upgrade(engine)
    migrate_engine(engine)

    assert differences(engine) == []
    assert "workflow_status" in tables(engine)


def test_the_newest_revision_is_told_by_the_files_as_alembic_tells_it() -> None:
    directory = ScriptDirectory(str(Path(migrations.__file__).parents[1] / "migrations"))

    assert [migrations.newest()] == directory.get_heads()
