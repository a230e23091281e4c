"""Who people are on GitHub and what they may do there, over its REST API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.adapters.github.auth import AppAuth, TokenAuth
from bot.adapters.github.forge import GitHub
from bot.adapters.github.http import Auth
from bot.core.errors import NotAllowed, NotThere, Unavailable
from tests.servers.github.pair import REPO, Pair, StillClock, pair
from tests.servers.github.server import GitHubServer


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


def client_of(server: GitHubServer, auth: Auth) -> GitHub:
    return GitHub(server.url, auth, clock=StillClock(), web_url=server.web_url)


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("admin", "admin"),
        ("maintain", "write"),
        ("write", "write"),
        ("triage", "read"),
        ("read", "read"),
        ("none", "none"),
    ],
)
def test_permission_is_told_as_one_of_four(github: Pair, level: str, told: str) -> None:
    github.server.set_permission(REPO, "octocat", level)

    found = github.client.users.permission(REPO, "octocat")

    assert found == told


def test_a_login_that_github_does_not_know_has_no_permission(github: Pair) -> None:
    github.server.fail_next("GET", "/collaborators/", 404)

    found = github.client.users.permission(REPO, "octocat")

    assert found == "none"


def test_the_permission_on_an_unknown_repository_is_not_there(github: Pair) -> None:
    with pytest.raises(NotThere) as error:
        github.client.users.permission("acme/nothing", "octocat")

    assert str(error.value) == "acme/nothing does not exist on GitHub, or GITHUB_TOKEN cannot see it."


def test_permission_is_asked_for_once_a_minute_per_person_and_repository(github: Pair) -> None:
    github.server.set_permission(REPO, "octocat", "write")
    github.client.users.permission(REPO, "octocat")
    github.server.set_permission(REPO, "octocat", "none")

    soon = [github.client.users.permission(REPO, login) for login in ("octocat", "OctoCat", "hubot")]
    github.clock.tick(minutes=1)
    later = github.client.users.permission(REPO, "octocat")

    assert (soon, later) == (["write", "write", "none"], "none")
    assert github.asked() == [f"/collaborators/{login}/permission" for login in ("octocat", "hubot", "octocat")]


def test_an_outage_is_unavailable_and_not_remembered(github: Pair) -> None:
    github.server.set_permission(REPO, "octocat", "write")
    github.server.fail_next("GET", "/collaborators/", 503, times=3)

    with pytest.raises(Unavailable):
        github.client.users.permission(REPO, "octocat")

    assert github.client.users.permission(REPO, "octocat") == "write"


def test_team_members_are_active_ones_in_any_case(github: Pair) -> None:
    github.server.add_team("acme/devs", ["octocat"], invited=["hubot"])

    found = [github.client.users.is_team_member("acme/devs", login) for login in ("OctoCat", "hubot", "mallory")]

    assert found == [True, False, False]


def test_a_team_that_cannot_be_seen_is_not_there(github: Pair) -> None:
    with pytest.raises(NotThere) as error:
        github.client.users.is_team_member("acme/nothing", "octocat")

    assert str(error.value) == "GitHub has no team acme/nothing, or GITHUB_TOKEN cannot see it."


def test_a_token_that_may_not_read_teams_is_told_apart_from_not_being_in_one(github: Pair) -> None:
    github.server.add_team("acme/devs", ["octocat"])
    github.server.deny(github.server.token, "members=read")

    with pytest.raises(NotAllowed) as error:
        github.client.users.is_team_member("acme/devs", "octocat")

    assert "GITHUB_TOKEN lacks the permission “members: read”" in str(error.value)


def test_a_public_address_tells_a_login_and_a_similar_one_does_not(github: Pair) -> None:
    github.server.set_email("mallory", "maria@example.community")
    github.server.set_email("octocat", "Maria@Example.com")

    found = [github.client.users.login_by_email(email) for email in ("maria@example.com", "bob@example.com")]

    assert found == ["octocat", None]


@pytest.mark.parametrize(
    ("shown", "looked_for"),
    [
        ("boss@example.com", "bo\u017f\u017f@example.com"),
        ("bo\u017f\u017f@example.com", "boss@example.com"),
        ("kim@example.com", "\u212aim@example.com"),
        ("kim@example.com", "k\u0131m@example.com"),
        ("bob@example.com", "\uff42\uff4f\uff42@example.com"),
        ("bob@example.com", "bob@\uff45xample.com"),
    ],
)
def test_an_address_that_only_looks_alike_tells_nobody(github: Pair, shown: str, looked_for: str) -> None:
    github.server.set_email("boss", shown)
    github.server.set_email("somebody", "somebody@example.com")

    found = github.client.users.login_by_email(looked_for)

    assert found is None


@pytest.mark.parametrize("email", ["", "maria", "a@b in:login", 'a"@b', "user:x@y", "@", "a@b@c"])
def test_what_is_no_address_is_not_searched_for(github: Pair, email: str) -> None:
    found = github.client.users.login_by_email(email)

    assert found is None
    assert github.server.requests == []


def test_the_app_asks_about_teams_and_addresses_as_its_installation() -> None:
    clock = StillClock()
    with GitHubServer(now=clock.now) as server:
        server.add_repository(REPO)
        app = server.add_app(REPO)
        server.add_team("acme/devs", ["octocat"])
        server.set_email("octocat", "maria@example.com")
        auth = AppAuth(app.app_id, app.private_key, api_url=server.url, clock=clock)
        client = GitHub(server.url, auth, clock=clock, web_url=server.web_url)

        by_address = client.users.login_by_email("maria@example.com")
        member = client.users.is_team_member("acme/devs", "octocat")
        with pytest.raises(NotThere) as elsewhere:
            client.users.is_team_member("other/devs", "octocat")
        client.close()
        auth.close()

    assert (by_address, member) == ("octocat", True)
    assert str(elsewhere.value) == (
        "GitHub has no team other/devs, or the GitHub App (GITHUB_APP_ID, GITHUB_PRIVATE_KEY) cannot see it."
    )


def test_an_app_that_is_installed_nowhere_finds_nobody() -> None:
    clock = StillClock()
    with GitHubServer(now=clock.now) as server:
        app = server.add_app()
        app.installations.clear()
        auth = AppAuth(app.app_id, app.private_key, api_url=server.url, clock=clock)
        client = GitHub(server.url, auth, clock=clock, web_url=server.web_url)

        with pytest.raises(NotThere) as error:
            client.users.login_by_email("maria@example.com")
        client.close()
        auth.close()

    assert str(error.value) == "The GitHub App is not installed anywhere."


def test_the_bot_knows_as_whom_it_acts() -> None:
    clock = StillClock()
    with GitHubServer(now=clock.now, bot_login="Ship-Bot") as server:
        server.add_repository(REPO)
        app = server.add_app(REPO, slug="shipmate-acme")
        by_token = client_of(server, TokenAuth(server.token))
        auth = AppAuth(app.app_id, app.private_key, api_url=server.url, clock=clock)
        by_app = client_of(server, auth)

        told = (by_token.users.own_login(), by_app.users.own_login())
        asked = len(server.requests)
        told_again = (by_token.users.own_login(), by_app.users.own_login())

        assert told == told_again == ("Ship-Bot", "shipmate-acme[bot]")
        assert len(server.requests) == asked
        by_token.close(), by_app.close(), auth.close()


def test_refused_credentials_do_not_make_it_forget_who_it_is(github: Pair) -> None:
    github.server.fail_next("GET", "^/user$", 401)

    with pytest.raises(Unavailable):
        github.client.users.own_login()

    assert github.client.users.own_login() == github.server.bot_login


def test_what_is_forgotten_is_asked_for_again(github: Pair) -> None:
    github.server.set_permission(REPO, "octocat", "write")
    github.server.add_team("acme/devs", ["octocat"])
    before = (
        github.client.users.permission(REPO, "octocat"),
        github.client.users.is_team_member("acme/devs", "octocat"),
    )
    github.server.set_permission(REPO, "octocat", "none")
    github.server.add_team("acme/devs", [])

    github.client.users.forget("Octocat")

    assert before == ("write", True)
    assert github.client.users.permission(REPO, "octocat") == "none"
    assert not github.client.users.is_team_member("acme/devs", "octocat")


def test_addresses_are_those_of_the_profile_and_of_the_last_commit(github: Pair) -> None:
    github.server.set_email("carol", "carol@example.com")
    github.server.set_commit_email("carol", "carol@work.example")
    github.server.set_commit_email("mallory", "bob@example.com")
    for author in ("carol", "mallory", "dave"):
        github.server.commit(REPO, "main", f"By {author}", author=author)

    found = [tuple(github.client.users.emails_of(REPO, login)) for login in ("carol", "dave", "nobody")]

    assert found == [("carol@example.com", "carol@work.example"), (), ()]


@pytest.mark.parametrize(
    "made_up",
    [
        "dave@users.noreply.github.com",
        "7+dave@users.noreply.github.com",
        "7+Dave@Users.NoReply.GitHub.com",
        "dave@users.noreply.github.acme.example",
        "dave@noreply.github.acme.example",
        "noreply@github.com",
        "",
    ],
)
def test_addresses_that_github_makes_up_are_none(github: Pair, made_up: str) -> None:
    github.server.set_email("dave", made_up)

    assert tuple(github.client.users.emails_of(REPO, "dave")) == ()


def test_what_github_does_not_tell_of_somebody_leaves_the_rest(github: Pair) -> None:
    github.server.set_commit_email("carol", "carol@work.example")
    github.server.commit(REPO, "main", "Search", author="carol")
    github.server.fail_next("GET", "/users/carol", 404)

    assert tuple(github.client.users.emails_of(REPO, "carol")) == ("carol@work.example",)


def test_a_commit_is_looked_for_only_where_the_profile_does_not_tell(github: Pair) -> None:
    github.server.set_email("carol", "carol@example.com")
    before = len(github.asked())

    first = next(github.client.users.emails_of(REPO, "carol"))

    assert first == "carol@example.com"
    assert github.asked()[before:] == ["/users/carol"]
