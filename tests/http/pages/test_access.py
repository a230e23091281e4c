"""Who may see a page: whoever has a key for it that is good, and nobody else; and nothing of it is shown to others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from string import ascii_letters, digits

import pytest

from bot.adapters.signing import Signatures
from bot.http.pages import drawing
from bot.http.pages.static import assets
from bot.http.server import signatures
from tests.http.pages.site import PAGE, Pages, serving, settings

SECRETS = ("maria", "1a2b3c4", "acme/web", "production")


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with serving(tmp_path) as made:
        made.writes(made.add(), "one line")
        yield made


def test_a_signed_link_shows_the_page_and_all_below_it(pages: Pages) -> None:
    key = pages.key()

    assert pages.gets(f"{PAGE}?key={key}").status == 200
    assert pages.gets(f"{PAGE}/output.txt?key={key}").text == "one line\n"


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/output", f"{PAGE}/output.txt", "/deployments/nothing", f"{PAGE}/x"])
@pytest.mark.parametrize(
    "key", ["", "?key=", "?key=0.0", "?key=ffffffff." + "A" * 43, "?key=%00%ff", "?key=" + "a" * 9000]
)
def test_without_a_key_nothing_is_shown(pages: Pages, path: str, key: str) -> None:
    answer = pages.gets(f"{path}{key}")

    assert answer.status in (401, 404)
    assert not any(secret in answer.text for secret in SECRETS)
    assert answer.status == 401 or path == f"{PAGE}/x"  # there is no such address at all


def test_a_stranger_does_not_learn_which_deployments_there_are(pages: Pages) -> None:
    there, not_there = pages.gets(PAGE), pages.gets("/deployments/r-2")

    assert (there.status, there.text) == (not_there.status, not_there.text)


def test_the_key_of_another_page_opens_nothing(pages: Pages) -> None:
    pages.add(request_id="r-2", environment="staging")

    assert pages.gets(f"{PAGE}?key={pages.key('/deployments/r-2')}").status == 401
    assert pages.gets(f"{PAGE}?key={pages.key('/deployments/r-')}").status == 401
    assert pages.gets(f"{PAGE}?key={pages.key(PAGE + '/output')}").status == 401
    assert pages.gets(f"{PAGE}?key={pages.key('/')}").status == 200


def test_a_key_cannot_be_made_to_last_longer(pages: Pages) -> None:
    until, _, signature = pages.key().partition(".")

    later = f"{int(until, 16) + 1:x}.{signature}"

    assert pages.gets(f"{PAGE}?key={later}").status == 401


def test_an_expired_link_says_so_and_what_to_do(pages: Pages) -> None:
    answer = pages.gets(f"{PAGE}?key={pages.key(days=-1)}")

    assert answer.status == 401
    assert "has expired" in answer.text
    assert "Ask shipmate in Slack again" in answer.text
    assert not any(secret in answer.text for secret in SECRETS)


@pytest.mark.parametrize("path", [PAGE, "/deployments/none", f"{PAGE}/output.txt", f"{PAGE}/output"])
@pytest.mark.parametrize("known", [True, False])
def test_every_answer_has_the_headers_that_guard_it(pages: Pages, path: str, *, known: bool) -> None:
    answer = pages.gets(pages.with_key(path) if known else path, method="HEAD")

    assert {name: answer.headers.get(name.lower()) for name in drawing.HEADERS} == drawing.HEADERS
    assert "unsafe" not in answer.headers["content-security-policy"]


def test_styles_and_scripts_are_kept_by_browsers_and_change_their_address_with_what_is_in_them(pages: Pages) -> None:
    for name in assets():
        answer = pages.gets(f"/static/{name}")
        assert answer.status == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert pages.gets("/static/pages.css").status == 404
    assert pages.gets("/static/..%2f..%2fsite.py").status == 404


def test_two_secrets_hold_while_one_takes_the_place_of_the_other() -> None:
    old, both, new = Signatures(lambda: ["old"]), Signatures(lambda: ["new", "old"]), Signatures(lambda: ["new"])
    until = drawing.datetime.now(drawing.UTC)

    assert both.opens(old.key("/x", until), "/x")
    assert new.opens(both.key("/x", until), "/x")
    assert new.opens(old.key("/x", until), "/x") is None


def test_all_processes_make_the_same_links_where_no_secret_is_set(pages: Pages) -> None:
    first, second = (signatures(settings(), pages.door.kept) for _ in range(2))
    until = pages.site.clock.now()

    assert first.key("/x", until) == second.key("/x", until) == pages.site.signatures.key("/x", until)
    assert first.key("/x", until) != signatures(settings(SECRET_KEY="other-secret"), pages.door.kept).key("/x", until)


def ended_otherwise(signed: str) -> list[str]:
    """It with each other last letter, of which some stand for the same bytes."""
    return [f"{signed[:-1]}{letter}" for letter in f"{ascii_letters}{digits}-_" if letter != signed[-1]]


def test_a_key_with_another_last_letter_opens_nothing() -> None:
    signs = Signatures(lambda: ["secret"])
    now = drawing.datetime.now(drawing.UTC)

    for path in ("/", "/apps/web", "/deployments/ab12"):
        key = signs.key(path, now)
        assert signs.opens(key, path)
        assert not any(signs.opens(other, path) for other in ended_otherwise(key))


def test_a_token_is_good_for_its_purpose_alone() -> None:
    signs = Signatures(lambda: ["secret"])
    now = drawing.datetime.now(drawing.UTC)
    token = signs.token("one", {"person": "U1"}, now.replace(year=now.year + 1))

    assert signs.read("one", token, now) == {"person": "U1"}
    assert signs.read("two", token, now) is None
    assert not any(signs.read("one", other, now) for other in ended_otherwise(token))
    assert signs.read("one", token, now.replace(year=now.year + 2)) is None
    assert signs.read("one", "x" * 5000, now) is None


def test_webhooks_are_taken_while_more_pages_are_wanted_than_can_be_drawn(pages: Pages) -> None:
    from bot.http.pages.desk import WAITING

    pages.site._desk._there = WAITING + 1  # everybody's turn is taken

    answer = pages.gets(pages.with_key())

    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert pages.door.posts(b"{}" + b" " * 10)[0] == 202
