"""How the other commands that move code are read."""

from __future__ import annotations

import pytest

from bot.core.grammar.commands import Command, Promote, Rollback, Ship
from bot.core.grammar.parser import parse
from tests.core.grammar.words import WORDS


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("ship #123", Ship(123)),
        ("ship 123 to prod", Ship(123, "production")),
        ("ship PR #123", Ship(123)),
        ("ship api#123 to prod-eu", Ship(123, "prod-eu", "api")),
        ("ship api #123", Ship(123, None, "api")),
        ("rollback", Rollback()),
        ("rollback web", Rollback(app="web")),
        ("rollback production", Rollback(environment="production")),
        ("rollback web on prod", Rollback("web", "production")),
        ("rollback web to prod", Rollback("web", "production")),
        ("rollback to prodution", Rollback(environment="prodution")),
        ("rollback to 6dcb09b", Rollback(to="6dcb09b")),
        ("rollback web to #12", Rollback("web", None, "#12")),
        ("rollback web #12", Rollback("web", None, "#12")),
        ("rollback to v1.2", Rollback(to="v1.2")),
        ('roll back web on prod to 6dcb09b "errors"', Rollback("web", "production", "6dcb09b", "errors")),
        ("rollback to #12 on prod because of errors", Rollback(None, "production", "#12", "of errors")),
        ('rollback "errors"', Rollback(reason="errors")),
        ("promote web to production", Promote("web", None, "production")),
        ("promote web from stg to prod", Promote("web", "staging", "production")),
        ("promote to prod from qa", Promote(None, "staging", "production")),
        ("promote web", Promote("web")),
    ],
)
def test_other_ways_to_move_code(said: str, meant: Command) -> None:
    assert parse(said, WORDS) == meant
