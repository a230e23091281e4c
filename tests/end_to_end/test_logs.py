"""What the processes log: a deployment's story by its number, an outage in a few lines, of strangers nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.installation import REPOSITORY, BotProcess, Installation, site
from tests.end_to_end.test_database_outages import OwnPostgres, own_postgres
from tests.end_to_end.test_poison import asked
from tests.servers.github.webhooks import signed

STORY = [
    "decided requested",
    "decided starting",
    "decided done",
    "said card",
    "called POST /repos/acme/web/deployments",
    "called queued",
    "provider started",
    "decided running",
    "called in_progress",
    "said run",
    "provider ended",
    "decided succeeded",
    "called success",
    "said end",
    "edited card",
]
FEW = 10
"""Fewer lines than that are left of an outage, however long it was."""


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Installation]:
    """Production's command ends while there is a file ``go``."""
    (tmp_path / "go").touch()
    with site(tmp_path, "until test -e {directory}/go; do sleep 0.02; done") as place:
        yield place


def field(line: str, name: str) -> str:
    found = re.search(rf'(?:^| ){name}=(?:"((?:[^"\\]|\\.)*)"|(\S*))', line)
    return (found[1] or found[2] or "") if found else ""


def found(bot: BotProcess, what: str) -> list[str]:
    return [line for line in bot.lines if what in f"{line} "]


def told(line: str) -> str:
    """The fact, in two words."""
    names = ("outcome", "state", "call") if field(line, "event") == "called" else ("outcome", "kind")
    return " ".join(
        filter(None, (field(line, "event"), next((field(line, one) for one in names if field(line, one)), "")))
    )


def troubles(*bots: BotProcess) -> list[str]:
    return [line for bot in bots for line in bot.lines if field(line, "level") != "info"]


def test_the_number_of_a_deployment_finds_its_story(there: Installation) -> None:
    bot = there.runs()
    there.subscribe()

    (there.directory / "go").unlink()
    asked_for = there.deploys()
    there.wait_for(lambda: found(bot, "kind=run state=running"), "that it has begun")
    (there.directory / "go").touch()
    there.ended("is live")
    there.wait_for(lambda: found(bot, "kind=card state=succeeded"), "the last line")

    story = found(bot, "deployment=1 ")
    assert sorted(map(told, story)) == sorted(STORY)
    assert [told(line) for line in story if field(line, "event") == "decided"] == [
        one for one in STORY if one.startswith("decided")
    ]
    [begun] = [line for line in story if field(line, "command")]
    assert (field(begun, "by"), field(begun, "via")) == ("maria", "mention")
    assert field(begun, "delivery").endswith(asked_for.ts)
    [made] = [line for line in story if field(line, "call").endswith("/deployments")]
    assert field(made, "id") == str(there.deployments()[0].id)
    assert troubles(bot) == []


def test_a_deployment_leaves_few_lines_and_each_is_one(there: Installation) -> None:
    bot = there.runs()
    there.subscribe()
    there.deploys()
    there.ended("is live")
    there.wait_for(lambda: found(bot, "kind=card state=succeeded"), "the last line")

    lines = [line for line in bot.lines if "event=ready" not in line]
    assert all(re.match(r"timestamp=\S+ level=\w+ event=", line) for line in bot.lines)
    assert len(lines) <= 25
    assert sum(len(line) + 1 for line in lines) <= 6_000


def test_the_id_of_a_webhook_leads_to_the_deployment(there: Installation) -> None:
    bot = there.runs()
    there.subscribe()
    there.github.commit(REPOSITORY, "topic", "Add search", files={"search.txt": "found"})
    number = there.github.open_pull_request(REPOSITORY, "topic", author="maria")
    there.github.merge_pull_request(REPOSITORY, number, by="maria")

    [accepted] = there.wait_for(lambda: found(bot, f"about={REPOSITORY}#{number} "), "the webhook")
    [goes_on] = there.wait_for(lambda: found(bot, "what=MergeToDeploy "), "what follows")
    then = field(goes_on, "then")
    there.wait_for(lambda: found(bot, f"delivery={then} "), "the decision")

    assert field(goes_on, "delivery") == field(accepted, "delivery")
    assert {field(line, "deployment") for line in found(bot, f"delivery={then} ")} == {"1"}


