"""What the client does when GitHub, or the way to it, misbehaves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from bot.adapters.github.auth import TokenAuth
from bot.adapters.github.errors import error_of
from bot.adapters.github.forge import GitHub
from bot.core.errors import NotAccepted, NotAllowed, NotThere, Rejected, Unavailable
from bot.core.ports.forge_types import NewRemoteStatus
from tests.patience import PATIENCE
from tests.servers.github.pair import REPO, T0, Pair, StillClock, pair
from tests.servers.github.server import GitHubServer

ENDS_IN_AN_HOUR = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(T0.timestamp()) + 3_600)}

STATUS = NewRemoteStatus("in_progress", "Under way", "production")


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


def test_requests_say_who_and_in_which_version(github: Pair) -> None:
    github.client.repository(REPO)

    headers = github.server.requests[-1].headers
    assert headers["Accept"] == "application/vnd.github+json"
    assert headers["X-GitHub-Api-Version"] == "2022-11-28"
    assert headers["User-Agent"].startswith("shipmate/")
    assert headers["Authorization"] == f"Bearer {github.server.token}"


@pytest.mark.parametrize("fault", ["cut_before", "cut_after", 500, 502, 503])
def test_question_is_repeated_twice(github: Pair, fault: int | str) -> None:
    github.server.fail_next("GET", "/repos/acme/web$", fault, times=2)

    found = github.client.repository(REPO)

    assert found.name == REPO
    assert len(github.server.requests) == 3
    assert github.pauses == [0.2, 0.8]


def test_question_that_fails_three_times_is_given_up(github: Pair) -> None:
    github.server.fail_next("GET", "/repos/acme/web$", 502, times=3)

    with pytest.raises(Unavailable) as error:
        github.client.repository(REPO)

    assert str(error.value) == "GitHub has a problem of its own (status 502)."
    assert not error.value.uncertain


@pytest.mark.parametrize("fault", ["cut_before", "cut_after", "malformed", 500, 504])
def test_change_is_never_repeated_and_is_called_uncertain(github: Pair, fault: int | str) -> None:
    remote_id = github.server.create_deployment(REPO, "main")
    github.server.fail_next("POST", "/statuses$", fault)

    with pytest.raises(Unavailable) as error:
        github.client.deployments.post_status(REPO, remote_id, STATUS)

    assert error.value.uncertain
    assert len(github.asked("POST")) == 1
    assert len(github.server.deployment_statuses(REPO, remote_id)) == (1 if fault in ("cut_after", "malformed") else 0)
    assert github.pauses == []


def test_silence_is_waited_for_once_only(github: Pair) -> None:
    remote_id = github.server.create_deployment(REPO, "main")
    hasty = GitHub(
        github.server.url, TokenAuth(github.server.token), clock=github.clock, web_url="", timeout=(5.0, 0.05)
    )
    github.server.fail_next("GET", "/repos/acme/web$", "silence")
    github.server.fail_next("POST", "/statuses$", "silence")

    with pytest.raises(Unavailable) as question:
        hasty.repository(REPO)
    with pytest.raises(Unavailable) as change:
        hasty.deployments.post_status(REPO, remote_id, STATUS)

    assert (str(question.value), question.value.uncertain) == ("GitHub does not answer in time.", False)
    assert (str(change.value), change.value.uncertain) == ("GitHub does not answer in time.", True)
    assert len(github.server.requests) == 2


def test_short_wait_that_github_asks_for_is_kept(github: Pair) -> None:
    github.server.fail_next("GET", "/repos/acme/web$", 503, headers={"Retry-After": "2"})

    github.client.repository(REPO)

    assert github.pauses == [2.0]


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"Retry-After": "40"}, 40.0),
        (403, {"Retry-After": "7"}, 7.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(T0.timestamp()) + 300)}, 300.0),
        # Its clock is an hour ahead of ours, and says so.
        (403, {**ENDS_IN_AN_HOUR, "Date": "Mon, 02 Mar 2026 09:55:00 GMT"}, 300.0),
        (403, {**ENDS_IN_AN_HOUR, "Date": "soon"}, 3600.0),
        (429, {}, 60.0),
        (429, {"Retry-After": "Mon, 02 Mar 2026 09:05:00 GMT"}, 300.0),
        (403, {"Retry-After": "Mon, 02 Mar 2026 09:05:00 GMT"}, 300.0),
        (429, {"Retry-After": "Mon, 02 Mar 2026 09:05:00 GMT", "Date": "Mon, 02 Mar 2026 09:04:20 GMT"}, 40.0),
        (429, {"Retry-After": "in a while"}, 60.0),
        (429, {"Retry-After": "999999999999"}, 3600.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "99999999999"}, 3600.0),
    ],
)
def test_limit_says_how_long_to_wait(github: Pair, status: int, headers: dict[str, str], wait: float) -> None:
    remote_id = github.server.create_deployment(REPO, "main")
    github.server.fail_next("GET", "/repos/acme/web$", status, headers=headers)
    github.server.fail_next("POST", "/statuses$", status, headers=headers)

    for ask in (
        lambda: github.client.repository(REPO),
        lambda: github.client.deployments.post_status(REPO, remote_id, STATUS),
    ):
        with pytest.raises(Unavailable) as error:
            ask()
        assert str(error.value) == "GitHub asks the bot to slow down."
        assert (error.value.retry_after, error.value.uncertain) == (wait, False)
    assert github.pauses == []


LIMITS = "https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits"


@pytest.mark.parametrize(
    "message",
    [
        "You have exceeded a secondary rate limit. Please wait a few minutes.",
        "Please wait a few minutes before you try again.",
        "You have triggered an abuse detection mechanism. Please wait a few minutes before you try again.",
        "API rate limit exceeded for installation ID 7001.",
        "API rate limit exceeded for user ID 1.",
        "was submitted too quickly",
    ],
)
def test_limit_without_headers_is_known_by_its_words(github: Pair, message: str) -> None:
    body = {"message": message}
    github.server.fail_next("GET", "/repos/acme/web$", 403, body=body)

    with pytest.raises(Unavailable) as error:
        github.client.repository(REPO)

    assert error.value.retry_after == 60.0


@pytest.mark.parametrize(
    "body",
    [
        {"message": "Too much of a good thing", "documentation_url": LIMITS},
        {"message": "Too much", "documentation_url": "https://developer.github.com/v3/#abuse-rate-limits"},
        b"<html><body>Whoa there! You have exceeded a secondary rate limit.</body></html>",
    ],
)
def test_limit_without_headers_is_known_by_its_documentation_or_its_page(github: Pair, body: object) -> None:
    github.server.fail_next("GET", "/repos/acme/web$", 403, body=body)

    with pytest.raises(Unavailable) as error:
        github.client.repository(REPO)

    assert (str(error.value), error.value.retry_after) == ("GitHub asks the bot to slow down.", 60.0)


def test_page_of_a_proxy_that_forbids_is_an_outage_and_no_missing_permission(github: Pair) -> None:
    page = b"<!DOCTYPE html><html><title>403 Forbidden</title></html>"
    github.server.fail_next("POST", "/statuses$", 403, body=page)
    remote_id = github.server.create_deployment(REPO, "main")

    with pytest.raises(Unavailable) as error:
        github.client.deployments.post_status(REPO, remote_id, STATUS)

    assert (
        str(error.value) == "Something on the way to GitHub does not let the bot through (status 403, with a web page)."
    )
    assert not error.value.uncertain


def test_page_of_html_is_no_answer(github: Pair) -> None:
    github.server.fail_next("GET", "/repos/acme/web$", 200, body=b"<html>Log in to the hotel's network</html>")

    with pytest.raises(Unavailable, match="GitHub's answer is not understood: JSON is malformed"):
        github.client.repository(REPO)


def test_page_of_html_as_an_error_is_told_by_its_status(github: Pair) -> None:
    github.server.fail_next("GET", "/repos/acme/web$", 400, body=b"<html>Bad Request</html>")

    with pytest.raises(Rejected) as error:
        github.client.repository(REPO)

    assert str(error.value) == "HTTP status 400."


def test_errors_of_all_shapes_are_read(github: Pair) -> None:
    errors = ["Not in words", {"field": "ref", "code": "missing"}, {"message": "It is too long"}, 7]
    body = {"message": "Validation Failed", "errors": errors}
    github.server.fail_next("GET", "/repos/acme/web$", 422, body=body)

    with pytest.raises(Rejected) as error:
        github.client.repository(REPO)

    assert str(error.value) == "Validation Failed: Not in words; ref missing; It is too long."


def test_missing_permissions_of_several_kinds_are_named(github: Pair) -> None:
    headers = {"X-Accepted-GitHub-Permissions": "contents=write,workflows=write; administration=write"}
    body = {"message": "Resource not accessible by integration"}
    github.server.fail_next("GET", "/repos/acme/web$", 403, headers=headers, body=body)

    with pytest.raises(NotAllowed) as error:
        github.client.repository(REPO)

    assert str(error.value) == (
        "GITHUB_TOKEN lacks the permission “contents: write and workflows: write”, or “administration: write” "
        "on acme/web: Resource not accessible by integration."
    )


def test_scopes_are_named_where_nothing_else_is(github: Pair) -> None:
    headers = {"X-Accepted-OAuth-Scopes": "repo, repo_deployment"}
    github.server.fail_next("GET", "/repos/acme/web$", 403, headers=headers)

    with pytest.raises(NotAllowed) as error:
        github.client.repository(REPO)

    assert str(error.value) == (
        "GITHUB_TOKEN lacks a permission on acme/web: Forbidden. One of these scopes is needed: repo, repo_deployment."
    )


def test_revoked_token_is_not_accepted(github: Pair) -> None:
    github.server.deny(github.server.token)

    with pytest.raises(NotAccepted) as error:
        github.client.repository(REPO)

    assert str(error.value) == "GITHUB_TOKEN is not accepted by GitHub (Bad credentials)."
    assert len(github.server.requests) == 1


@pytest.mark.parametrize(
    ("message", "headers"),
    [
        (
            "Resource protected by organization SAML enforcement. You must grant your OAuth token access to this org.",
            {"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso?authorization_request=AZ"},
        ),
        ("Resource protected by organization SAML enforcement.", {}),
        ("Not in these words.", {"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso"}),
        ("This installation has been suspended", {}),
        ("`acme` forbids access via a personal access token (classic). Please use a GitHub App.", {}),
        (
            "Although you appear to have the correct authorization credentials, the `acme` organization has an IP "
            "allow list enabled, and your IP address is not permitted to access this resource.",
            {},
        ),
    ],
)
@pytest.mark.parametrize("path", ["/repos/acme/web$", "/orgs/Acme/"])
def test_owner_that_keeps_the_credentials_out_is_named(
    github: Pair, message: str, headers: dict[str, str], path: str
) -> None:
    github.server.fail_next("GET", path, 403, headers=headers, body={"message": message})

    with pytest.raises(NotAccepted) as error:
        github.client.users.is_team_member("Acme/devs", "maria") if "orgs" in path else github.client.repository(REPO)

    owner = "Acme" if "orgs" in path else "acme"
    assert str(error.value) == f"GITHUB_TOKEN is not accepted by {owner} on GitHub ({message.rstrip('.')})."
    assert (error.value.owner, error.value.uncertain) == ("acme", False)


@pytest.mark.parametrize(
    ("headers", "where"),
    [
        ({"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso?authorization_request=AZ"}, True),
        ({"X-GitHub-SSO": "required"}, False),
        ({}, False),
    ],
)
def test_single_sign_on_says_who_lets_the_token_in_and_where(
    github: Pair, headers: dict[str, str], where: bool
) -> None:
    body = {"message": "Resource protected by organization SAML enforcement."}
    github.server.fail_next("GET", "/repos/acme/web$", 403, headers=headers, body=body)

    with pytest.raises(NotAccepted) as error:
        github.client.repository(REPO)

    page = " (https://github.com/orgs/acme/sso?authorization_request=AZ leads there for an hour)" if where else ""
    assert error.value.mend == (
        "Whoever has made GITHUB_TOKEN can authorize it for the single sign-on of acme, under “Configure SSO” of their "
        f"tokens on GitHub{page}; I need no restart for that."
    )


@pytest.mark.parametrize(
    "message",
    [
        "Sorry. Your account was suspended.",
        "Your account has been suspended",
        "Maximum number of login attempts exceeded. Please try again later.",
    ],
)
def test_account_that_github_lets_in_nowhere_is_not_accepted(github: Pair, message: str) -> None:
    github.server.fail_next("GET", "/repos/acme/web$", 403, body={"message": message})

    with pytest.raises(NotAccepted) as error:
        github.client.repository(REPO)

    assert error.value.owner == ""


@pytest.mark.parametrize(
    "message", ["Resource not accessible by integration", "Resource not accessible by personal access token"]
)
def test_missing_permission_is_no_refusal_of_the_credentials(github: Pair, message: str) -> None:
    github.server.fail_next("GET", "/repos/acme/web$", 403, body={"message": message})

    with pytest.raises(NotAllowed) as error:
        github.client.repository(REPO)

    assert str(error.value) == f"GITHUB_TOKEN lacks a permission on acme/web: {message}."


@pytest.mark.parametrize(
    ("ask", "permission"),
    [
        (lambda client: client.deployments.post_status(REPO, 7, STATUS), "deployments: write"),
        (lambda client: client.deployments.get(REPO, 7), "deployments: read"),
        (lambda client: client.pull_request(REPO, 1), "pull_requests: read"),
        (lambda client: client.resolve(REPO, "main"), "contents: read"),
    ],
)
def test_missing_permission_is_named_by_what_was_asked_for_where_github_does_not(
    github: Pair, ask: Callable[[GitHub], object], permission: str
) -> None:
    for method in ("GET", "POST"):
        body = {"message": "Resource not accessible by integration"}
        github.server.fail_next(method, "/repos/acme/web/", 403, times=9, body=body)

    with pytest.raises(NotAllowed) as error:
        ask(github.client)

    assert str(error.value) == (
        f"GITHUB_TOKEN lacks the permission “{permission}” on acme/web: Resource not accessible by integration."
    )


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("commits/abc/check-runs", "checks"),
        ("commits/feature/x/status", "statuses"),
        ("commits/abc/pulls", "pull_requests"),
        ("commits/abc", "contents"),
        ("pulls/1/merge", "contents"),
        ("pulls/1/reviews", "pull_requests"),
        ("git/ref/heads/main", "contents"),
        ("actions/runs", "actions"),
        ("issues/1/comments", "issues"),
        ("hooks", "repository_hooks"),
    ],
)
def test_permission_of_a_path(path: str, permission: str) -> None:
    body = b'{"message": "Resource not accessible by integration"}'

    error = error_of(403, {}, body, method="GET", url=f"https://x/repos/acme/web/{path}", named="T", now=T0)

    assert f" lacks the permission “{permission}: read” on acme/web: " in str(error)


def test_archived_repository_says_so(github: Pair) -> None:
    remote_id = github.server.create_deployment(REPO, "main")
    github.server.fail_next("POST", "/statuses$", 403, body={"message": "Repository was archived so is read-only."})

    with pytest.raises(Rejected) as error:
        github.client.deployments.post_status(REPO, remote_id, STATUS)

    assert str(error.value) == (
        "acme/web is archived on GitHub: nothing can be deployed from it until somebody unarchives it."
    )


def test_refused_credentials_are_tried_by_one_at_a_time(github: Pair) -> None:
    github.server.deny(github.server.token)

    for _ in range(100):
        with pytest.raises(NotAccepted):
            github.client.repository(REPO)
    at_first = len(github.server.requests)
    github.clock.tick(seconds=30)
    for _ in range(100):
        with pytest.raises(NotAccepted) as error:
            github.client.repository(REPO)
    github.server.allow(github.server.token)
    github.clock.tick(seconds=30)

    assert (at_first, len(github.server.requests)) == (5, 6)
    assert error.value.retry_after == 30.0
    assert github.client.repository(REPO).name == REPO


def test_server_that_is_gone_has_certainly_done_nothing(github: Pair) -> None:
    with GitHubServer() as other:
        gone = GitHub(other.url, TokenAuth("t"), clock=StillClock(), web_url="", pause=github.pauses.append)

    with pytest.raises(Unavailable) as error:
        gone.deployments.post_status(REPO, 1, STATUS)

    assert str(error.value) == "GitHub cannot be reached."
    assert not error.value.uncertain


def test_address_that_is_none_is_rejected() -> None:
    client = GitHub("api.github.com", TokenAuth("t"), clock=StillClock(), web_url="")

    with pytest.raises(Rejected, match="GITHUB_API_URL is not an address"):
        client.repository(REPO)


def test_unchanged_answer_costs_nothing(github: Pair) -> None:
    first = github.client.refs(REPO)
    second = github.client.refs(REPO)
    github.server.branch(REPO, "new")
    third = github.client.refs(REPO)

    assert first == second == ("main",)
    assert third == ("main", "new")
    assert [request.status for request in github.server.requests] == [200, 200, 304, 304, 200, 304]


def test_pages_that_did_not_change_are_followed_all_the_same(github: Pair) -> None:
    for number in range(150):
        github.server.branch(REPO, f"b{number}")

    assert github.client.refs(REPO) == github.client.refs(REPO)
    assert [request.status for request in github.server.requests] == [200, 200, 200, 304, 304, 304]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("whole", [True, False])
def test_a_change_is_sent_on_as_it_was_with_the_token_whatever_the_redirect_is_called(
    github: Pair, status: int, whole: bool
) -> None:
    remote_id = github.server.create_deployment(REPO, "main")
    rest = f"/deployments/{remote_id}/statuses"
    path = f"/repositories/{github.server.repository(REPO).id}{rest}"
    location = {"Location": f"{github.server.url}{path}" if whole else path}
    github.server.fail_next("POST", f"^/repos/{REPO}{rest}$", status, headers=location)

    github.client.deployments.post_status(REPO, remote_id, STATUS)

    first, second = github.server.requests
    assert (first.method, second.method, second.path) == ("POST", "POST", path)
    assert second.body["state"] == "in_progress"
    assert second.headers["Authorization"] == f"Bearer {github.server.token}"
    assert [one.state for one in github.server.deployment_statuses(REPO, remote_id)] == ["in_progress"]


def test_redirect_to_another_host_is_not_followed(github: Pair) -> None:
    with GitHubServer() as stranger:
        elsewhere = {"Location": f"{stranger.url}/repos/acme/web"}
        github.server.fail_next("GET", "/repos/acme/web$", 301, headers=elsewhere)
        github.server.fail_next("POST", "/statuses$", 307, headers=elsewhere)

        for ask in (
            lambda: github.client.repository(REPO),
            lambda: github.client.deployments.post_status(REPO, 1, STATUS),
        ):
            with pytest.raises(Rejected) as error:
                ask()
            assert str(error.value) == "GitHub sends the bot to another host, 127.0.0.1, which it does not follow."
        assert stranger.requests == []


def test_next_page_on_another_host_is_not_followed(github: Pair) -> None:
    with GitHubServer() as stranger:
        headers = {"Link": f'<{stranger.url}/repos/acme/web/branches?page=2>; rel="next"'}
        github.server.fail_next("GET", "/branches$", 200, headers=headers, body=[{"name": "main"}])

        with pytest.raises(Rejected):
            github.client.refs(REPO)
        assert stranger.requests == []


def test_redirects_in_circles_end(github: Pair) -> None:
    github.server.fail_next("GET", "/repos/acme/web$", 302, times=50, headers={"Location": "/repos/acme/web"})

    with pytest.raises(Unavailable, match=r"GitHub's redirects do not end\."):
        github.client.repository(REPO)


def test_threads_share_one_client(github: Pair) -> None:
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(10):
                github.client.resolve(REPO, "main")
                github.client.checks(REPO, "main")
        except BaseException as error:  # noqa: BLE001 - told to the main thread
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert failures == []
    assert len(github.server.requests) == 240


@pytest.mark.parametrize("token", ["", "  ", "gh p", "gh\np", "gheim-ü"])
def test_token_that_cannot_be_one_is_never_sent_nor_shown(github: Pair, token: str) -> None:
    client = GitHub(github.server.url, TokenAuth(token), clock=github.clock, web_url="")

    with pytest.raises(NotAccepted) as error:
        client.repository(REPO)

    assert str(error.value) == (
        "GITHUB_TOKEN is not a token: it is empty, or holds spaces or letters that no token has."
    )
    assert github.server.requests == []


def test_token_is_in_no_repr_and_in_no_error(github: Pair, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    token = github.server.token
    shown = [repr(github.client), repr(TokenAuth(token)), str(vars(TokenAuth("x")) and TokenAuth(token))]
    github.server.fail_next("GET", "/repos/acme/web$", "cut_before", times=3)

    with pytest.raises(Unavailable) as error:
        github.client.repository(REPO)

    shown += [repr(error.value), repr(error.value.__cause__), caplog.text]
    assert not any(token in text for text in shown)


def test_unknown_page_is_not_there(github: Pair) -> None:
    github.server.fail_next("GET", "/repos/acme/web$", 451)

    with pytest.raises(NotThere):
        github.client.repository(REPO)
