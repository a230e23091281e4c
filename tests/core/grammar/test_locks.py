"""How the commands that hold an environment are read."""

from __future__ import annotations

import pytest

from bot.core.grammar.commands import (
    AskToRelease,
    Command,
    Freeze,
    Freezes,
    KeepLock,
    Lock,
    Locks,
    NotifyMe,
    TakeOver,
    Unfreeze,
    Unlock,
)
from bot.core.grammar.parser import parse
from tests.core.grammar.words import WORDS


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("lock production", Lock("production")),
        ("lock prod on web", Lock("production", "web")),
        ("lock web in prod", Lock("production", "web")),
        ("lock web production", Lock("production", "web")),
        ("lock web/production", Lock("production", "web")),
        ("lock all", Lock("all")),
        ("lock ALL on api", Lock("all", "api")),
        ("lock prod for 2h", Lock("production", None, "2h")),
        ("lock prod for 1 hour and 30 minutes on web", Lock("production", "web", "1 hour and 30 minutes")),
        ("lock prod until fri 9:00", Lock("production", None, None, "fri 9:00")),
        ("lock prod until fri 9:00 on web", Lock("production", "web", None, "fri 9:00")),
        ("lock prod until in 2 hours", Lock("production", None, None, "in 2 hours")),
        ("lock prod until 9", Lock("production", None, None, "at 9")),
        ("lock prod because I test things, to be sure", Lock("production", reason="I test things, to be sure")),
        ("lock prod on web for 2h because Testing", Lock("production", "web", "2h", None, "Testing")),
        ("lock prod until fri 9:00 because we test", Lock("production", None, None, "fri 9:00", "we test")),
        ('lock prod "we test"', Lock("production", reason="we test")),
        ("lock prod - we test", Lock("production", reason="we test")),
        ("lock prod — we test", Lock("production", reason="we test")),
        ("lock prod for testing", Lock("production", reason="testing")),
        ("lock prod because don’t touch", Lock("production", reason="don't touch")),
        ("lock nowhere", Lock("nowhere")),
        ('lock "Production EU" "we test"', Lock("Production EU", reason="we test")),
        ("lock prod on nothing", Lock("production", "nothing")),
        ("deploy:lock prod on web", Lock("production", "web")),
        ("unlock prod", Unlock("production")),
        ("unlock prod on web", Unlock("production", "web")),
        ("unlock all", Unlock("all")),
        ("unlock Mine", Unlock("mine")),
        ("unlock mine on api", Unlock("mine", "api")),
        ("deploy:unlock prod", Unlock("production")),
        ("locks", Locks()),
        ("take over prod on web because a hotfix must go out", TakeOver("production", "web", "a hotfix must go out")),
        ("take over web prod - hotfix", TakeOver("production", "web", "hotfix")),
        ("takeover prod for a hotfix", TakeOver("production", None, "a hotfix")),
        ("take over prod", TakeOver("production")),
        ("ask for prod on web", AskToRelease("production", "web")),
        ("ask to release prod", AskToRelease("production")),
        ("notify me about prod-eu on api", NotifyMe("prod-eu", "api")),
        ("notify me prod", NotifyMe("production")),
        ("keep prod", KeepLock("production")),
        ("freeze prod because of holidays", Freeze("production", None, "of holidays")),
        ("freeze prod until mon 9:00 because of holidays", Freeze("production", "mon 9:00", "of holidays")),
        ("freeze all for 2h because of an incident", Freeze("all", "in 2h", "of an incident")),
        ('freeze all "incident"', Freeze("all", None, "incident")),
        ("unfreeze", Unfreeze()),
        ("unfreeze prod", Unfreeze("production")),
        ("unfreeze all", Unfreeze("all")),
        ("freezes", Freezes()),
    ],
)
def test_locks_and_freezes(said: str, meant: Command) -> None:
    assert parse(said, WORDS) == meant
