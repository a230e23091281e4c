"""What was deployed is told on GitHub, as far as the settings ask for it: comments, labels and releases."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.core.effects import DrawComment, MarkRelease, PublishRelease, SetLabels
from bot.core.events.internal import DeploymentEnded
from tests.handlers.scenes import another_tool, seen
from tests.world import REPOSITORY, World, read_out
from tests.world import world as open_world

APP = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "production"
provider = { type = "external" }

[apps.web.github]

[apps.web.environments.staging]
checks_settle = "0s"
url = "https://staging.acme.example"

[apps.web.environments.production]
checks_settle = "0s"
production = true
url = "https://acme.example/"
"""
COMMENT, LABEL, RELEASE = "comment = true", 'label = "deployed: {environment}"', "release = true"
MARKER = "<!-- shipmate: what is deployed, by shipmate -->"
HEAD = "| environment | commit | live since | by | |\n|---|---|---|---|---|"


@contextmanager
def opened(tmp_path: Path, *github: str, more: str = "") -> Iterator[World]:
    """Version 1 is live in both environments; nobody had asked for anything to be written until then."""
    with open_world(tmp_path, APP + more) as world:
        deploy(world, "deploy main to staging")
        deploy(world)
        world.restart(world.text.replace("[apps.web.github]", "\n".join(["[apps.web.github]", *github])))
        yield world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path, COMMENT, LABEL, RELEASE) as world:
        yield world


def pull(world: World, title: str, *, method: str = "squash", repository: str = REPOSITORY) -> str:
    """A pull request, merged; the commit that it became on main."""
    number = opens(world, title, repository=repository)
    sha = world.github.merge_pull_request(repository, number, method, by="bob")
    world.settle()
    return sha


def opens(world: World, title: str, *, repository: str = REPOSITORY) -> int:
    branch = title.lower().replace(" ", "-")
    world.github.commit(repository, branch, title, author="carol")
    return world.github.open_pull_request(repository, branch, title=title, author="carol")


def deploy(world: World, what: str = "deploy main", *states: str, person: str = "maria") -> None:
    world.says(person, what)
    another_tool(world, *(states or ("in_progress", "success")))


def comments(world: World, number: int = 1) -> list[str]:
    return [one.body for one in world.github.comments(REPOSITORY, number)]


def rows(world: World, number: int = 1) -> list[str]:
    """Those of the only comment."""
    [body] = comments(world, number)
    return body.split(HEAD)[1].strip().split("\n")


def labels(world: World, number: int = 1) -> list[str]:
    return world.github.labels(REPOSITORY, number)


def tags(world: World) -> list[str]:
    return [one.tag for one in world.github.releases(REPOSITORY)]


def writes(world: World, part: str = "/issues/") -> int:
    """How often GitHub was asked to write something of the kind."""
    return sum(one.method != "GET" and part in one.path for one in world.github.requests)


def direct(world: World, person: str) -> list[str]:
    return [seen(world, read_out(one)) for one in world.slack.messages(f"@{person}") if one.bot_id]


# --- comments and labels ----------------------------------------------------------------------------------------------


def test_a_pull_request_has_one_comment_that_says_where_it_is_live(world: World) -> None:
    sha = pull(world, "Gift cards")
    deploy(world, "deploy main to staging")
    first = comments(world)
    deploy(world, person="bob")

    assert first == [
        f"{MARKER}\n**Live in staging.**\n\n{HEAD}\n"
        f"| ✅ staging | {sha} | 2026-03-02 10:01 UTC | maria | [open](https://staging.acme.example) |"
    ]
    assert comments(world) == [
        f"{MARKER}\n**Live in staging and production.**\n\n{HEAD}\n"
        f"| ✅ staging | {sha} | 2026-03-02 10:01 UTC | maria | [open](https://staging.acme.example) |\n"
        f"| ✅ production | {sha} | 2026-03-02 10:01 UTC | bob | [open](https://acme.example/) |"
    ]
    assert labels(world) == ["deployed: staging", "deployed: production"]


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_rollback_is_told_there_and_takes_the_label_off(world: World, method: str) -> None:
    pull(world, "Gift cards", method=method)
    deploy(world)
    deploy(world, 'rollback "checkout errors"', person="bob")
    back, gone = rows(world), labels(world)
    world.says("bob", "unlock production")
    deploy(world)

    assert [one.split(" | ")[2:4] for one in back] == [["taken back by bob, 2026-03-02 10:01 UTC", "maria"]]
    assert back[0].startswith("| ⏪ production | ")
    assert "**Taken back from production.**" not in comments(world)[0]
    assert gone == []
    assert rows(world)[0].startswith("| ✅ production | ")
    assert labels(world) == ["deployed: production"]


