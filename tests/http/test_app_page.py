"""The page of an app: its history with filters, page by page, its figures, and sentences for what cannot be meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.adapters.storage.history import LOOKED_AT
from bot.core.deployments.model import Actor, Changes, Shipped, State
from tests.http.boards import EVIL, HIDDEN, TWO_APPS, Boards, Shown, boards, size, tags

CAROL = Actor("Carol D.", "U00000003", "carol-d")


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Boards]:
    with boards(tmp_path) as opened:
        yield opened


def listed(page: Shown) -> list[int]:
    """The numbers of the deployments in the history."""
    _, _, after = page.html.partition('<ol class="history">')
    return [int(number) for number in re.findall(r">#(\d+)</a></span>", after.partition("</ol>")[0])]


# --- history -----------------------------------------------------------------------------------------------------


def test_the_history_has_the_newest_first_with_how_each_went_and_a_link_to_it(shown: Boards) -> None:
    shown.add(
        shown.made(1, minutes_ago=90),
        shown.made(2, state=State.FAILED, by=CAROL, description="exit code 1", environment="staging"),
        shown.made(3, trigger="rollback", rollback_of=1, task="deploy"),
        shown.made(4, state=State.SUPERSEDED, description="Part of #5."),
        shown.made(5, app="api"),
        shown.made(6, task="migrate", hosts="fe"),
    )

    page = shown.looks("/apps/web")

    assert page.status == 200
    when = f"{shown.now - timedelta(minutes=14):%d %b %H:%M}"
    assert [line for line in page.text.splitlines() if line.startswith("#")] == [
        f"#6 ✅ succeeded production/fe migrate main@0000006 · maria · {when} · 4 min",
        f"#4 ⏭️ part of a later one production main@0000004 · maria · {when}",
        f"#3 ⏪ rolled back production main@0000003 · maria · {when} · 4 min",
        f"#2 ❌ failed staging main@0000002 · Carol D. · {when} · 4 min exit code 1",
        f"#1 ✅ succeeded production main@0000001 · maria · {shown.now - timedelta(minutes=94):%d %b %H:%M} · 4 min",
    ]
    assert shown.asks("/apps/web", cookie=shown.session()).links("#4") == ["/deployments/request-4"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("environment=staging", [4, 2]),
        ("environment=qa", [4, 2]),
        ("state=failed", [3, 2]),
        ("person=carol%20d.", [3]),
        ("person=%40carol-d&environment=production", [3]),
        ("ref=feature%2Fx", [4]),
        ("ref=0000002", [2]),
        ("before=3", [2, 1]),
        ("environment=&state=&person=&ref=", [4, 3, 2, 1]),
        ("environment=staging&state=failed&ref=main&person=maria&before=3", [2]),
    ],
)
def test_filters_leave_what_they_say(shown: Boards, query: str, found: list[int]) -> None:
    shown.add(
        shown.made(1),
        shown.made(2, state=State.FAILED, environment="staging"),
        shown.made(3, state=State.FAILED, by=CAROL),
        shown.made(4, environment="staging", ref="feature/x"),
    )

    assert listed(shown.looks(f"/apps/web?{query}")) == found


def test_the_form_shows_what_was_understood_and_keeps_the_key(shown: Boards) -> None:
    shown.add(shown.made(1, environment="staging"))
    address = "/apps/web?environment=qa&state=Timed+out&person=maria&ref=main"
    page = shown.looks(address)

    assert "<option selected>staging</option>" in page.html
    assert '<option value="timed_out" selected>timed out</option>' in page.html
    assert 'name="person" value="maria"' in page.html
    assert 'name="ref" value="main"' in page.html
    assert f'<input type="hidden" name="key" value="{shown.key()}">' in page.html
    assert 'name="key"' not in shown.asks(address, cookie=shown.session()).html
    assert "Nothing of web fits these filters." in page.text
    [all_] = page.links("Show all")
    assert listed(shown.asks(all_.partition("#")[0])) == [1]


def test_fifty_are_on_a_page_and_filters_are_kept_from_page_to_page(shown: Boards) -> None:
    shown.add(*(shown.made(n, environment="staging" if n % 2 else "production") for n in range(1, 122)))

    page = shown.looks("/apps/web?environment=staging")
    seen = [listed(page)]
    while older := page.links("Older →"):
        page = shown.asks(older[0].partition("#")[0])
        seen.append(listed(page))

    assert [len(one) for one in seen] == [50, 11]
    assert [number for one in seen for number in one] == list(range(121, 0, -2))
    assert "before=23" in older_address(shown)
    [newest] = page.links("← Newest")
    assert listed(shown.asks(newest.partition("#")[0])) == seen[0]


def older_address(shown: Boards) -> str:
    return shown.looks("/apps/web?environment=staging").links("Older →")[0]


def test_a_search_through_very_many_says_where_it_has_ended(shown: Boards) -> None:
    rare = shown.made(1, state=State.ERROR)
    shown.add(rare, *(shown.made(n) for n in range(2, LOOKED_AT + 2)))

    first = shown.looks("/apps/web?state=error")
    then = shown.asks(first.links("Older →")[0].partition("#")[0])

    assert "Among the deployments that were looked through there is none; there are older ones." in first.text
    assert (listed(first), listed(then)) == ([], [1])


def test_an_app_without_deployments_says_so(shown: Boards) -> None:
    assert "Nothing of api was deployed yet." in shown.looks("/apps/api").text


# --- what cannot be meant ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("environment=prodcution", "web has no environment called “prodcution”. Did you mean production?"),
        ("environment=%3Cb%3E", "web has no environment called “<b>”. It has staging and production."),
        ("state=live", "There is no state “live”. The states are requested, waiting, "),
        ("before=x", "“x” is no number of a deployment: before=120 shows what came before #120."),
        ("before=" + "9" * 30, "is no number of a deployment"),
        ("ref=a%00b", "The ref is too long, or has something in it that cannot be typed."),
        ("person=" + "x" * 300, "The person is too long, or has something in it that cannot be typed."),
    ],
)
def test_a_wrong_filter_is_answered_with_a_sentence(shown: Boards, query: str, said: str) -> None:
    shown.add(shown.made(1))
    page = shown.looks(f"/apps/web?{query}")

    assert page.status == 400
    assert said in page.text
    assert listed(page) == []
    assert "Show" in page.text.splitlines()


def test_an_environment_that_is_gone_may_still_be_looked_for(shown: Boards) -> None:
    shown.add(shown.made(1, environment="old"), shown.made(2))

    page = shown.looks("/apps/web?environment=old")

    assert (page.status, listed(page)) == (200, [1])
    assert "<option selected>old</option>" in page.html


def test_an_app_that_is_not_there_is_not_found_and_only_who_may_know_them_hears_of_others(shown: Boards) -> None:
    all_ = shown.looks("/apps/wbe")
    one = shown.looks("/apps/wbe", scope="/apps/wbe")

    assert (all_.status, one.status) == (404, 404)
    assert "There is no app called “wbe”. There are web and api." in all_.text
    assert one.text.endswith("There is no app called “wbe”.")


# --- readers -----------------------------------------------------------------------------------------------------


def test_with_a_key_for_the_app_alone_its_deployments_may_be_looked_at_and_nothing_else(shown: Boards) -> None:
    shown.add(shown.made(1))

    page = shown.looks("/apps/web", scope="/apps/web")

    [live, number] = page.links("main@0000001") + page.links("#1")
    assert live == number
    key = live.partition("?key=")[2]
    assert key
    assert shown.asks(f"/apps/api?key={key}").status == 401
    assert shown.asks(f"/?key={shown.key('/apps/web')}").status == 401
    assert shown.asks(f"/apps/api?key={shown.key('/apps/web')}").status == 401
    assert shown.asks(f"/apps/website?key={shown.key('/apps/web')}").status == 401


def test_nobody_else_is_told_anything(shown: Boards) -> None:
    shown.add(shown.made(1, ref="top-secret"))

    for path in ("/apps/web", "/apps/web?environment=nope", "/apps/nope", f"/apps/web?key={shown.key(days=-1)}"):
        answer = shown.asks(path)
        assert answer.status == 401
        assert "top-secret" not in answer.html
        assert "web" not in answer.text.split()


# --- figures -----------------------------------------------------------------------------------------------------


def shipped(number: int, before_end: timedelta, shown: Boards) -> Changes:
    at = shown.now - timedelta(minutes=10) - before_end
    return Changes(shipped=(Shipped("Add", "bob", "https://x.example", number=number, at=at),))


def test_the_figures_of_twelve_weeks_are_charts_and_a_table(shown: Boards) -> None:
    shown.add(
        shown.made(1, changes=shipped(1, timedelta(hours=3), shown)),
        shown.made(2, minutes_ago=9, state=State.FAILED),
        shown.made(3, minutes_ago=8, environment="staging"),
        shown.made(4, minutes_ago=5),
    )

    page = shown.looks("/apps/web")

    assert "Delivery figures of production, the last 12 weeks" in page.text
    table = page.html.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [
        [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in table.split("</tr>")
    ]
    monday = (shown.now - timedelta(days=shown.now.weekday())).date()
    assert rows[0] == [f"{monday.day} {monday:%b}, so far", "2", "3 h", "33 %", "4 min"]
    assert rows[1][1:] == ["0", "–", "–", "–"]
    assert len([row for row in rows if row]) == 12
    labels = re.findall(r'<svg [^>]*role="img" aria-label="([^"]*)"', page.html)
    assert labels[0] == "Deployments: 2 in the week of 2 Mar."
    assert len(labels) == 4


def test_another_environment_has_its_figures_where_it_is_chosen(shown: Boards) -> None:
    shown.add(shown.made(1, environment="staging"))

    page = shown.looks("/apps/web?environment=staging")

    assert "Delivery figures of staging, the last 12 weeks" in page.text
    assert "Delivery figures of production" not in page.text


def test_where_nothing_counts_as_production_it_says_how_to_see_figures(tmp_path: Path) -> None:
    settings = TWO_APPS.replace("[apps.web.environments.production]", "[apps.web.environments.demo]")
    with boards(tmp_path, settings) as shown:
        page = shown.looks("/apps/web")

    assert "No environment of web counts as production. Choose one below to see its figures." in page.text


# --- size, and what others wrote ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["feature/checkout", "&" * 250])
def test_a_page_is_under_50_kB_whatever_is_on_it_and_nothing_is_left_out(shown: Boards, name: str) -> None:
    by = Actor(name)
    shown.add(
        *(
            replace(
                shown.made(n, minutes_ago=n * 60 * 12, ref=name, by=by, state=State.FAILED, description=name),
                request_id=f"0f8fad5b-d9cb-469f-a165-{n:012d}",
            )
            for n in range(1, 121)
        )
    )
    seen: list[int] = []
    page = shown.looks("/apps/web", scope="/apps/web")
    while True:
        assert page.status == 200
        assert size(page) < 50_000
        seen += listed(page)
        if not (older := page.links("Older →")):
            break
        page = shown.asks(older[0].partition("#")[0])

    assert seen == list(range(120, 0, -1))


@pytest.mark.parametrize("evil", EVIL)
def test_what_strangers_wrote_is_text(tmp_path: Path, evil: str) -> None:
    drawn = []
    for number, text in enumerate((evil, "harmless")):
        directory = tmp_path / str(number)
        directory.mkdir()
        with boards(directory) as shown:
            one = shown.made(1, ref=text, by=Actor(text), state=State.FAILED, description=text, request_id=text)
            shown.add(one, replace(one, id=2, request_id=f"2{text}", task=text, hosts=text))
            drawn.append(shown.looks("/apps/web"))

    strange, plain = drawn
    assert (strange.status, plain.status) == (200, 200)
    assert tags(strange) == tags(plain)
    assert not HIDDEN.search(strange.html)


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("name", ["environment", "state", "person", "ref", "before"])
def test_what_an_address_asks_for_is_text(shown: Boards, name: str, evil: str) -> None:
    strange = shown.looks(f"/apps/web?{name}={quote(evil)}")
    status = 200 if name in {"person", "ref"} and evil.isprintable() else 400

    assert strange.status == status
    assert "<img" not in strange.html
    assert "<style" not in strange.html
    assert "<script>" not in strange.html
    assert "alert(1)'" not in strange.html
    assert "set-cookie" not in strange.headers
