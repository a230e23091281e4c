"""Comments, labels and releases over GitHub's REST API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.adapters.github.auth import AppAuth
from bot.adapters.github.forge import GitHub
from bot.core.errors import NotAllowed, NotThere, Rejected, Unavailable
from bot.core.ports.publishing import NewRelease
from tests.servers.github.pair import REPO, Pair, pair

MARKER = "<!-- shipmate -->"


@pytest.fixture
def github() -> Iterator[Pair]:
    with pair() as both:
        yield both


def pull(github: Pair, branch: str = "topic") -> int:
    github.server.commit(REPO, branch, f"Add {branch}")
    return github.server.open_pull_request(REPO, branch)


def by_an_app(github: Pair) -> GitHub:
    app = github.server.add_app(REPO)
    auth = AppAuth(app.app_id, app.private_key, api_url=github.server.url, clock=github.clock)
    return GitHub(github.server.url, auth, clock=github.clock, web_url=github.server.web_url)


def new(github: Pair, tag: str, **more: object) -> NewRelease:
    sha = github.server.repository(REPO).branches["main"]
    return NewRelease(**{"tag": tag, "sha": sha, "name": "web", "text": "Live.", **more})  # type: ignore[arg-type]


# --- comments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["token", "app"])
def test_the_bots_own_comment_is_found_again_and_no_other(github: Pair, kind: str) -> None:
    client, number = github.client if kind == "token" else by_an_app(github), pull(github)
    for author in ("mallory", "other[bot]"):
        github.server.comment(REPO, number, f"{MARKER} mine", by=author)
    missing = client.publishing.find_comment(REPO, number, MARKER)
    made = client.publishing.comment(REPO, number, f"{MARKER}\nlive")
    client.publishing.comment(REPO, number, f"Quoted: {MARKER}")
    client.publishing.edit_comment(REPO, made, f"{MARKER}\ngone")

    assert missing is None
    assert client.publishing.find_comment(REPO, number, MARKER) == made
    assert github.server.repository(REPO).comments[made].body == f"{MARKER}\ngone"


def test_it_is_found_behind_a_hundred_others(github: Pair) -> None:
    number = pull(github)
    for n in range(130):
        github.server.comment(REPO, number, f"Comment {n}")
    made = github.client.publishing.comment(REPO, number, MARKER)

    assert github.client.publishing.find_comment(REPO, number, MARKER) == made
    assert sum(path.endswith("/comments") for path in github.asked()) == 2


def test_a_comment_that_is_gone_is_not_there_and_a_locked_conversation_takes_none(github: Pair) -> None:
    number = pull(github)
    made = github.client.publishing.comment(REPO, number, MARKER)
    github.server.delete_comment(REPO, made)
    with pytest.raises(NotThere):
        github.client.publishing.edit_comment(REPO, made, "x")
    github.server.lock_conversation(REPO, number)

    with pytest.raises(Rejected, match=r"acme/web issues/1/comments is locked on GitHub: Unable to create comment"):
        github.client.publishing.comment(REPO, number, MARKER)


def test_what_a_pull_request_may_be_too_much_of_is_said(github: Pair) -> None:
    number = pull(github)

    with pytest.raises(Rejected, match="Body is too long"):
        github.client.publishing.comment(REPO, number, "x" * 65_537)
    with pytest.raises(NotThere):
        github.client.publishing.comment(REPO, 99, MARKER)


def test_a_missing_permission_is_named(github: Pair) -> None:
    number = pull(github)
    github.server.deny(github.server.token, "pull_requests=write", "contents=write")

    for write in (
        lambda: github.client.publishing.comment(REPO, number, MARKER),
        lambda: github.client.publishing.add_label(REPO, number, "deployed"),
    ):
        with pytest.raises(NotAllowed, match="“issues: write”, or “pull_requests: write” on acme/web"):
            write()
    with pytest.raises(NotAllowed, match="“contents: write” on acme/web"):
        github.client.publishing.release(REPO, new(github, "v1"))


def test_a_limit_is_waited_for(github: Pair) -> None:
    number = pull(github)
    github.server.fail_next("POST", "/comments$", 403, times=9, headers={"Retry-After": "61"})

    with pytest.raises(Unavailable) as waited:
        github.client.publishing.comment(REPO, number, MARKER)

    assert waited.value.retry_after == 61


# --- labels -------------------------------------------------------------------------------------------------------


def test_labels_are_put_on_and_taken_off_as_often_as_one_likes(github: Pair) -> None:
    number, label, publishing = pull(github), "deployed: eu/west?", github.client.publishing
    github.server.put_labels(REPO, number, ["bug"])
    for _ in range(2):
        publishing.add_label(REPO, number, label)
    on = github.server.labels(REPO, number)
    for _ in range(2):
        publishing.remove_label(REPO, number, label)

    assert (on, github.server.labels(REPO, number)) == (["bug", label], ["bug"])


# --- releases -----------------------------------------------------------------------------------------------------


def test_a_release_has_a_tag_and_the_notes_since_another(github: Pair) -> None:
    publishing = github.client.publishing
    first = publishing.release(REPO, new(github, "web-1"))
    github.server.merge_pull_request(REPO, pull(github, "search"))
    github.server.publish_release(REPO, "other-1", "main")
    second = publishing.release(REPO, new(github, "web-2", since="web-1", latest=False))

    release = github.server.repository(REPO).releases[second]
    assert github.server.latest_release(REPO) == "other-1"
    assert (release.body or "").startswith("Live.\n\n## What's Changed\n* ")
    assert (release.body or "").endswith("/compare/web-1...web-2")
    publishing.mark_latest(REPO, first)
    assert github.server.latest_release(REPO) == "web-1"
    found = publishing.find_release(REPO, "web-2")
    assert found is not None
    assert (found.id, found.sha) == (second, github.server.repository(REPO).branches["main"])
    assert publishing.find_release(REPO, "web-3") is None


def test_where_it_is_not_known_since_when_github_chooses(github: Pair) -> None:
    github.client.publishing.release(REPO, new(github, "web-1"))
    github.server.merge_pull_request(REPO, pull(github, "search"))

    second = github.client.publishing.release(REPO, new(github, "web-2", since="gone"))

    body = github.server.repository(REPO).releases[second].body or ""
    assert body.startswith("Live.\n\n## What's Changed\n* ")
    assert body.endswith("/compare/web-1...web-2")


def test_a_tag_has_one_release(github: Pair) -> None:
    github.client.publishing.release(REPO, new(github, "web-1"))

    with pytest.raises(Rejected, match="tag_name already_exists"):
        github.client.publishing.release(REPO, new(github, "web-1"))


# --- what the bot may ---------------------------------------------------------------------------------------------


def test_an_app_says_what_it_lacks_and_a_token_whether_it_may_write_at_all(github: Pair) -> None:
    app = by_an_app(github)
    github.server.accounts.apps["4001"].permissions["contents"] = "read"
    github.server.accounts.apps["4001"].permissions.pop("pull_requests")

    assert app.publishing.lacks(REPO, pull_requests=True, releases=True) == ["pull_requests: write", "contents: write"]
    assert app.publishing.lacks(REPO, pull_requests=False, releases=False) == []
    assert github.client.publishing.lacks(REPO, pull_requests=True, releases=True) == []
    github.server.set_permission(REPO, github.server.bot_login, "read")
    assert github.client.publishing.lacks(REPO, pull_requests=True, releases=True) == ["write access"]