def test_nothing_is_written_unless_it_is_asked_for(tmp_path: Path) -> None:
    with opened(tmp_path) as world:
        pull(world, "Gift cards")
        deploy(world)

        assert writes(world) == writes(world, "/releases") == 0


@pytest.mark.parametrize("asked", [COMMENT, LABEL, RELEASE])
def test_each_setting_writes_its_own_alone(tmp_path: Path, asked: str) -> None:
    with opened(tmp_path, asked) as world:
        pull(world, "Gift cards")
        deploy(world)

        written = {COMMENT: bool(comments(world)), LABEL: bool(labels(world)), RELEASE: bool(tags(world))}
        assert [one for one, is_there in written.items() if is_there] == [asked]


def test_all_of_a_train_are_told_and_those_of_before_are_not(world: World) -> None:
    pull(world, "Gift cards")
    deploy(world)
    numbers = [opens(world, f"Change {n}") for n in range(3)]
    world.github.merge_queue(REPOSITORY, numbers, "squash")
    before = writes(world)
    deploy(world)

    assert [labels(world, number) for number in numbers] == [["deployed: production"]] * 3
    assert len({rows(world, number)[0] for number in numbers}) == 1
    assert writes(world) - before == 6


def test_ten_are_written_on_a_minute_and_the_others_in_their_turn(world: World) -> None:
    for n in range(23):
        pull(world, f"Change {n}")
    before = writes(world)

    deploy(world)
    at_once, told = writes(world) - before, [len(comments(world, n)) for n in range(1, 24)]
    world.wait(minutes=1)
    after_a_minute = writes(world) - before
    world.wait(minutes=1)

    assert at_once == 20
    assert sum(told) == 10
    assert after_a_minute == 40
    assert writes(world) - before == 46
    assert all(len(comments(world, n)) == 1 for n in range(1, 24))


@pytest.mark.parametrize("states", [("failure",), ("in_progress", "error")])
def test_what_failed_is_written_nowhere_until_it_works(world: World, states: tuple[str, ...]) -> None:
    pull(world, "Gift cards")
    deploy(world, "deploy main", *states)
    before = writes(world) + writes(world, "/releases")

    deploy(world)

    assert before == 0
    assert len(comments(world)) == len(tags(world)) == 1


def test_a_redeployment_writes_nothing(world: World) -> None:
    pull(world, "Gift cards")
    deploy(world)
    before = writes(world)

    deploy(world, "deploy main!")
    deploy(world, "retry #3")

    assert writes(world) == before


def test_a_task_beside_deploying_writes_nothing(world: World) -> None:
    pull(world, "Gift cards")
    deploy(world, "deploy:migrate main")

    assert writes(world) == writes(world, "/releases") == 0


def test_an_open_pull_request_shows_the_commit_that_is_there_now(world: World) -> None:
    number = opens(world, "Gift cards")
    deploy(world, f"deploy #{number} to staging")
    first = world.github.repository(REPOSITORY).branches["gift-cards"]
    second = world.github.commit(REPOSITORY, "gift-cards", "One more", author="carol")
    before = rows(world)
    deploy(world, f"deploy #{number} to staging")

    assert [one.split(" | ")[1] for one in (*before, *rows(world))] == [first, second]
    assert labels(world) == ["deployed: staging"]