def test_what_concerns_nobody_and_what_is_refused_again_and_again_is_hardly_told(there: Installation) -> None:
    bot = there.runs()
    body = json.dumps({"ref": "refs/heads/main", "repository": {"full_name": "somebody/else", "id": 7}}).encode()
    strange = signed("somebody/else", "push", "7d3162e", body, there.github.webhook_secret, "json")

    answers = [asked(f"{there.url}/github/webhook", strange.body, strange.headers)[0] for _ in range(5)]
    refused = [asked(f"{there.url}/github/webhook", b"{}")[0] for _ in range(5)]
    bot.terminate()

    assert answers == [202] * 5
    assert refused == [401] * 5
    assert [field(line, "event") for line in bot.lines] == ["ready", "request refused", "stopping"]


@pytest.mark.parametrize("processes", [["run"], ["web", "worker"]])
def test_an_outage_of_the_database_is_a_few_lines(tmp_path: Path, processes: list[str]) -> None:
    with own_postgres() as postgres, site(tmp_path, "echo over") as there:
        there.environ["DATABASE_URL"] = postgres.address
        assert there.starts("migrate").wait() == 0
        bots = [there.starts(one) for one in processes]
        for bot in bots:
            bot.wait_until_ready()

        _goes_away_for_a_while(there, postgres, bots)
        there.wait_for(lambda: all(found(bot, 'event="outage over"') for bot in bots), "its end")
        for bot in bots:
            assert bot.terminate() == 0

    assert "Traceback" not in "".join(bot.printed for bot in bots)
    for bot in bots:
        assert len(troubles(bot)) < FEW
        [over] = found(bot, 'event="outage over"')
        assert field(over, "service") == "database"
        assert field(over, "held_up")  # in words, also where a worker has missed nothing in so short a time
    [served] = found(bots[0], 'event="outage over"')
    assert "webhook not stored ×" in field(served, "held_up")


def _goes_away_for_a_while(there: Installation, postgres: OwnPostgres, bots: list[BotProcess]) -> None:
    """For as long as it takes until each of them has met it, and twenty webhooks were refused."""
    postgres.stop()
    body = json.dumps({"zen": "It is not here."}).encode()
    refused = []
    for number in range(20):
        webhook = signed(REPOSITORY, "ping", f"away-{number}", body, there.github.webhook_secret, "json")
        refused.append(asked(f"{there.url}/github/webhook", webhook.body, webhook.headers)[0])
    there.wait_for(lambda: all(found(bot, 'event="outage begins"') for bot in bots), "its beginning")
    postgres.start()
    # Whoever serves webhooks alone finds out by the next one that it is back.
    webhook = signed(REPOSITORY, "ping", "back", body, there.github.webhook_secret, "json")
    there.wait_for(lambda: asked(f"{there.url}/github/webhook", webhook.body, webhook.headers)[0] == 202, "an answer")
    assert refused == [503] * 20


def test_an_outage_of_github_is_a_few_lines_and_said_of_the_deployment_that_waits(there: Installation) -> None:
    bot = there.runs()
    there.deploys()
    there.ended("is live")

    there.github.trap = lambda *_: True
    there.slack.says("maria", "#web", "@shipmate deploy main to production")
    there.slack.says("maria", "#web", "@shipmate deploy topic to staging")
    there.wait_for(lambda: found(bot, 'event="outage begins"'), "its beginning")
    there.github.trap = lambda *_: False
    there.wait_for(lambda: found(bot, 'event="outage over"'), "its end")

    told_of = troubles(bot)
    assert len(told_of) < FEW
    assert {field(line, "event") for line in told_of} == {"outage begins", "outage over", "delivery postponed"}
    assert all(field(line, "reason").startswith("GitHub") for line in told_of if "postponed" in line)
    assert bot.terminate() == 0
