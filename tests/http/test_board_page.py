"""The board at ``/``: what stands on it, in which order, how large it is, and who sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.deployments.model import Actor, State, Waiting
from bot.core.freezes.model import Freeze
from bot.core.locks.model import Lock
from tests.http.boards import EVIL, HIDDEN, TWO_APPS, Boards, boards, size, tags

ALICE = Actor("alice", "U00000002")


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Boards]:
    with boards(tmp_path) as opened:
        yield opened


def minutes_ago(shown: Boards, minutes: float) -> str:
    """As a person reads it, by the clock of the settings."""
    return f"{shown.now - timedelta(minutes=minutes):%d %b %H:%M}"


def test_each_place_says_what_is_live_since_when_and_by_whom(shown: Boards) -> None:
    shown.add(shown.made(1, minutes_ago=90), shown.made(2, environment="staging", ref="topic", by=ALICE))

    page = shown.looks("/")

    assert page.status == 200
    assert page.text.splitlines()[2:] == [
        "What is where",
        "2 apps",
        "api",
        "production ▫️ nothing deployed yet",
        "web",
        f"staging ✅ topic@0000002 since {minutes_ago(shown, 10)} by alice",
        f"production ✅ main@0000001 since {minutes_ago(shown, 90)} by maria",
        "Kept up to date by itself . Without a script, times are those of UTC.",
    ]


def test_it_says_what_goes_on_what_failed_and_what_keeps_a_place(shown: Boards) -> None:
    running = shown.made(3, state=State.RUNNING, finished_at=None, usual_seconds=600.0, by=ALICE)
    waits = shown.made(4, state=State.WAITING, started_at=None, finished_at=None, waits_for=Waiting.CHECKS)
    wants = replace(
        shown.made(5), state=State.WAITING, waits_for=Waiting.APPROVAL, approvals_missing=2, finished_at=None
    )
    shown.add(
        shown.made(1, minutes_ago=60, environment="staging"),
        shown.made(2, minutes_ago=30, environment="staging", state=State.FAILED),
        replace(running, started_at=shown.now),
        waits,
        wants,
    )
    shown.holds(Lock("web", "production", ALICE, shown.now, reason="load test", until=shown.now + timedelta(hours=2)))
    shown.freezes(Freeze(0, "api", "production", Actor("dave"), "audit week", shown.now))

    lines = shown.looks("/").text.splitlines()

    assert "2 apps · 1 failing · 1 running · 2 waiting · 1 locked · 1 frozen" in lines
    [staging] = [line for line in lines if line.startswith("staging")]
    [production, api] = [line for line in lines if line.startswith("production")]
    assert staging.endswith(f"by maria ❌ #2 main@0000002 by maria failed {minutes_ago(shown, 30)}")
    assert production == (
        "production ▫️ nothing deployed yet "
        "🚀 #3 main@0000003 by alice is under way, 1 s of ~10 min "
        "⏳ #4 main@0000004 by maria waits for its checks "
        "🙋 #5 main@0000005 by maria needs 2 approvals "
        f"🔒 locked by alice: load test, until {minutes_ago(shown, -120)}"
    )
    assert api.endswith("🧊 closed until somebody lifts the freeze: audit week")


def test_it_says_how_far_behind_a_place_is_as_far_as_that_is_known(shown: Boards) -> None:
    merges = [shown.made(n, 60 - n, environment="staging", trigger="merge", merged_at=shown.now) for n in (1, 2, 3)]
    merges = [replace(one, merged_at=shown.now - timedelta(minutes=50 - one.id)) for one in merges]
    shown.add(*merges, shown.made(9, sha=merges[0].sha))

    page = shown.looks("/")

    assert "production ✅ main@0000001" in page.text
    assert page.text.count("2 behind main") == 1


def test_the_worst_comes_first_and_the_rest_by_name(tmp_path: Path) -> None:
    names = ["alpha", "beta", "gamma", "delta"]
    apps = "".join(f'[apps.{name}]\nrepository = "acme/{name}"\n[apps.{name}.environments.live]\n' for name in names)
    with boards(tmp_path, f'[slack]\nchannel = "#deploys"\n{apps}') as shown:
        shown.add(
            shown.made(1, app="gamma", environment="live", state=State.RUNNING, finished_at=None),
            shown.made(2, app="delta", environment="live", state=State.FAILED),
        )
        lines = shown.looks("/").text.splitlines()

    assert [line for line in lines if line in names] == ["delta", "gamma", "alpha", "beta"]


def test_a_closed_window_is_shown_as_a_freeze_is(tmp_path: Path) -> None:
    settings = TWO_APPS.replace(
        "[apps.api.environments.production]",
        '[apps.api.environments.production]\nwindows = [{deny = "* * * * *", for = "2m"}]',
    )
    with boards(tmp_path, settings) as shown:
        assert "🧊 closed, with no end in sight" in shown.looks("/").text


def test_links_lead_to_apps_and_deployments_and_those_with_a_key_may_follow_them(shown: Boards) -> None:
    shown.add(shown.made(1), shown.made(2, state=State.RUNNING, finished_at=None))

    by_key = shown.looks("/")
    signed_in = shown.asks("/", cookie=shown.session())

    assert signed_in.links("web") == ["/apps/web"]
    assert signed_in.links("main@0000001") == ["/deployments/request-1"]
    assert signed_in.links("#2") == ["/deployments/request-2"]
    [web] = by_key.links("web")
    assert web.startswith("/apps/web?key=")
    assert shown.asks(web).status == 200


def test_nobody_else_is_told_anything(shown: Boards) -> None:
    shown.add(shown.made(1, app="api", ref="top-secret"))
    expired = f"/?key={shown.key(days=-1)}"
    elsewhere = f"/?key={shown.key('/apps/web')}"

    for path in ("/", "/?key=", "/?key=nonsense", expired, elsewhere, "/?from=1"):
        answer = shown.asks(path)
        assert answer.status == 401
        assert not {"top-secret", "api", "web"} & set(answer.text.replace("@", " ").split())
    assert "has expired" in shown.asks(expired).text


def test_it_says_so_where_the_database_does_not_answer(shown: Boards) -> None:
    shown.store.database.engine.dispose()
    (Path(shown.store.database.engine.url.database or "")).unlink()

    answer = shown.looks("/")

    assert answer.status == 503
    assert answer.headers["retry-after"]


# --- size --------------------------------------------------------------------------------------------------------

PLACES = ("dev", "staging", "eu", "production")


def many(count: int, places: tuple[str, ...] = PLACES) -> str:
    apps = "".join(
        f'[apps.service-{n}]\nrepository = "acme/service-{n}"\n'
        + "".join(f"[apps.service-{n}.environments.{place}]\n" for place in places)
        for n in range(count)
    )
    return f'[slack]\nchannel = "#deploys"\n{apps}'


def fill(shown: Boards, count: int, **different: object) -> None:
    places = [(f"service-{n}", place) for n in range(count) for place in PLACES]
    request = "0f8fad5b-d9cb-469f-a165-{:012d}"
    rows = []
    for number, (app, place) in enumerate(places, 1):
        one = replace(shown.made(number, app=app, environment=place), request_id=request.format(number))
        rows.append(replace(one, **different))  # type: ignore[arg-type]
        if number % 8 == 0:
            two = shown.made(10_000 + number, app=app, environment=place, state=State.RUNNING, finished_at=None)
            rows.append(replace(two, request_id=request.format(10_000 + number)))
    shown.add(*rows)


@pytest.mark.parametrize("signed_in", [True, False])
def test_forty_five_apps_with_four_environments_each_are_one_page_under_50_kB(
    tmp_path: Path, *, signed_in: bool
) -> None:
    with boards(tmp_path, many(45)) as shown:
        fill(shown, 45)
        page = shown.asks("/", cookie=shown.session()) if signed_in else shown.looks("/")

    assert size(page) < 50_000
    assert page.html.count("<h2>") == 45
    assert len(re.findall(r"<li\b", page.html)) == 45 * 4


def test_where_names_are_as_long_as_can_be_there_are_fewer_on_a_page_and_all_are_on_some(tmp_path: Path) -> None:
    with boards(tmp_path, many(45)) as shown:
        fill(shown, 45, ref="&" * 250, by=Actor("<" * 250))
        seen: list[str] = []
        address = f"/?key={shown.key()}"
        while address:
            page = shown.asks(address)
            assert size(page) < 50_000
            seen += [line for line in page.text.splitlines() if line.startswith("service-")]
            address = next(iter(page.links("After →")), "")

    assert len(seen) == len(set(seen)) == 45


def test_of_more_apps_there_are_pages_to_turn(tmp_path: Path) -> None:
    with boards(tmp_path, many(50, ("production",))) as shown:
        first = shown.looks("/")
        second = shown.asks(first.links("After →")[0])
        back = shown.asks(second.links("← Before")[0])

    assert "Apps 1 to 45 of 50 After →" in first.text.replace("\n", " ")
    assert "Apps 46 to 50 of 50 ← Before" in second.text.replace("\n", " ")
    assert second.html.count("<h2>") == 5
    assert back.text == first.text


@pytest.mark.parametrize("odd", ["-1", "x", "9" * 30, "50", "%D9%A3", "1.5", "%00"])
def test_a_page_that_is_none_is_the_first(tmp_path: Path, odd: str) -> None:
    with boards(tmp_path, many(50, ("production",))) as shown:
        page = shown.looks(f"/?from={odd}")

    assert (page.status, page.html.count("<h2>")) == (200, 45)


# --- what others wrote -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("evil", EVIL)
def test_what_strangers_wrote_is_text(tmp_path: Path, evil: str) -> None:
    drawn = []
    for number, text in enumerate((evil, "harmless")):
        directory = tmp_path / str(number)
        directory.mkdir()
        with boards(directory) as shown:
            by = Actor(text)
            shown.add(
                shown.made(1, ref=text, by=by, request_id=text),
                shown.made(2, ref=text, by=by, state=State.RUNNING, finished_at=None, request_id=f"2{text}"),
                shown.made(3, ref=text, by=by, state=State.FAILED, request_id=f"3{text}", description=text),
            )
            shown.holds(Lock("web", "production", by, shown.now, reason=text))
            shown.freezes(Freeze(0, "web", "production", by, text, shown.now))
            drawn.append(shown.looks("/"))

    strange, plain = drawn
    assert (strange.status, plain.status) == (200, 200)
    assert tags(strange) == tags(plain)
    assert not HIDDEN.search(strange.html)