def test_a_branch_that_was_pushed_anew_by_force_shows_the_commit_that_is_there_now(world: World) -> None:
    number = opens(world, "Gift cards")
    deploy(world, f"deploy #{number} to staging")
    found = world.github.repository(REPOSITORY)
    anew = world.github.commit(REPOSITORY, "anew", "Gift cards, again", author="carol")
    found.branches["gift-cards"] = found.pull_requests[number].head_sha = anew
    world.github.delete_branch(REPOSITORY, "anew")
    world.wait(minutes=30)
    deploy(world, f"deploy #{number} to staging")

    assert [one.split(" | ")[:2] for one in rows(world)] == [["| ✅ staging", anew]]
    assert labels(world) == ["deployed: staging"]


def test_what_another_branch_has_driven_out_is_not_live_any_more(world: World) -> None:
    first, second = opens(world, "Gift cards"), opens(world, "Orders")
    deploy(world, f"deploy #{first} to staging")
    deploy(world, f"deploy #{second} to staging", person="bob")

    assert [rows(world, one)[0][:3] for one in (first, second)] == ["| ⏪", "| ✅"]
    assert [labels(world, one) for one in (first, second)] == [[], ["deployed: staging"]]


def test_a_comment_that_somebody_has_deleted_stays_away(world: World) -> None:
    pull(world, "Gift cards")
    deploy(world, "deploy main to staging")
    [written] = world.github.comments(REPOSITORY, 1)
    world.github.delete_comment(REPOSITORY, written.id)

    deploy(world)
    deploy(world, "rollback")

    assert comments(world) == []
    assert labels(world) == ["deployed: staging"]


def test_the_marker_of_somebody_else_is_no_comment_of_the_bots_own(world: World) -> None:
    pull(world, "Gift cards")
    forged = f"{MARKER}\nI am not the bot."
    world.github.comment(REPOSITORY, 1, forged, by="mallory")

    deploy(world)

    assert comments(world)[0] == forged
    assert len(comments(world)) == 2


def test_a_comment_whose_answer_was_lost_is_not_written_again(world: World) -> None:
    pull(world, "Gift cards")
    world.github.fail_next("POST", "/comments$", "cut_after")

    deploy(world)
    world.wait(minutes=5)

    assert len(comments(world)) == 1
    assert labels(world) == ["deployed: production"]


@pytest.mark.parametrize("path", ["/comments$", "/labels$", "/releases$"])
@pytest.mark.parametrize("status", [502, 429])
def test_what_github_cannot_do_now_is_done_later(world: World, path: str, status: int) -> None:
    pull(world, "Gift cards")
    world.github.fail_next("POST", path, status, times=4)

    deploy(world)
    world.wait(minutes=15)

    assert (len(comments(world)), labels(world), len(tags(world))) == (1, ["deployed: production"], 1)
    assert direct(world, "maria") == []


def test_a_locked_conversation_has_a_label_and_no_comment(world: World) -> None:
    pull(world, "Gift cards")
    world.github.lock_conversation(REPOSITORY, 1)

    deploy(world)

    assert comments(world) == []
    assert labels(world) == ["deployed: production"]
    assert world.deployment(3).state == "succeeded"
    assert direct(world, "maria") == []


def test_labels_of_others_stay_and_one_that_somebody_took_off_is_no_trouble(world: World) -> None:
    pull(world, "Gift cards")
    world.github.put_labels(REPOSITORY, 1, ["Deployed: staging", "bug"])
    deploy(world)
    world.github.take_label(REPOSITORY, 1, "deployed: production")

    deploy(world, "rollback")

    assert labels(world) == ["Deployed: staging", "bug"]
    assert rows(world)[0].startswith("| ⏪")


def test_a_label_of_all_environments_goes_with_the_last_of_them(tmp_path: Path) -> None:
    with opened(tmp_path, 'label = "on {app}"') as world:
        pull(world, "Gift cards")
        deploy(world, "deploy main to staging")
        deploy(world)
        seen_ = [labels(world)]
        for what in ("rollback", "rollback on staging"):
            deploy(world, what)
            seen_.append(labels(world))

        assert seen_ == [["on web"], ["on web"], []]


