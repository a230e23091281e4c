"""GitHub's device flow, against a server that speaks it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.adapters.github.device_flow import DeviceFlow
from bot.core.errors import Rejected, Unavailable
from bot.core.people.model import SignedIn
from tests.servers.github.pair import T0, StillClock
from tests.servers.github.server import GitHubServer


@dataclass
class Scene:
    server: GitHubServer
    flow: DeviceFlow
    clock: StillClock


@pytest.fixture
def scene() -> Iterator[Scene]:
    clock = StillClock()
    with GitHubServer(now=clock.now) as server:
        yield Scene(server, flow_for(server, server.client_id, clock), clock)


def flow_for(server: GitHubServer, client_id: str, clock: StillClock) -> DeviceFlow:
    return DeviceFlow(client_id, web_url=server.url, api_url=server.url, clock=clock, pause=lambda _: None)


def test_a_code_comes_with_an_address_a_pace_and_an_end(scene: Scene) -> None:
    given = scene.flow.begin()

    assert (given.user_code, given.url) == ("WDJB-0001", "https://github.com/login/device")
    assert (given.interval, given.expires_at) == (5, T0 + timedelta(minutes=15))
    assert [request.headers.get("Authorization") for request in scene.server.requests] == [None]


def test_it_is_pending_until_the_code_is_typed_in_and_then_the_login_is_told(scene: Scene) -> None:
    given = scene.flow.begin()
    before = scene.flow.ask(given.code)
    scene.server.sign_ins.enter(given.user_code, "octocat")
    scene.clock.tick(seconds=5)

    after = scene.flow.ask(given.code)

    assert (before, after) == (SignedIn("pending"), SignedIn("done", "octocat"))
    assert scene.server.requests[-1].path == "/user"


def test_asking_too_often_is_told_with_the_new_pace(scene: Scene) -> None:
    given = scene.flow.begin()
    scene.flow.ask(given.code)

    told = scene.flow.ask(given.code)

    assert told == SignedIn("slower", interval=10)


def test_a_code_that_is_declined_over_or_unknown_is_told(scene: Scene) -> None:
    declined, over = scene.flow.begin(), scene.flow.begin()
    scene.server.sign_ins.decline(declined.user_code)

    first = scene.flow.ask(declined.code)
    scene.clock.tick(minutes=15)
    rest = [scene.flow.ask(code) for code in (over.code, "unknown")]

    assert [told.state for told in (first, *rest)] == ["denied", "expired", "expired"]


def test_an_app_that_does_not_allow_it_is_told_with_the_way_to_mend_it(scene: Scene) -> None:
    scene.server.sign_ins.enabled = False

    with pytest.raises(Rejected) as error:
        scene.flow.begin()

    assert str(error.value) == (
        "The app behind GITHUB_CLIENT_ID does not allow the device flow: switch it on in the app's settings."
    )


def test_an_unknown_client_id_is_told(scene: Scene) -> None:
    flow = flow_for(scene.server, "Iv1.nobody", scene.clock)

    with pytest.raises(Rejected) as beginning:
        flow.begin()
    with pytest.raises(Rejected) as asking:
        flow.ask("code")

    assert str(beginning.value) == "GitHub knows no app with this GITHUB_CLIENT_ID."
    assert str(asking.value) == "GitHub does not accept GITHUB_CLIENT_ID."


def test_an_outage_is_unavailable(scene: Scene) -> None:
    scene.server.fail_next("POST", "/login/device/code", 503)

    with pytest.raises(Unavailable):
        scene.flow.begin()


def test_a_token_whose_owner_is_not_told_is_no_proof(scene: Scene) -> None:
    given = scene.flow.begin()
    scene.server.sign_ins.enter(given.user_code, "octocat")
    scene.server.fail_next("GET", "/user", 401)

    with pytest.raises(Rejected) as error:
        scene.flow.ask(given.code)

    assert str(error.value) == "GitHub gave a token and then did not say whose it is."
