"""The client of the Platform API against a small Heroku: repeats, pages, limits, and secrets that stay secret."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.adapters.heroku.platform import Heroku
from bot.core.errors import NotAccepted, NotThere, Rejected, ShipmateError, Unavailable
from tests.providers.heroku_runs import MovingClock
from tests.servers.heroku.server import HerokuServer

SHA = "1a2b3c4" + "0" * 33


@pytest.fixture
def server() -> Iterator[HerokuServer]:
    with HerokuServer() as server:
        server.add_app("acme-web")
        yield server


def client(server: HerokuServer, clock: MovingClock | None = None) -> tuple[Heroku, list[float]]:
    """And the pauses that it has made."""
    pauses: list[float] = []
    return Heroku(server.url, server.key, clock or MovingClock(), pauses.append), pauses


def create(heroku: Heroku) -> None:
    heroku.create_build("acme-web", "https://codeload.example/x", SHA, "topic")


@pytest.mark.parametrize("fault", [503, "cut_before", "cut_after"])
def test_a_question_is_asked_again(server, fault) -> None:
    heroku, pauses = client(server)
    server.fail_next("GET", "/apps/acme-web$", fault, times=2)

    assert heroku.app("acme-web").name == "acme-web"
    assert pauses == [0.2, 0.8]


@pytest.mark.parametrize(("fault", "uncertain"), [(503, True), ("cut_before", True), ("cut_after", True), (429, False)])
def test_a_change_is_asked_for_once_and_it_is_said_whether_it_may_have_been_made(server, fault, uncertain) -> None:
    heroku, pauses = client(server)
    server.fail_next("POST", "/builds$", fault)

    with pytest.raises(Unavailable) as raised:
        create(heroku)

    assert (raised.value.uncertain, pauses, len(server.asked("POST", ".*"))) == (uncertain, [], 1)


def test_what_was_never_sent_was_never_made(server) -> None:
    heroku = Heroku("http://127.0.0.1:9", server.key, MovingClock(), lambda _: None)

    with pytest.raises(Unavailable, match="cannot be reached") as raised:
        create(heroku)

    assert not raised.value.uncertain


def test_after_a_limit_nothing_is_asked_until_it_is_over(server) -> None:
    clock = MovingClock()
    heroku, _ = client(server, clock)
    server.fail_next("GET", "/apps/acme-web$", 429, headers={"Retry-After": "30"})
    with pytest.raises(Unavailable):
        heroku.app("acme-web")

    with pytest.raises(Unavailable) as limited:
        heroku.app("acme-web")
    asked = len(server.requests)
    clock.move(31)

    assert (asked, limited.value.retry_after) == (1, 30)
    assert heroku.app("acme-web")


def test_while_heroku_is_down_one_at_a_time_tries_it(server) -> None:
    heroku, _ = client(server)
    server.fail_next("POST", ".", 503, times=99)
    for _ in range(9):
        with pytest.raises(Unavailable):
            create(heroku)

    assert len(server.requests) == 5


def test_a_list_is_read_page_by_page_as_far_as_it_is_wanted(server) -> None:
    heroku, _ = client(server)
    for _ in range(250):
        server.add_release("acme-web", SHA)

    assert [one.version for one in heroku.releases("acme-web", 200)] == list(range(250, 50, -1))
    assert next(heroku.releases("acme-web", 200)).version == 250
    assert len(server.asked("GET", ".*/releases")) == 3
    assert heroku.builds("acme-web", 20) == []


def test_whoever_knows_no_ranges_is_understood(server) -> None:
    heroku, _ = client(server)
    for _ in range(5):
        server.add_release("acme-web", SHA)
    whole = [{"id": str(n), "version": n} for n in range(1, 6)]
    server.fail_next("GET", "/releases$", 200, body=whole)

    assert [one.version for one in heroku.releases("acme-web", 3)] == [5, 4, 3]


def test_few_requests_that_are_left_are_noticed(server) -> None:
    heroku, _ = client(server)
    heroku.app("acme-web")
    before = heroku.runs_low
    server.left = 12
    heroku.app("acme-web")

    assert (before, heroku.runs_low) == (False, True)


def test_the_key_goes_nowhere_else(server) -> None:
    heroku, _ = client(server)
    server.fail_next("GET", "/apps/acme-web$", 302, headers={"Location": f"{server.streams_url}/apps/acme-web"})

    with pytest.raises(Rejected):
        heroku.app("acme-web")

    assert server.stream_requests == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_the_key_is_in_no_error_although_heroku_quotes_it(server, status) -> None:
    heroku, _ = client(server)
    server.fail_next("POST", ".", status, body={"id": "x", "message": f"{server.key} is wrong"})

    with pytest.raises(ShipmateError) as raised:
        create(heroku)

    assert server.key not in f"{raised.value!r} {heroku!r}"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"id": 5}', b'"\xff"', {"id": None, "message": None}])
def test_an_error_that_is_no_error_of_herokus_is_told_by_its_status(server, body) -> None:
    heroku, _ = client(server)
    server.fail_next("POST", ".", 418, body=body)

    with pytest.raises(Rejected, match=r"^Heroku does not take this for acme-web: HTTP status 418\.$"):
        create(heroku)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", {"id": 1}])
def test_an_answer_that_is_not_understood_is_an_outage(server, body) -> None:
    heroku, _ = client(server)
    server.fail_next("POST", ".", 201, body=body)

    with pytest.raises(Unavailable, match="Heroku's answer is not understood") as raised:
        create(heroku)

    assert raised.value.uncertain


def test_another_key_is_not_accepted_and_an_admin_is_told_what_to_do(server) -> None:
    heroku = Heroku(server.url, "another", MovingClock())

    with pytest.raises(NotAccepted) as raised:
        heroku.account()

    assert (raised.value.service, "heroku authorizations:create" in raised.value.mend) == ("Heroku", True)
    assert len(server.requests) == 1


def test_a_key_with_strange_letters_is_told_without_being_shown(server) -> None:
    with pytest.raises(Rejected, match="HEROKU_API_KEY is not a key") as raised:
        Heroku(server.url, "a\nb-secret", MovingClock()).account()

    assert "secret" not in str(raised.value)


def test_an_app_that_is_in_no_pipeline_is_in_none_and_a_missing_slug_has_no_commit(server) -> None:
    heroku, _ = client(server)

    assert heroku.pipeline_of("acme-web") is None
    assert heroku.commit_of("acme-web", "gone") is None
    with pytest.raises(NotThere):
        heroku.app("acme/../web")
