"""How the commands that ask, follow and introduce are read."""

from __future__ import annotations

import pytest

from bot.core.grammar.commands import (
    Approve,
    Cancel,
    Command,
    CopyCommand,
    Deploys,
    Diff,
    Figures,
    HandOver,
    Help,
    LinkLogin,
    Mute,
    NotToday,
    Queue,
    Reject,
    Retry,
    ShowSchedule,
    Status,
    Undeployed,
    Unmute,
    Unschedule,
    Version,
    WhereCanIDeploy,
    WhoAmI,
    Withhold,
)
from bot.core.grammar.parser import parse
from tests.core.grammar.words import WORDS


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("cancel", Cancel()),
        ("cancel #12", Cancel(12)),
        ("cancel 12", Cancel(12)),
        ("cancel deployment #12", Cancel(12)),
        ("stop #12", Cancel(12)),
        ("retry", Retry()),
        ("retry #12", Retry(12)),
        ("approve", Approve()),
        ("approve #12", Approve(12)),
        ("reject", Reject()),
        ("reject #12", Reject(12)),
        ('reject #12 "not yet"', Reject(12, "not yet")),
        ("reject #12 not yet", Reject(12, "not yet")),
        ("reject because not yet", Reject(None, "not yet")),
        ("copy #12", CopyCommand(12)),
        ("copy command of #12", CopyCommand(12)),
        ("unschedule #12", Unschedule(12)),
        ("unschedule 12", Unschedule(12)),
        ("unschedule s12", Unschedule(12)),
        ("unschedule S12", Unschedule(12)),
        ("unschedule #s12", Unschedule(12)),
    ],
)
def test_commands_about_one_deployment(said: str, meant: Command) -> None:
    assert parse(said, WORDS) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("queue", Queue()),
        ("queue web", Queue("web")),
        ("queue prod", Queue(None, "production")),
        ("queue api prod-eu", Queue("api", "prod-eu")),
        ("deploys", Deploys()),
        ("deploys web", Deploys("web")),
        ("deploys web/topic in prod", Deploys("web", "topic", "production")),
        ("deploys web topic", Deploys("web", "topic")),
        ("deploys web prod", Deploys("web", None, "production")),
        ("deploys topic", Deploys(None, "topic")),
        ("deploys production", Deploys(None, None, "production")),
        ("deploys web/production", Deploys("web", "production")),
        ("deploys #12", Deploys(deployment=12)),
        ("history in staging", Deploys(None, None, "staging")),
        ("status", Status()),
        ("status web", Status("web")),
        ("status of", Status(None, "of")),
        ("status stg", Status(None, "staging")),
        ("status web stg", Status("web", "staging")),
        ("status staging on web", Status("web", "staging")),
        ("status web nowhere", Status("web", "nowhere")),
        ("status?", Status()),
        ("diff", Diff()),
        ("diff web", Diff("web")),
        ("diff prod", Diff(None, "production")),
        ("diff topic", Diff(None, None, "topic")),
        ("diff prod topic", Diff(None, "production", "topic")),
        ("diff web prod Topic", Diff("web", "production", "Topic")),
        ("diff web prod stg", Diff("web", "production", "staging")),
        ("diff prod against topic", Diff(None, "production", "topic")),
        ("diff web/topic in prod", Diff("web", "production", "topic")),
        ("undeployed", Undeployed()),
        ("undeployed api", Undeployed("api")),
        ("where can I deploy", WhereCanIDeploy()),
        ("Where can i deploy api?", WhereCanIDeploy("api")),
        ("wcid", WhereCanIDeploy()),
        ("wcid web", WhereCanIDeploy("web")),
        ("schedule", ShowSchedule()),
        ("schedule api", ShowSchedule("api")),
        ("figures", Figures()),
        ("figures for api", Figures("api")),
        ("metrics web", Figures("web")),
    ],
)
def test_questions(said: str, meant: Command) -> None:
    assert parse(said, WORDS) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("link octocat", LinkLogin("octocat")),
        ("link @Octo-Cat", LinkLogin("Octo-Cat")),
        ("link <https://github.com/octocat>", LinkLogin("octocat")),
        ("hand over octocat to @U012AB3CD", HandOver("octocat", "U012AB3CD")),
        ("Hand over https://github.com/octocat <@U012AB3CD|maria>", HandOver("octocat", "U012AB3CD")),
        ("withhold octocat from <@W012AB3CD>", Withhold("octocat", "W012AB3CD")),
        ("whoami", WhoAmI()),
        ("Who am I?", WhoAmI()),
        ("mute", Mute()),
        ("not today", NotToday()),
        ("Not today!", NotToday()),
        ("not today web", NotToday("web")),
        ("unmute", Unmute()),
        ("version", Version()),
        ("deploy:version", Version()),
        ("help", Help()),
        ("help!", Help()),
        ("?", Help()),
        ("help deploy", Help("deploy")),
        ("help roll back", Help("rollback")),
        ("help wcid", Help("where can I deploy")),
        ("help me out", Help()),
        ("help anything else", Help("anything else")),
        ("lock --help", Help("lock")),
    ],
)
def test_people_and_help(said: str, meant: Command) -> None:
    assert parse(said, WORDS) == meant