def test_names_call_nobody_and_break_no_table(world: World) -> None:
    eve = world.slack.add_user("eve of @acme/devs | [x](y) <!-- **e** #1")
    world.restart(world.text.replace("production = true\n", f'production = true\ndeployers = ["{eve.id}"]\n'))
    pull(world, "@everyone | [x](y) <!-- -->")
    deploy(world, person=eve.name)

    assert rows(world)[0].split(" | ")[3] == "eve of acmedevs x(y) -- e 1"
    assert "everyone" not in comments(world)[0]
    [release] = world.github.releases(REPOSITORY)
    assert "deployed by eve of acmedevs x(y) -- e 1, " in (release.body or "")


def test_two_apps_of_one_repository_share_the_comment(tmp_path: Path) -> None:
    more = """
[apps.jobs]
repository = "acme/web"
channel = "#random"
provider = { type = "external" }
github = { comment = true, label = "{app} in {environment}", release = true }

[apps.jobs.environments.production]
checks_settle = "0s"
production = true
"""
    with opened(tmp_path, COMMENT, LABEL, RELEASE, more=more) as world:
        world.says("maria", "deploy jobs to production")
        another_tool(world, "in_progress", "success")
        pull(world, "Gift cards")
        deploy(world, "deploy web to production")
        deploy(world, "deploy jobs to production", person="bob")

        assert [one.split(" | ")[0] for one in rows(world)] == ["| ✅ web → production", "| ✅ jobs → production"]
        assert labels(world) == ["deployed: production", "jobs in production"]
        assert tags(world) == [
            "jobs-production-2026-03-02-3",
            "web-production-2026-03-02-4",
            "jobs-production-2026-03-02-5",
        ]
        assert "Gift cards" in (world.github.releases(REPOSITORY)[2].body or "")


def test_a_place_that_will_be_gone_is_told_of_and_has_no_label(tmp_path: Path) -> None:
    review = '\n[apps.web.environments.review]\nchecks_settle = "0s"\ntransient = true\n'
    with opened(tmp_path, COMMENT, LABEL, RELEASE, more=review) as world:
        number = opens(world, "Gift cards")
        deploy(world, f"deploy #{number} to review")

        assert rows(world)[0].startswith("| ✅ review | ")
        assert labels(world) == tags(world) == []


def test_a_pull_request_of_another_repository_is_not_written_on(world: World) -> None:
    pull(world, "Gift cards")
    upstream = "upstream/web"
    world.github.add_repository(upstream)
    world.says("maria", "deploy main")
    deployment = world.deployment(3)
    [shipped] = deployment.changes.shipped
    assert shipped.number == 1
    with world.store.database.writing() as connection:
        connection.exec_driver_sql(
            "UPDATE deployments SET changes = replace(changes, 'acme/web/pull/', 'upstream/web/pull/')"
        )
    another_tool(world, "in_progress", "success")

    assert writes(world) == 0


