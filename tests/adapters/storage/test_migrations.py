"""The migrations make exactly the tables that the code describes, on an empty database and on one that has them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import bot.migrations
from bot.adapters.storage import migrations, tables
from bot.adapters.storage.engine import connect
from bot.adapters.storage.migrations import Age
from bot.runtime.dispatcher import migrate as migrate_engine

MIGRATIONS = Path(bot.migrations.__file__).parent
RELEASED = {
    "0001_first_tables.py": "1554b1fd4abc8bd959bac2622590e07fdb0a91774e3f33b7a4ed797158a26db6",
    "0002_bodies_stored_as_they_are.py": "46c08a306b4a4bf87d895c84f7b4dab10bb9f2a8d1c211d6657af8a3a5d6e880",
    "0003_set_aside_and_fair.py": "cea6a92d70982007f27a0793fb58282d4280755d05a7b85efd78d879d081eef5",
    "0004_claims_to_logins.py": "68d3b9477fde61ceb75ec95ab28a1f0e343fba109f147f099d08a38387782ee3",
    "0005_late_ends_and_twins.py": "2b5a51155017edf2dd48c37c1b8a4623e2febdde20c40bb7720d58c75b865295",
    "0006_refused_tries.py": "70170aec532f2752de534a11e7aaf67930337dc413657779aec55c502656fcfd",
    "0007_repository_ids.py": "45f979572478516af434220ce96f60bcdd1c1b12b8ec3b4bab6baec7d6d8bd66",
    "0008_repeats.py": "586dc696af9845ef7d4c5f7eddc5469ffc64083ab9689d99547e76c271ea2b2a",
    "0009_presses_and_channels.py": "3296f9788e743d1249084102011cea5e3d849975a00e9a88c9588d9075ca6504",
    "0010_joins.py": "19c04b53d35fc39436317e6644c0f171bff2b2048de08e32af934b675f1f09f5",
    "0011_dead_rows.py": "916561cba0223302d287e16c28096808c858b0b609c502830ba98ce8d911ea67",
    "0012_merges_and_threads.py": "a930f3317fe033bc4a0db9d07c9757a97e203c2f6344437f539e5d8596282785",
    "0013_replaced.py": "42d1e391adadfc0e31aa3cb65861a946e5dc8243dc0b7db45cff41a562ec6c0c",
    "0014_cards.py": "c38826d2bd45f82461955c3590c8eaa0e36ef3e76e6529368e00d46658a3a920",
    "0015_notices.py": "1196f070ad9d64854719e92ea4a80ff544ee8421547925b7241a360b454b5b59",
    "0016_promotions.py": "a6e22266595e4149fb7f685b469104994ff21e6ebac8df2d0cd90b8cc8bc8e0c",
    "0017_merge_cards.py": "4f8d7d5a06e4afeb9de9cdabc6f88c49bf7201e0fdf9e1ac1f468a5109d13e50",
    "0018_home_tab.py": "26af30b8d911196755ef057cb45aee6bb640c10db26e02dff0a5cca82afd3e32",
    "0019_publications.py": "044efb5ba9fd1c4054a42b4b451a468cdb85355a27a5ea9dc4e8089736d3fa6d",
    "0020_api.py": "d97065419b78df74f97e5e16e36a2556a9add8993e2513397061f57f59b19696",
    "0021_outgoing_webhooks.py": "c0c1df21a41623b1ac4c07021cb7c4d04991bce1641f01f498b01c90b32bf903",
}
"""Each migration that has been on main, with the SHA-256 of its file."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = connect(f"sqlite:///{tmp_path / 'migrated.db'}")
    yield engine
    engine.dispose()


def differences(engine: sa.Engine) -> list[object]:
    """What Alembic would change to come from the database to the code; the engine's own tables are not ours."""
    ours = set(tables.metadata.tables)
    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_name": lambda name, kind, _: kind != "table" or name in ours,
    }
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata))


def table_names(engine: sa.Engine) -> set[str]:
    return set(sa.inspect(engine).get_table_names())


def definitions(engine: sa.Engine) -> dict[str, str]:
    """Every index with its condition, in SQLite's own words: Alembic does not compare conditions."""
    with engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL")
        return {name: " ".join(text.replace('"', "").split()) for name, text in rows}


def test_migrations_make_exactly_the_tables_that_the_code_describes(engine: sa.Engine) -> None:
    migrations.upgrade(engine)

    assert differences(engine) == []
    assert table_names(engine) == {*tables.metadata.tables, "alembic_version"}


