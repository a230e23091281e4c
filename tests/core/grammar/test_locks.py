"""How the commands that hold an environment are read."""

from __future__ import annotations

import pytest

from bot.core.grammar.commands import (
    AskToRelease,
    Command,
    DeclareFreeze,
    Freezes,
    KeepLock,
    Locks,
    NotifyMe,
    TakeLock,
    TakeOver,
    Unfreeze,
    Unlock,
)
from bot.core.grammar.parser import parse
from tests.core.grammar.words import WORDS


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("lock production", TakeLock("production")),
        ("lock prod on web", TakeLock("production", "web")),
        ("lock web in prod", TakeLock("production", "web")),
        ("lock web production", TakeLock("production", "web")),
        ("lock web/production", TakeLock("production", "web")),
        ("lock all", TakeLock("all")),
        ("lock ALL on api", TakeLock("all", "api")),
        ("lock prod for 2h", TakeLock("production", None, "2h")),
        ("lock prod for 1 hour and 30 minutes on web", TakeLock("production", "web", "1 hour and 30 minutes")),
        ("lock prod until fri 9:00", TakeLock("production", None, None, "fri 9:00")),
        ("lock prod until fri 9:00 on web", TakeLock("production", "web", None, "fri 9:00")),
        ("lock prod until in 2 hours", TakeLock("production", None, None, "in 2 hours")),
        ("lock prod until 9", TakeLock("production", None, None, "at 9")),
        ("lock prod because I test things, to be sure", TakeLock("production", reason="I test things, to be sure")),
        ("lock prod on web for 2h because Testing", TakeLock("production", "web", "2h", None, "Testing")),
        ("lock prod until fri 9:00 because we test", TakeLock("production", None, None, "fri 9:00", "we test")),
        ('lock prod "we test"', TakeLock("production", reason="we test")),
        ("lock prod - we test", TakeLock("production", reason="we test")),
        ("lock prod — we test", TakeLock("production", reason="we test")),
        ("lock prod for testing", TakeLock("production", reason="testing")),
        ("lock prod because don’t touch", TakeLock("production", reason="don't touch")),
        ("lock nowhere", TakeLock("nowhere")),
        ('lock "Production EU" "we test"', TakeLock("Production EU", reason="we test")),
        ("lock prod on nothing", TakeLock("production", "nothing")),
        ("deploy:lock prod on web", TakeLock("production", "web")),
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
        ("freeze prod because of holidays", DeclareFreeze("production", None, "of holidays")),
        ("freeze prod until mon 9:00 because of holidays", DeclareFreeze("production", "mon 9:00", "of holidays")),
        ("freeze all for 2h because of an incident", DeclareFreeze("all", "in 2h", "of an incident")),
        ('freeze all "incident"', DeclareFreeze("all", None, "incident")),
        ("unfreeze", Unfreeze()),
        ("unfreeze prod", Unfreeze("production")),
        ("unfreeze all", Unfreeze("all")),
        ("freezes", Freezes()),
    ],
)
def test_locks_and_freezes(said: str, meant: Command) -> None:
    assert parse(said, WORDS) == meant
