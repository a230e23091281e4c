"""Globs over paths: what they mean, and how people read them."""

from __future__ import annotations

import pytest

from bot.core.path_patterns import readable, touched


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        (
            "db/migrate/**",
            ["db/migrate/1.rb", "db/migrate/a/b/1.rb"],
            ["db/migrate", "db/migrate.rb", "x/db/migrate/1"],
        ),
        ("db/migrate/*", ["db/migrate/1.rb"], ["db/migrate/a/1.rb"]),
        ("db/migrate", ["db/migrate", "db/migrate/1.rb", "db/migrate/a/1.rb"], ["db/migrate.rb", "db/migrated/1.rb"]),
        ("db/migrate/", ["db/migrate/1.rb"], ["db/migrate.rb"]),
        ("db/schema.rb", ["db/schema.rb"], ["db/schemaxrb", "app/db/schema.rb"]),
        ("**/migrations/**", ["migrations/1.py", "shop/cart/migrations/1.py"], ["migrations", "mymigrations/1.py"]),
        ("**/*.sql", ["1.sql", "a/b/1.sql"], ["1.sqlx"]),
        ("*.sql", ["1.sql"], ["a/1.sql"]),
        ("**", ["a", "a/b"], []),
        ("db/V?__*.sql", ["db/V1__a.sql"], ["db/V12__a.sql", "db/V/__a.sql"]),
        ("db/[0-9]*", ["db/1.rb"], ["db/a.rb"]),
        ("db/[!0-9]*", ["db/a.rb"], ["db/1.rb", "db//x"]),
        ("db/[x", ["db/[x"], ["db/x"]),
        ("db/(a)+", ["db/(a)+"], ["db/aa"]),
        ("db/*\n", ["db/x\n"], ["db/x"]),
    ],
)
def test_a_pattern_means_whole_paths_from_the_root(pattern: str, inside: list[str], outside: list[str]) -> None:
    assert [path for path in [*inside, *outside] if touched([pattern], [path])] == inside


def test_of_several_patterns_the_last_that_fits_a_path_counts() -> None:
    patterns = ["db/**", "!db/*.md", "db/IMPORTANT.md"]

    assert touched(patterns, ["db/README.md"]) == ()
    assert touched(patterns, ["db/README.md", "db/IMPORTANT.md", "db/1.sql"]) == ("db", "db/IMPORTANT.md")


@pytest.mark.parametrize(
    ("pattern", "read"),
    [
        ("db/migrate/**", "db/migrate"),
        ("db/migrate/**/*", "db/migrate"),
        ("db/migrate/*", "db/migrate"),
        ("db/migrate/", "db/migrate"),
        ("db/schema.rb", "db/schema.rb"),
        ("**/migrations/**", "**/migrations/**"),
        ("db/*.sql", "db/*.sql"),
        ("**", "**"),
    ],
)
def test_people_read_a_directory_where_it_is_one(pattern: str, read: str) -> None:
    assert readable(pattern) == read


def test_a_directory_is_named_once() -> None:
    assert touched(["db/*", "db/**"], ["db/1", "db/a/1"]) == ("db",)
