"""What programs ask for, as the bot decides on it: the same gates, the same card, and an answer for the program."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from structlog.testing import capture_logs

from bot.core.api.model import ApiToken
from bot.core.deployments.representation import represented
from bot.core.events.external import ApiRequested
from bot.core.grammar.commands import DeclareFreeze, Deploy, TakeLock, Unfreeze, Unlock
from tests.handlers.test_home import TWO
from tests.world import REPOSITORY, SETTINGS, World
from tests.world import world as open_world

MARIA, BOB = "U00000001", "U00000002"


@dataclass
class Program:
    """Asks with a token that somebody answers for."""

    world: World
    token: ApiToken

    def asks(self, here: str | None = None, **command: Any) -> tuple[int, Any]:
        """The status and the body of the answer."""
        kept = self.puts(here, **command)
        self.world.settle()
        return self.answer(kept)

    def puts(self, here: str | None = None, **command: Any) -> str:
        now, request = self.world.clock.now(), uuid4().hex
        one = self.token
        event = ApiRequested(request, one.id, one.name, one.person, now, here, **command)
        self.world.store.api.put(event, "fingerprint")
        return request

    def answer(self, request: str) -> tuple[int, Any]:
        kept = self.world.store.api.request(request)
        assert kept is not None
        assert kept.status is not None
        return kept.status, json.loads(kept.answer or "null")


def program(world: World, person: str = MARIA, name: str = "ci") -> Program:
    token = ApiToken(0, name, person, (), read_only=False, created_at=world.clock.now())
    return Program(world, world.store.api.create(token, uuid4().hex))


def audited(world: World) -> list[tuple[str, str, str | None, str, str]]:
    """Action, outcome, token, how it came and who it was, of what was asked with tokens."""
    entries = world.store.reads().audit.since(world.clock.now() - timedelta(days=1), 0, 100)
    return [
        (one.action, one.outcome, one.origin.token, one.origin.via, one.origin.name)
        for one in entries
        if one.action != "deployment"
    ]


DEPLOY = Deploy("web", "topic", "production")
STARTS = {"app": "web", "environment": "production", "ref": "topic", "task": "deploy", "state": "starting"}


def of(body: dict[str, Any], *names: str) -> list[Any]:
    return [body[name] for name in names]


# --- deployments ------------------------------------------------------------------------------------------------


def test_a_deployment_starts_as_if_its_person_had_typed_it_and_is_announced_in_the_channel(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    ci = program(world)

    status, body = ci.asks(deploy=DEPLOY)

    assert status == 201
    assert {name: body[name] for name in STARTS} == STARTS
    assert body["requested_by"] == {"slack": MARIA, "github": "maria", "name": "maria"}
    assert body["trigger"] == "api"
    [remote] = world.github.deployments(REPOSITORY)
    assert remote.payload["request_id"] == body["id"]
    card = world.parent(body["number"])
    assert card.channel == world.slack.workspace.channel("#web").id
    assert [one.text for one in world.slack.messages("#web")] == [card.text]
    assert world.told("maria") == []
    assert ("deploy", "done", "ci", "api", "maria") in audited(world)


def test_it_goes_on_to_its_end_like_any_other(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    _, body = program(world).asks(deploy=DEPLOY)

    [remote] = world.github.deployments(REPOSITORY)
    world.github.report_deployment_status(REPOSITORY, remote.id, "success")
    world.settle()

    assert world.deployment(body["number"]).state == "succeeded"
    assert world.thread(body["number"]) == [f"✅ <@{MARIA}> live in 0 s"]


def test_all_that_stands_in_the_way_is_told_and_nothing_is_kept(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    world.github.set_status(REPOSITORY, sha, "ci", "failure")
    world.says("bob", "lock production because testing")

    status, body = program(world).asks(deploy=DEPLOY)

    assert (status, body["type"], body["status"]) == (409, "urn:shipmate:problem:refused", 409)
    assert [(one["gate"], one["waits"], one["forcible"]) for one in body["reasons"]] == [
        ("checks", True, True),
        ("lock", True, False),
    ]
    assert "ci" in body["reasons"][0]["reason"]
    assert "bob" in body["reasons"][1]["reason"]
    assert world.store.reads().history(app="web", environment=None, ref=None, limit=5) == []
    assert ("deploy", "refused", "ci", "api", "maria") in audited(world)


def test_when_it_may_wait_for_green_it_waits_and_goes_on_by_itself(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    world.github.set_status(REPOSITORY, sha, "ci", "pending")

    status, body = program(world).asks(deploy=Deploy("web", "topic", "production", when_green=True))
    world.github.set_status(REPOSITORY, sha, "ci", "success")
    world.wait(minutes=1)

    assert (status, body["state"]) == (202, "waiting")
    assert [one["gate"] for one in body["waits_for"]] == ["checks"]
    assert world.deployment(body["number"]).state == "starting"


def test_every_gate_that_holds_it_is_named_and_no_other_once_it_is_open(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    world.github.set_status(REPOSITORY, sha, "ci", "pending")
    world.says("bob", "lock production because testing")
    wanted = Deploy("web", "topic", "production", when_green=True)

    status, body = program(world).asks(deploy=wanted)
    world.github.set_status(REPOSITORY, sha, "ci", "success")
    world.wait(minutes=1)
    then = represented(world.deployment(body["number"]))["waits_for"]
    world.says("bob", "unlock production")
    world.wait(minutes=1)

    first, second = body["waits_for"]
    assert status == 202
    assert (first["gate"], second["gate"]) == ("checks", "lock")
    assert (second["reason"], second["since"]) == ("Locked by bob since Mon 02 Mar 10:00 UTC because testing.", None)
    assert [(one["gate"], one["since"]) for one in then] == [("lock", "2026-03-02T10:00:00.000Z")]
    assert represented(world.deployment(body["number"]))["waits_for"] == []


def test_what_may_be_forced_is_forced_with_its_reason(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    world.github.set_status(REPOSITORY, sha, "ci", "failure")
    forced = Deploy("web", "topic", "production", force=True, force_reason="hotfix")

    status, body = program(world).asks(deploy=forced)

    assert (status, body["force"], body["force_reason"]) == (201, True, "hotfix")
    assert any("ci" in line for line in body["forced"])


def test_a_force_without_a_reason_is_refused_where_one_is_asked_for(tmp_path: Path) -> None:
    place = "[apps.web.environments.production]"
    text = SETTINGS.replace(place, f"{place}\nforce_needs_reason = true")
    with open_world(tmp_path, text) as world:
        world.github.commit(REPOSITORY, "topic", "Add search", author="maria")

        status, body = program(world).asks(deploy=Deploy("web", "topic", "production", force=True))

    assert (status, body["type"]) == (422, "urn:shipmate:problem:not-possible")
    assert "reason" in body["detail"]


def test_who_may_not_deploy_there_is_told_that_alone(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    world.github.set_status(REPOSITORY, sha, "ci", "failure")
    world.github.set_permission(REPOSITORY, "bob", "read")

    status, body = program(world, BOB).asks(deploy=DEPLOY)

    assert (status, body["type"]) == (403, "urn:shipmate:problem:not-permitted")
    assert [one["gate"] for one in body["reasons"]] == ["permission"]


def test_a_ref_that_is_not_there_cannot_be_deployed(world: World) -> None:
    with capture_logs() as lines:
        status, body = program(world).asks(deploy=Deploy("web", "nowhere", "production"))

    assert status == 422
    assert "nowhere" in body["detail"]
    assert [line["event"] for line in lines if line["log_level"] != "debug"] == ["refused"]


def test_allowed_channels_are_about_the_chat(tmp_path: Path) -> None:
    text = SETTINGS.replace('channel = "#web"', 'channel = "#web"\nallowed_channels = ["#deploys"]')
    with open_world(tmp_path, text) as world:
        world.github.commit(REPOSITORY, "topic", "Add search", author="maria")

        status, _ = program(world).asks(deploy=DEPLOY)

    assert status == 201


def test_permission_is_checked_again_when_what_has_waited_starts(world: World) -> None:
    sha = world.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    world.github.set_status(REPOSITORY, sha, "ci", "pending")
    _, body = program(world).asks(deploy=Deploy("web", "topic", "production", when_green=True))

    world.github.set_permission(REPOSITORY, "maria", "read")
    world.github.set_status(REPOSITORY, sha, "ci", "success")
    world.wait(minutes=1)

    assert world.deployment(body["number"]).state == "cancelled"


# --- tokens -----------------------------------------------------------------------------------------------------


def test_a_token_is_refused_and_revoked_when_its_person_has_left(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    ci, reader, bobs = program(world), program(world, name="reader"), program(world, BOB, "bobs")
    world.slack.workspace.user("maria").deleted = True

    status, body = ci.asks(deploy=DEPLOY)

    assert (status, body["type"]) == (401, "urn:shipmate:problem:token-refused")
    assert world.github.deployments(REPOSITORY) == []
    gone = {one.name for one in world.store.api.tokens() if one.revoked_at is not None}
    assert gone == {ci.token.name, reader.token.name}
    assert bobs.token.name not in gone
    assert [one[0] for one in audited(world)][3:] == ["deploy", "token revoke", "token revoke"]


def test_a_token_of_nobody_is_refused(world: World) -> None:
    status, body = program(world, "U0NOBODY0").asks(deploy=DEPLOY)

    assert (status, body["type"]) == (401, "urn:shipmate:problem:token-refused")


def test_tokens_that_only_read_end_when_their_person_has_left_and_no_others(world: World) -> None:
    for name, person in (("board", MARIA), ("status", MARIA), ("ci", BOB)):
        token = ApiToken(0, name, person, (), read_only=True, created_at=world.clock.now())
        world.store.api.create(token, f"digest of {name}")
    world.reconcile()

    world.slack.deactivate("maria")
    for _ in range(5):
        world.wait(minutes=3)
        world.reconcile()

    assert world.store.api.use("digest of board") is None
    assert world.store.api.use("digest of status") is None
    assert world.store.api.use("digest of ci") is not None
    assert [one[:2] for one in audited(world)][-2:] == [("token revoke", "done")] * 2


def test_what_was_asked_with_a_token_that_is_revoked_meanwhile_is_not_done(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    ci = program(world)

    asked = ci.puts(deploy=DEPLOY)
    world.store.api.revoke("ci")
    world.settle()

    assert ci.answer(asked)[0] == 401
    assert world.github.deployments(REPOSITORY) == []


def test_what_is_too_old_when_its_turn_comes_is_not_done(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    ci = program(world)
    asked = ci.puts(deploy=DEPLOY)

    world.stands_still(minutes=11)
    world.settle()

    status, body = ci.answer(asked)
    assert (status, [one["gate"] for one in body["reasons"]]) == (409, ["stale"])
    assert world.github.deployments(REPOSITORY) == []


# --- after a crash ----------------------------------------------------------------------------------------------


def test_a_request_that_is_taken_up_twice_is_decided_on_once(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    ci = program(world)
    asked = ci.puts(deploy=DEPLOY)
    world.store.inbox.take(5)

    world.restart()
    world.settle()

    assert ci.answer(asked)[0] == 201
    assert len(world.github.deployments(REPOSITORY)) == 1


# --- locks and freezes --------------------------------------------------------------------------------------------


def test_a_lock_is_taken_announced_and_released(world: World) -> None:
    ci = program(world)

    status, body = ci.asks(lock=TakeLock("production", "web", duration="2h", reason="migration"))
    released = ci.asks(unlock=Unlock("production", "web"))

    assert (status, *of(body, "app", "environment", "reason", "until")) == (
        201,
        *("web", "production", "migration", "2026-03-02T12:00:00.000Z"),
    )
    assert body["held_by"]["slack"] == MARIA
    assert released == (204, None)
    assert world.store.reads().locks.all() == []
    assert len(world.slack.messages("#web")) == 2


def test_a_lock_that_somebody_else_has_is_neither_taken_nor_released(world: World) -> None:
    world.says("bob", "lock production because testing")
    ci = program(world)

    taken, released = ci.asks(lock=TakeLock("production", "web")), ci.asks(unlock=Unlock("production", "web"))

    assert (taken[0], released[0]) == (409, 409)
    assert [one["gate"] for one in taken[1]["reasons"]] == ["lock"]
    assert "bob" in taken[1]["detail"]


def test_what_is_not_locked_cannot_be_released(world: World) -> None:
    status, body = program(world).asks(unlock=Unlock("production", "web"))

    assert (status, body["type"]) == (404, "urn:shipmate:problem:not-there")


def test_a_freeze_is_declared_and_lifted(world: World) -> None:
    ci = program(world)

    status, body = ci.asks("web", freeze=DeclareFreeze("production", until="18:00", reason="the fair"))
    lifted, again = ci.asks("web", unfreeze=Unfreeze("production")), ci.asks("web", unfreeze=Unfreeze("production"))

    [freeze] = body["freezes"]
    assert status == 201
    assert of(freeze, "app", "environment", "reason", "until") == [
        *("web", "production", "the fair", "2026-03-02T18:00:00.000Z")
    ]
    assert (lifted[0], again[0]) == (204, 404)


def test_all_environments_are_frozen_each_by_itself(world: World) -> None:
    status, body = program(world).asks(freeze=DeclareFreeze("all", until="18:00", reason="the fair"))
    waits = program(world, name="other").asks(deploy=Deploy("web", "main", "staging"))
    world.wait(hours=9)

    assert status == 201
    assert [of(one, "app", "environment", "reason") for one in body["freezes"]] == [
        ["web", "production", "the fair"],
        ["web", "staging", "the fair"],
    ]
    assert world.slack.messages("#web")[0].text.startswith("🧊 *web*: *staging and production* are frozen by")
    assert (waits[0], [one["gate"] for one in waits[1]["reasons"]]) == (409, ["freeze"])
    assert world.store.reads().freezes.all() == []


def test_an_environment_of_every_app_is_frozen_with_one_answer(tmp_path: Path) -> None:
    with open_world(tmp_path, TWO.replace("acme/api", "acme/web")) as world:
        status, body = program(world).asks(freeze=DeclareFreeze("production", reason="the fair"))

        assert status == 201
        assert {(one["app"], one["environment"]) for one in body["freezes"]} == {
            ("web", "production"),
            ("api", "production"),
        }


def test_what_its_person_may_not_freeze_is_left_out_of_the_answer(tmp_path: Path) -> None:
    table = '[apps.web.environments.production]\ndeployers = ["U00000009"]'
    with open_world(tmp_path, SETTINGS.replace("[apps.web.environments.production]", table)) as world:
        status, body = program(world).asks(freeze=DeclareFreeze("all", reason="the fair"))

        assert (status, [one["environment"] for one in body["freezes"]]) == (201, ["staging"])


def test_words_that_mean_no_moment_are_told_so(world: World) -> None:
    ci = program(world)

    lock = ci.asks(lock=TakeLock("production", "web", duration="a while"))
    freeze = ci.asks("web", freeze=DeclareFreeze("production", until="some day", reason="the fair"))

    assert (lock[0], freeze[0]) == (422, 422)
    assert "a while" in lock[1]["detail"]


def test_a_request_of_another_version_is_answered(world: World) -> None:
    status, body = program(world).asks()

    assert (status, body["type"]) == (422, "urn:shipmate:problem:not-possible")


def test_an_outage_of_github_is_waited_out(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    ci = program(world)

    world.github.fail_next("GET", "/commits|/git|/branches", 502, times=6)
    asked = ci.puts(deploy=DEPLOY)
    world.wait(minutes=5)

    assert ci.answer(asked)[0] == 201


def test_what_is_live_already_is_refused_but_for_a_force(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search", author="maria")
    ci = program(world)
    ci.asks(deploy=DEPLOY)
    [remote] = world.github.deployments(REPOSITORY)
    world.github.report_deployment_status(REPOSITORY, remote.id, "success")
    world.settle()

    status, body = ci.asks(deploy=DEPLOY)
    forced, _ = ci.asks(deploy=Deploy("web", "topic", "production", force=True, force_reason="the cache is cold"))

    assert status == 409
    assert [(one["gate"], one["waits"], one["forcible"]) for one in body["reasons"]] == [("live", False, True)]
    assert forced == 201