class Walk:
    """Something happens again and again; each pull request is kept with all commits that ever were it."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, random.Random(seed)
        self.found = world.github.repository(REPOSITORY)
        self.open: list[int] = []
        self.commits: dict[int, set[str]] = {}
        self.merges: list[str] = []

    def goes_on(self) -> None:
        deed, environment = self.chance.choice(DEEDS), self.chance.choice(["staging", "production"])
        if deed == "open" or (deed in {"merge", "push", "branch"} and not self.open):
            number = opens(self.world, f"Change {len(self.commits)}")
            self.open.append(number)
            self.commits[number] = {self.found.pull_requests[number].head_sha}
        elif deed == "merge":
            number, method = self.open.pop(0), self.chance.choice(["merge", "squash", "rebase"])
            self.merges.append(self.world.github.merge_pull_request(REPOSITORY, number, method, by="bob"))
            self.commits[number].add(self.merges[-1])
            self.world.settle()
        elif deed == "push":
            branch = self.found.pull_requests[self.open[0]].head
            self.commits[self.open[0]].add(self.world.github.commit(REPOSITORY, branch, "One more", author="carol"))
        else:
            branch, old = f"deploy #{self.open[-1] if self.open else 1}", self.chance.choice([*self.merges, "main"])
            what = {"fail": "deploy main", "branch": branch, "old": f"deploy {old}"}.get(deed, deed)
            deploy(self.world, f"{what} to {environment}", *(["failure"] if deed == "fail" else []))
            self.world.says("maria", f"unlock {environment}")


DEEDS = ["open", "push", "merge", "merge", "deploy main", "deploy main", "rollback", "fail", "old", "branch", "branch"]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_whatever_happens_what_is_written_is_what_the_history_says(world: World, seed: int) -> None:
    walk = Walk(world, seed)
    for _ in range(20):
        walk.goes_on()
    world.wait(minutes=5)

    live = {name: world.store.reads().last_success("web", name) for name in ("staging", "production")}
    there = {name: walk.found.history(one.sha) for name, one in live.items() if one is not None}
    for number, commits in walk.commits.items():
        wanted = [name for name, history in there.items() if commits & history]
        said = [line.split(" | ")[0] for body in comments(world, number) for line in body.split("\n")]
        assert [name for name in there if f"| ✅ {name}" in said] == wanted
        assert sorted(labels(world, number)) == sorted(f"deployed: {name}" for name in wanted)
        assert len(comments(world, number)) <= 1


# --- what the bot may not ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lacks", "what"),
    [("pull_requests=write", "I may not comment on pull requests of acme/web."), ("contents=write", "releases")],
)
def test_a_missing_permission_is_told_to_admins_once_until_it_works(tmp_path: Path, lacks: str, what: str) -> None:
    with opened(tmp_path, COMMENT, RELEASE, more='\n[bot]\nadmins = ["U00000001"]\n') as world:
        world.github.deny(world.github.token, lacks)
        for title in ("Gift cards", "Orders", "Search"):
            pull(world, title)
            deploy(world)
        refused = direct(world, "maria")
        world.github.accounts.tokens[world.github.token].denied.clear()
        for title in ("Baskets", "Coupons"):
            pull(world, title)
            deploy(world)

        assert len(refused) == 1
        assert what in refused[0]
        assert f"“{lacks.replace('=', ': ')}” on acme/web" in refused[0]
        assert direct(world, "maria") == refused
        assert [world.deployment(n).state for n in range(3, 8)] == ["succeeded"] * 5
        assert world.store.reads().kept_keys("publishing refused:") == []


@pytest.mark.parametrize(
    ("path", "what"), [("/comments$", "comment on"), ("/labels$", "label"), ("/releases$", "make")]
)
def test_what_is_kept_out_of_sight_is_told_as_what_may_not_be_written(world: World, path: str, what: str) -> None:
    world.github.fail_next("POST", path, 404, times=2)
    for title in ("Gift cards", "Orders", "Search"):
        pull(world, title)
        deploy(world)

    told = [one for one in map(read_out, world.slack.messages("#deploys")) if "🔏" in one]
    assert len(told) == 1
    assert f"I may not {what}" in told[0]
    assert [world.deployment(n).state for n in range(3, 6)] == ["succeeded"] * 3
    assert world.store.reads().kept_keys("publishing refused:") == []


# --- releases ------------------------------------------------------------------------------------------------------


def test_each_deployment_to_production_is_a_release_with_what_is_new_since_the_last(world: World) -> None:
    first = pull(world, "Gift cards")
    deploy(world, "deploy main to staging")
    deploy(world)
    second = pull(world, "Orders")
    deploy(world)

    one, two = world.github.releases(REPOSITORY)
    assert (one.tag, one.target, one.name) == (
        "web-production-2026-03-02-4",
        first,
        "web → production, 2026-03-02 10:01 UTC",
    )
    assert world.github.repository(REPOSITORY).tags[two.tag].commit_sha == second
    assert two.body == (
        f"web is live in [production](https://acme.example/) with {second}, deployed by maria, 2026-03-02 10:01 UTC."
        "\n\n"
        "## What's Changed\n* Orders by @carol in https://github.com/acme/web/pull/2\n\n\n"
        f"**Full Changelog**: https://github.com/acme/web/compare/{one.tag}...{two.tag}"
    )
    assert world.github.latest_release(REPOSITORY) == two.tag


def test_a_rollback_makes_none_and_shows_what_is_live_as_the_latest(world: World) -> None:
    pull(world, "Gift cards")
    deploy(world)
    pull(world, "Orders")
    deploy(world)
    first, second = tags(world)

    deploy(world, "rollback")
    back = world.github.latest_release(REPOSITORY)
    world.says("maria", "unlock production")
    deploy(world)

    assert tags(world) == [first, second]
    assert (back, world.github.latest_release(REPOSITORY)) == (first, second)


def test_notes_begin_with_what_was_live_and_not_with_what_was_rolled_back(world: World) -> None:
    for title in ("Gift cards", "Orders"):
        pull(world, title)
        deploy(world)
    deploy(world, "rollback")
    world.says("maria", "unlock production")
    pull(world, "Search")
    deploy(world)

    first, _, third = world.github.releases(REPOSITORY)
    assert f"compare/{first.tag}...{third.tag}" in (third.body or "")
    assert "Orders" in (third.body or "")


def test_a_release_whose_answer_was_lost_is_not_made_again(world: World) -> None:
    pull(world, "Gift cards")
    world.github.fail_next("POST", "/releases$", "cut_after")
    deploy(world)
    world.wait(minutes=5)
    pull(world, "Orders")
    deploy(world)

    first, second = world.github.releases(REPOSITORY)
    assert f"compare/{first.tag}...{second.tag}" in (second.body or "")


def test_a_tag_of_somebody_elses_is_left_alone(world: World) -> None:
    world.github.tag(REPOSITORY, "web-production-2026-03-02-3", at="main")
    sha = pull(world, "Gift cards")

    deploy(world)

    assert tags(world) == [f"web-production-2026-03-02-3-{sha[:7]}"]


def test_where_the_last_tag_is_gone_github_chooses_where_its_notes_begin(world: World) -> None:
    pull(world, "Gift cards")
    deploy(world)
    [first] = world.github.releases(REPOSITORY)
    world.github.delete_release(REPOSITORY, first.id)
    del world.github.repository(REPOSITORY).tags[first.tag]
    pull(world, "Orders")

    deploy(world)

    [second] = world.github.releases(REPOSITORY)
    assert "Orders" in (second.body or "")


# --- again and late ---------------------------------------------------------------------------------------------------


def test_an_end_that_is_told_twice_writes_nothing_new(world: World) -> None:
    pull(world, "Gift cards")
    deploy(world)
    before = writes(world), writes(world, "/releases")

    world.store.inbox.put_event(DeploymentEnded(3), "again:3")
    world.settle()

    assert (writes(world), writes(world, "/releases")) == before


def test_what_was_overtaken_before_it_was_told_is_told_where_it_is_part_of_what_is_live(world: World) -> None:
    for title in ("Gift cards", "Orders"):
        pull(world, title)
        deploy(world)
    with world.store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM deployed_pull_requests")

    for number in (4, 3):
        world.store.inbox.put_event(DeploymentEnded(number), f"again:{number}")
    world.settle()

    found = world.store.reads().publications.of("web", "production", [1, 2])
    assert [(one.pull_request, one.deployment_id, one.live) for one in found] == [(1, 3, True), (2, 4, True)]
    assert [len(comments(world, n)) for n in (1, 2)] == [1, 1]


def test_an_effect_whose_subject_is_gone_does_nothing(world: World) -> None:
    effects, context = world.pipeline._router.effects, world.pipeline._context("effect:1")

    assert effects[DrawComment](context, DrawComment("gone", 1, REPOSITORY)) == []
    assert effects[SetLabels](context, SetLabels("web", 99, REPOSITORY)) == []
    assert effects[PublishRelease](context, PublishRelease(99, REPOSITORY)) == []
    assert effects[MarkRelease](context, MarkRelease(99, REPOSITORY)) == []
