"""The bot as a process, fed with what it cannot digest, and with what is not for it."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping

import pytest
import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from bot.core.ports.chat import Delivery
from bot.runtime.retries import FAULT_TRIES
from tests.end_to_end.installation import REPOSITORY, Installation
from tests.patience import PATIENCE
from tests.servers.github.webhooks import signed

MARK = "xoxb-a-body-that-no-log-may-hold"
POISON = [
    {"payload": "[" * 1_000},
    {"payload": {}, "created_at": "0001-01-01T00:00:00+14:00"},
    {"payload": {}, "id": 10**400},
    {"payload": {}, "environment": ["staging"]},
]


def asked(url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Status and text of the answer."""
    request = urllib.request.Request(url, data=body, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def poison(site: Installation, number: int) -> int:
    """GitHub sends a deployment that somebody has made for this; the status of the answer."""
    made = {
        "id": 7,
        "sha": "1a2b3c4" + "0" * 33,
        "ref": "main",
        "task": "deploy",
        "environment": "staging",
        "created_at": "2026-03-02T10:00:00Z",
    } | POISON[number % len(POISON)]
    body = json.dumps({"action": "created", "deployment": made, "repository": {"full_name": REPOSITORY}}).encode()
    webhook = signed(REPOSITORY, "deployment", f"poison-{number}", body, site.github.webhook_secret, "json")
    return asked(f"{site.url}/github/webhook", webhook.body, webhook.headers)[0]


def store_of(site: Installation) -> Store:
    return Store(connect(f"sqlite:///{site.directory / 'shipmate.db'}"), SystemClock())


def answered(site: Installation) -> None:
    before = len(site.slack.ephemerals("maria"))
    site.slack.says("maria", "#web", "@shipmate version")
    site.wait_for(lambda: len(site.slack.ephemerals("maria")) > before, "the version")


def test_twenty_four_poisonous_webhooks_keep_nobody_from_an_answer_also_after_a_restart(site: Installation) -> None:
    bot = site.runs()

    taken = [poison(site, number) for number in range(24)]
    answered(site)
    bot.kill()
    bot = site.runs()
    answered(site)

    store = store_of(site)
    site.wait_for(lambda: store.inbox.backlog() == 0, "an end of all deliveries")
    assert taken == [202] * 24
    assert store.set_aside.count() == 0
    refused = [line for one in site.processes for line in one.lines if 'event="delivery refused"' in line]
    told = [found[0] for line in refused if (found := re.search(r"poison-\d+", line))]
    # A payload of brackets is nobody's request id, and no more; each of the others is refused in a line.
    assert sorted(told) == sorted(f"poison-{number}" for number in range(24) if number % len(POISON))
    assert bot.terminate() == 0
    store.database.engine.dispose()


def test_what_is_set_aside_is_seen_everywhere_and_can_be_tried_again_or_dropped(site: Installation) -> None:
    site.runs().kill()
    store = store_of(site)
    for name in ("bot:odd", "bot:strange"):
        store.inbox.put(Delivery(name, "bot", "Sunrise", b"{}"))
    with store.database.writing() as connection:
        connection.execute(sa.update(tables.deliveries).values(faults=FAULT_TRIES))
    site.runs()

    site.wait_for(lambda: store.set_aside.count() == 2, "both set aside")
    ready, metrics = asked(f"{site.url}/readyz"), asked(f"{site.url}/metrics")[1]
    examined = site.starts("check")
    code = examined.wait()
    dropped, again, unknown = (
        site.starts("drop", "bot:odd"),
        site.starts("retry", "bot:strange"),
        site.starts("retry", "bot:new"),
    )
    codes = [one.wait() for one in (dropped, again, unknown)]

    # Two threads take them up, and either may be done with its own first.
    assert ready[0] == 200
    assert sorted(re.split("[:,] ", ready[1].strip(), maxsplit=2)) == ["bot:odd", "bot:strange", "ready; set aside"]
    assert "\nshipmate_set_aside 2.0\n" in metrics
    assert code == 1
    assert "✗ bot:odd (Sunrise) is set aside since " in examined.printed
    assert "There is no event called Sunrise" in examined.printed
    assert "python -m bot retry bot:odd when the cause is mended" in examined.printed
    assert codes == [0, 0, 1]
    assert dropped.printed == "It is left undone."
    assert again.printed == "It is tried again."
    assert unknown.printed == "✗ Nothing that is called bot:new is set aside; see `python -m bot check`."
    assert asked(f"{site.url}/readyz") == (200, "ready\n")
    assert "\nshipmate_set_aside 0.0\n" in asked(f"{site.url}/metrics")[1]
    site.wait_for(lambda: store.inbox.faults("bot:strange") > 0, "another try")
    store.database.engine.dispose()


GITHUB = [
    {},
    {"X-Hub-Signature-256": ""},
    {"X-Hub-Signature-256": "sha256=" + "0" * 64},
    {"X-Hub-Signature-256": "sha256=ü"},
    {"X-Hub-Signature": "sha1=" + "0" * 40},
]
SLACK = [
    {},
    {"X-Slack-Signature": "v0=" + "0" * 64, "X-Slack-Request-Timestamp": "9" * 400},
    {"X-Slack-Signature": "v0=" + "0" * 64, "X-Slack-Request-Timestamp": "-1"},
    {"X-Slack-Signature": "v0=" + "0" * 64, "X-Slack-Request-Timestamp": "1772445600"},
    {"X-Slack-Signature": "ü", "X-Slack-Request-Timestamp": "²"},
]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"text": MARK}).encode(),
        f"payload=%7B%7D&text={MARK}".encode(),
        b"{" + MARK.encode(),
        b"\xff\x00" + MARK.encode(),
        b"[" * 9_000 + MARK.encode(),
    ],
    ids=["json", "form", "cut", "bytes", "deep"],
)
def test_who_signs_wrongly_leaves_one_line_at_most_without_the_body_and_nothing_else(
    site: Installation, body: bytes
) -> None:
    del site.environ["SLACK_APP_TOKEN"]
    site.environ["SLACK_SIGNING_SECRET"] = site.slack.signing_secret
    bot = site.runs()
    store = store_of(site)
    before, said = stored(store), len(bot.lines)

    answers = [asked(f"{site.url}/github/webhook", body, {"X-GitHub-Event": "ping"} | one)[0] for one in GITHUB]
    answers += [asked(f"{site.url}/slack/events", body, one)[0] for one in SLACK]

    assert answers == [401] * len(GITHUB + SLACK)
    assert stored(store) == before
    assert bot.terminate() == 0
    assert len(bot.lines) - said <= len(answers)
    assert MARK not in bot.printed
    store.database.engine.dispose()


def stored(store: Store) -> dict[str, int]:
    """How many rows there are of everything but what the bot's own clock and heart write."""
    with store.database.engine.connect() as connection:
        counts = {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in tables.metadata.sorted_tables
            if table.name not in ("deliveries", "decisions", "executors", "kept", "repositories")
        }
        foreign = sa.select(sa.func.count()).where(tables.deliveries.c.source.in_(("github", "chat")))
        return counts | {"foreign deliveries": connection.scalar(foreign) or 0}
