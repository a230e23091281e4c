"""Sign in with Slack, over real ports: members of the workspace come in, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from bot.http.pages.desk import WAITING
from bot.http.pages.site import THREADS_OF_SLACK
from tests.http.pages.site import PAGE, Answer, Pages, serving, settings
from tests.patience import PATIENCE
from tests.servers.slack.openid import CLIENT_ID, CLIENT_SECRET
from tests.servers.slack.server import SlackServer
from tests.servers.slack.state import User

SESSION = "shipmate_session"


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer() as running:
        yield running


@pytest.fixture
def pages(tmp_path: Path, slack: SlackServer) -> Iterator[Pages]:
    given = settings(
        SLACK_CLIENT_ID=CLIENT_ID,
        SLACK_CLIENT_SECRET=CLIENT_SECRET,
        SLACK_BOT_TOKEN=slack.counter.bot_token or "",
        SLACK_API_URL=slack.api_url,
    )
    with serving(tmp_path, given) as made:
        made.add()
        yield made


def goes(pages: Pages, path: str = PAGE) -> str:
    """Where somebody is sent who wants to sign in."""
    answer = pages.gets(f"/auth/slack?next={path}")
    assert answer.status == 303
    return answer.headers["location"]


def comes(pages: Pages, slack: SlackServer, user: User, path: str = PAGE, **claims: Any) -> Answer:
    back = urlsplit(slack.openid.approves(user, goes(pages, path), **claims))
    assert f"{back.scheme}://{back.netloc}" == "https://bot.example.com"
    return pages.gets(f"{back.path}?{back.query}")


def test_a_member_signs_in_and_comes_back_to_the_page(pages: Pages, slack: SlackServer) -> None:
    refused = pages.gets(PAGE)

    answer = comes(pages, slack, slack.add_user("maria"))

    assert refused.status == 401
    assert f'href="/auth/slack?next={PAGE.replace("/", "%2F")}">Sign in with Slack</a>' in refused.text
    assert (answer.status, answer.headers["location"]) == (303, PAGE)
    shown = pages.gets(PAGE)
    assert shown.status == 200
    assert "Sign out" in shown.text
    assert "key=" not in shown.text


def test_the_cookie_is_out_of_reach_of_scripts_other_sites_and_plain_http(pages: Pages, slack: SlackServer) -> None:
    answer = comes(pages, slack, slack.add_user("maria"))

    attributes = {one.strip().lower() for one in answer.cookies[SESSION].split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", "path=/", "max-age=43200"} <= attributes


def test_signing_out_ends_it(pages: Pages, slack: SlackServer) -> None:
    comes(pages, slack, slack.add_user("maria"))

    assert pages.gets("/auth/sign-out").status == 405
    assert pages.gets("/auth/sign-out", "POST").status == 200

    assert SESSION not in pages.cookies
    assert pages.gets(PAGE).status == 401


def test_a_form_of_another_site_signs_nobody_out(pages: Pages, slack: SlackServer) -> None:
    comes(pages, slack, slack.add_user("maria"))
    mine, pages.cookies = pages.cookies, {}  # SameSite: a browser sends none along from there

    answer = pages.gets("/auth/sign-out", "POST")

    assert answer.cookies == {}
    pages.cookies = mine
    assert pages.gets(PAGE).status == 200


def test_strangers_who_come_with_codes_that_they_made_up_keep_no_member_waiting(
    pages: Pages, slack: SlackServer
) -> None:
    comes(pages, slack, slack.add_user("maria"))
    answers: list[int] = []

    def guesses() -> None:
        stranger = Pages(pages.door, pages.site)
        state = goes(stranger).partition("state=")[2].partition("&")[0]
        answers.append(stranger.gets(f"/auth/slack/callback?code=guessed&state={state}").status)

    crowd = [Thread(target=guesses) for _ in range(THREADS_OF_SLACK + WAITING + 1)]
    with slack.workspace.changed:  # Slack takes its time
        for one in crowd:
            one.start()
        pages.door.wait_for(lambda: answers == [503])
        seen = pages.gets(PAGE).status
    for one in crowd:
        one.join(PATIENCE)

    assert seen == 200
    assert set(answers[1:]) == {401}


@pytest.mark.parametrize(
    ("who", "claims"),
    [
        ({"is_guest": True}, {}),
        ({"is_bot": True}, {}),
        ({"is_stranger": True}, {}),
        ({"team": "T0THER"}, {}),
        ({"team": "T0THER"}, {"https://slack.com/team_id": "T00000001"}),
        ({}, {"https://slack.com/team_id": "T0THER"}),
        ({}, {"https://slack.com/team_id": None}),
        ({}, {"https://slack.com/user_id": "U0N0B0DY"}),
        ({}, {"https://slack.com/user_id": None}),
        ({}, {"aud": "999.999"}),
        ({}, {"iss": "https://evil.example"}),
        ({}, {"nonce": "another"}),
        ({}, {"nonce": None}),
        ({}, {"exp": 1}),
        ({}, {"exp": None}),
    ],
)
def test_nobody_else_comes_in(pages: Pages, slack: SlackServer, who: dict[str, Any], claims: dict[str, Any]) -> None:
    answer = comes(pages, slack, slack.add_user("eve", **who), **claims)

    assert answer.status in (401, 403)
    assert SESSION not in pages.cookies
    assert pages.gets(PAGE).status == 401


def test_whoever_is_deactivated_is_no_longer_shown_anything(pages: Pages, slack: SlackServer) -> None:
    eve = slack.add_user("eve")
    comes(pages, slack, eve)
    slack.deactivate(eve.id)
    pages.site.sign_in._slack.directory._people.clear()  # type: ignore[union-attr] # ten minutes later

    assert pages.gets(PAGE).status == 401


def test_the_way_back_belongs_to_the_browser_that_went_and_is_used_once(pages: Pages, slack: SlackServer) -> None:
    maria = slack.add_user("maria")
    back = urlsplit(slack.openid.approves(maria, goes(pages)))
    mine, pages.cookies = pages.cookies, {}

    elsewhere = pages.gets(f"{back.path}?{back.query}")
    asked_of_slack = len(slack.calls("openid.connect.token"))
    pages.cookies = mine
    first = pages.gets(f"{back.path}?{back.query}")
    pages.gets("/auth/sign-out", "POST")
    again = pages.gets(f"{back.path}?{back.query}")

    assert (elsewhere.status, asked_of_slack) == (401, 0)
    assert first.status == 303
    assert again.status == 401


@pytest.mark.parametrize("state", ["", "x", "eyJ9.sig", "a" * 5000])
def test_a_state_that_is_not_ours_is_refused_before_slack_is_asked(
    pages: Pages, slack: SlackServer, state: str
) -> None:
    goes(pages)

    assert pages.gets(f"/auth/slack/callback?code=code-0&state={state}").status == 401
    assert slack.calls("openid.connect.token") == []


@pytest.mark.parametrize("cookie", ["x", "e30.AAAA", ""])
def test_a_session_that_is_made_up_is_none(pages: Pages, cookie: str) -> None:
    pages.cookies = {SESSION: cookie}

    assert pages.gets(PAGE).status == 401


def test_a_session_that_was_changed_is_none(pages: Pages, slack: SlackServer) -> None:
    comes(pages, slack, slack.add_user("maria"))
    good = pages.cookies[SESSION]
    begin, _, signature = good.rpartition(".")

    for bad in (f"{begin}x.{signature}", f"x{begin}.{signature}", begin, good + "x"):
        pages.cookies = {SESSION: bad}
        assert pages.gets(PAGE).status == 401


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "%0d%0aSet-Cookie:x=y",
        "/%0d%0aX-Evil:1",
        "javascript:1",
        "",
    ],
)
def test_nobody_is_sent_to_another_site(pages: Pages, slack: SlackServer, path: str) -> None:
    answer = comes(pages, slack, slack.add_user("maria"), path)

    assert (answer.status, answer.headers["location"]) == (303, "/")
    assert "x-evil" not in answer.headers


def test_slack_saying_no_or_nothing_is_said(pages: Pages, slack: SlackServer) -> None:
    state = goes(pages).partition("state=")[2].partition("&")[0]
    declined = pages.gets(f"/auth/slack/callback?error=access_denied&state={state}")
    maria = slack.add_user("maria")
    slack.fail_next("openid.connect.token", status=500)
    troubled = comes(pages, slack, maria)

    assert (declined.status, "you may have declined" in declined.text) == (401, True)
    assert (troubled.status, "Slack does not answer" in troubled.text) == (503, True)


def test_however_many_codes_are_made_up_the_log_has_a_line_for_each_reason(pages: Pages) -> None:
    with capture_logs() as logged:
        for _ in range(5):
            state = goes(pages).partition("state=")[2].partition("&")[0]
            assert pages.gets(f"/auth/slack/callback?code=guessed&state={state}").status == 401

    told = [one["reason"] for one in logged if one["event"] == "not signed in"]
    assert told == ["Slack refuses openid.connect.token: invalid_code."]


def test_without_a_client_nobody_signs_in(tmp_path: Path) -> None:
    with serving(tmp_path) as pages:
        pages.add()

        assert pages.gets("/auth/slack").status == 404
        assert "Sign in" not in pages.gets(PAGE).text
