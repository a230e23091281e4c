"""The bot as a GitHub App."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bot.adapters.github.auth import AppAuth
from bot.adapters.github.forge import GitHub
from bot.core.errors import NotAccepted, NotThere, Unavailable
from bot.core.ports.forge_types import NewRemoteStatus
from tests.patience import PATIENCE
from tests.servers.github.accounts import App, other_key
from tests.servers.github.pair import REPO, StillClock
from tests.servers.github.server import GitHubServer


@dataclass
class Scene:
    server: GitHubServer
    app: App
    auth: AppAuth
    client: GitHub
    clock: StillClock

    def tokens_asked_for(self) -> int:
        return sum(request.path.endswith("/access_tokens") for request in self.server.requests)


@pytest.fixture
def scene() -> Iterator[Scene]:
    clock = StillClock()
    with GitHubServer(now=clock.now) as server:
        server.add_repository(REPO)
        server.add_repository("acme/api")
        app = server.add_app(REPO, "acme/api")
        auth = AppAuth(app.app_id, app.private_key, api_url=server.url, clock=clock, pause=lambda _: None)
        yield Scene(server, app, auth, GitHub(server.url, auth, clock=clock, web_url="", pause=lambda _: None), clock)


def test_app_asks_with_its_installations_token(scene: Scene) -> None:
    found = scene.client.repository(REPO)

    assert found.name == REPO
    assert [request.path for request in scene.server.requests] == [
        "/repos/acme/web/installation",
        "/app/installations/7001/access_tokens",
        "/repos/acme/web",
    ]
    assert scene.server.requests[-1].headers["Authorization"].startswith("Bearer ghs_")


def test_token_is_kept_for_all_repositories_of_an_installation(scene: Scene) -> None:
    for repository in (REPO, "acme/api", REPO):
        scene.client.repository(repository)

    assert scene.tokens_asked_for() == 1


def test_token_is_renewed_five_minutes_before_its_end(scene: Scene) -> None:
    scene.client.repository(REPO)
    scene.clock.tick(minutes=54)
    scene.client.repository(REPO)
    before = scene.tokens_asked_for()
    scene.clock.tick(minutes=1)
    scene.client.repository(REPO)

    assert (before, scene.tokens_asked_for()) == (1, 2)


def test_refused_token_is_replaced_once(scene: Scene) -> None:
    scene.client.repository(REPO)
    scene.server.fail_next("GET", "/repos/acme/web$", 401)

    found = scene.client.repository(REPO)

    assert found.name == REPO
    assert scene.tokens_asked_for() == 2


def test_app_that_stays_refused_is_told(scene: Scene) -> None:
    scene.server.fail_next("GET", "/repos/acme/web$", 401, times=2)

    with pytest.raises(NotAccepted) as error:
        scene.client.repository(REPO)

    assert str(error.value) == (
        "The GitHub App (GITHUB_APP_ID, GITHUB_PRIVATE_KEY) is not accepted by GitHub (Bad credentials)."
    )
    assert scene.tokens_asked_for() == 2


def test_repository_without_the_app_is_told(scene: Scene) -> None:
    scene.server.add_repository("acme/secret")

    with pytest.raises(NotThere) as error:
        scene.client.repository("acme/secret")

    assert str(error.value) == "The GitHub App is not installed on acme/secret."


def test_app_that_was_uninstalled_is_told_and_found_again(scene: Scene) -> None:
    scene.client.repository(REPO)
    scene.clock.tick(hours=1)
    del scene.app.installations[7001]

    with pytest.raises(NotAccepted, match=r"The GitHub App is no longer installed on acme/web\."):
        scene.client.repository(REPO)
    scene.app.installations[7002] = {REPO}

    assert scene.client.repository(REPO).name == REPO


def test_token_that_cannot_be_had_leaves_no_doubt_about_the_request(scene: Scene) -> None:
    remote_id = scene.server.create_deployment(REPO, "main")
    scene.server.fail_next("POST", "/access_tokens$", 502)

    with pytest.raises(Unavailable) as error:
        scene.client.deployments.post_status(REPO, remote_id, NewRemoteStatus("queued", "Waiting", "production"))

    assert not error.value.uncertain
    assert scene.server.deployment_statuses(REPO, remote_id) == []


def test_many_threads_ask_for_one_token(scene: Scene) -> None:
    threads = [threading.Thread(target=scene.client.repository, args=(REPO,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert scene.tokens_asked_for() == 1
    assert sum(request.path == "/repos/acme/web" for request in scene.server.requests) == 8


def test_key_pasted_into_one_line_works(scene: Scene) -> None:
    pasted = scene.app.private_key.replace("\n", "\\n")
    auth = AppAuth(scene.app.app_id, pasted, api_url=scene.server.url, clock=scene.clock)

    assert auth.authorization(REPO).startswith("Bearer ghs_")


@pytest.mark.parametrize("key", ["", "secret-key", "-----BEGIN RSA PRIVATE KEY-----\nsecret-key\n-----END"])
def test_broken_key_is_told_and_not_shown(scene: Scene, key: str) -> None:
    auth = AppAuth(scene.app.app_id, key, api_url=scene.server.url, clock=scene.clock)

    with pytest.raises(NotAccepted) as error:
        auth.authorization(REPO)

    assert str(error.value) == "GITHUB_PRIVATE_KEY is not the private key of a GitHub App (a PEM file, RSA)."
    assert "secret-key" not in repr(auth)


def test_nothing_secret_is_in_any_repr(scene: Scene) -> None:
    token = scene.auth.authorization(REPO).removeprefix("Bearer ")

    shown = f"{scene.auth!r} {scene.client!r} {vars(scene.auth)!r}"

    assert token not in shown
    assert "PRIVATE KEY" not in shown


# --- an owner refuses the App --------------------------------------------------------------------------------------


def test_app_that_was_uninstalled_is_refused_by_its_owner_after_a_restart_too(scene: Scene) -> None:
    scene.server.add_repository("other/lib")
    scene.app.installations = {7002: {"other/lib"}}

    with pytest.raises(NotAccepted) as error:
        scene.client.repository(REPO)

    assert (str(error.value), error.value.owner) == ("The GitHub App is not installed on acme/web.", "acme")
    assert scene.client.repository("other/lib").name == "other/lib"


@pytest.mark.parametrize("asked_before", [True, False])
def test_suspended_app_is_refused_by_that_owner_alone(scene: Scene, asked_before: bool) -> None:
    scene.server.add_repository("other/lib")
    scene.app.installations[7002] = {"other/lib"}
    if asked_before:
        scene.client.repository(REPO)
    scene.app.suspended.add(7001)

    owners = []
    for _ in range(8):
        with pytest.raises(NotAccepted) as error:
            scene.client.repository(REPO)
        owners.append(error.value.owner)

    assert owners == ["acme"] * 8
    assert scene.client.repository("other/lib").name == "other/lib"


def test_app_whose_key_was_changed_is_refused_everywhere(scene: Scene) -> None:
    scene.app.public_key = other_key()

    with pytest.raises(NotAccepted) as error:
        scene.client.repository(REPO)

    assert error.value.owner == ""
    assert str(error.value) == (
        "The GitHub App (GITHUB_APP_ID, GITHUB_PRIVATE_KEY) is not accepted by GitHub (A JSON web token could not be "
        "decoded)."
    )


def test_app_that_is_gone_is_refused_everywhere(scene: Scene) -> None:
    del scene.server.accounts.apps[scene.app.app_id]

    with pytest.raises(NotAccepted, match=r"is not accepted by GitHub \(Integration not found\)\.") as error:
        scene.client.repository(REPO)

    assert error.value.owner == ""


# --- a repository that is transferred ------------------------------------------------------------------------------


def test_a_repository_is_asked_for_by_its_number_with_the_token_of_the_owner_who_has_it_now(scene: Scene) -> None:
    number = scene.server.repository(REPO).id
    scene.client.repository(REPO)
    scene.server.rename_repository(REPO, "newowner/web")
    scene.app.installations[7002] = {"newowner/web"}

    with pytest.raises(NotThere):
        scene.client.repository_numbered(number, "acme/api")
    found = scene.client.repository_numbered(number, "newowner/web")

    assert (found.name, found.number) == ("newowner/web", number)