def test_migrations_make_the_same_indexes_with_the_same_conditions(engine: sa.Engine, tmp_path: Path) -> None:
    described = connect(f"sqlite:///{tmp_path / 'described.db'}")
    tables.metadata.create_all(described)

    migrations.upgrade(engine)

    assert definitions(engine) == definitions(described)
    described.dispose()


def test_an_empty_database_is_new_and_a_migrated_one_is_current(engine: sa.Engine) -> None:
    before = migrations.age(engine)

    migrations.upgrade(engine)

    assert (before, migrations.age(engine)) == (Age.NEW, Age.CURRENT)


def test_migrating_twice_changes_nothing(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(sa.insert(tables.kept).values(key="a key", value="a value"))

    migrations.upgrade(engine)

    with engine.connect() as connection:
        assert connection.execute(sa.select(tables.kept.c.value)).scalar_one() == "a value"
    assert migrations.age(engine) is Age.CURRENT


@pytest.mark.parametrize(("revision", "age"), [("0000", Age.OLD), ("9999", Age.NEWER)])
def test_the_revision_tells_how_old_the_database_is(engine: sa.Engine, revision: str, age: Age) -> None:
    migrations.upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'")

    assert migrations.age(engine) is age


def test_what_was_removed_by_hand_is_missed_whatever_the_revision_says(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    before = migrations.missing(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE kept")
        connection.exec_driver_sql("ALTER TABLE audit DROP COLUMN login")

    assert before == []
    assert sorted(migrations.missing(engine)) == ["the column login of audit", "the table kept"]


def test_a_migration_that_is_on_main_never_changes_again() -> None:
    """Databases have run it. What it should have done otherwise is done by another migration: add it to the list."""
    versions = sorted((MIGRATIONS / "versions").glob("[0-9]*.py"))

    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in versions}

    assert hashes == RELEASED


def test_the_version_before_runs_on_the_tables_of_each_migration(engine: sa.Engine) -> None:
    """What it reads is still there, and what it does not know to write may be left out."""
    config = migrations._config()
    revisions = [step.revision for step in reversed([*ScriptDirectory.from_config(config).walk_revisions()])]
    before: dict[str, dict[str, sa.engine.interfaces.ReflectedColumn]] = {}
    broken = []

    for revision in revisions:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
        after = reflected(engine)
        broken += [f"{revision}: {one}" for one in breaks(before, after)]
        before = after

    assert len(before) > 15
    assert broken == []


def reflected(engine: sa.Engine) -> dict[str, dict[str, sa.engine.interfaces.ReflectedColumn]]:
    found = sa.inspect(engine).get_multi_columns()
    return {str(name): {column["name"]: column for column in columns} for (_, name), columns in found.items()}


def breaks(
    before: dict[str, dict[str, sa.engine.interfaces.ReflectedColumn]],
    after: dict[str, dict[str, sa.engine.interfaces.ReflectedColumn]],
) -> Iterator[str]:
    for table, columns in before.items():
        there = after.get(table, {})
        yield from (f"{table}.{name} is gone" for name in columns if name not in there)
        for name, column in there.items():
            if name not in columns and not column["nullable"] and column["default"] is None:
                yield f"{table}.{name} is new and demands a value"


def test_what_the_version_before_could_not_run_on_is_found() -> None:
    old = {"a": {"x": {"name": "x", "type": sa.Text(), "nullable": False, "default": None}}}
    new = {"a": {"y": {"name": "y", "type": sa.Text(), "nullable": False, "default": None}}}

    assert list(breaks(old, new)) == ["a.x is gone", "a.y is new and demands a value"]  # type: ignore[arg-type]


def test_migrations_can_be_taken_back(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    config = migrations._config()

    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")

    assert table_names(engine) == {"alembic_version"}


def test_the_engine_keeps_its_tables_beside_ours(engine: sa.Engine) -> None:
    migrations.upgrade(engine)
    migrate_engine(engine)

    migrations.upgrade(engine)
    migrate_engine(engine)

    assert differences(engine) == []
    assert "workflow_status" in table_names(engine)


def test_the_newest_revision_is_told_by_the_files_as_alembic_tells_it() -> None:
    directory = ScriptDirectory(str(MIGRATIONS))

    assert [migrations.newest()] == directory.get_heads()
