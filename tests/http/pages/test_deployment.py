"""The page of a deployment: what stands on it, how large it is, and that nothing others wrote does anything there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.storage.output import FIRST_KEPT, LAST_KEPT
from bot.core.approvals.model import Approval
from bot.core.deployments.model import Actor, Changes, Shipped, State, StepRun, Steps, Waited, Waiting
from bot.http.pages.static import assets
from tests.http.door import signature
from tests.http.pages.site import PAGE, RUNNING, Pages, serving

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with serving(tmp_path) as made:
        yield made


def ago(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


def text_of(page: str) -> str:
    """What is read, a line for each."""
    main = page[page.index("<main") : page.index("</main>")]
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"<[^>]*>", "", main))


def test_the_page_tells_how_it_stands_who_what_and_how_it_got_there(pages: Pages) -> None:
    begun = RUNNING.created_at
    steps = Steps(4, (StepRun(1, "Build", begun, begun + ago(2)), StepRun(2, "Migrate", begun + ago(2))))
    shipped = (Shipped("Orders", "carol", "https://github.com/acme/web/pull/9", 9),)
    one = pages.add(
        steps=steps,
        changes=Changes(base="f" * 40, shipped=shipped, ahead=1),
        waited=(
            Waited(Waiting.CHECKS, begun, begun + ago(1), failed=True),
            Waited(Waiting.APPROVAL, begun, begun + ago(3)),
        ),
        approved_by=(Actor("bob"),),
        forced=("e2e is pending",),
        force=True,
    )
    with pages.door.kept.decisions.open("a", "test") as decision:
        decision.begin("web", "production").approvals.give(Approval(one.id, Actor("bob", "U2"), begun + ago(3)))

    text = text_of(pages.gets(pages.with_key()).text)

    for said in (
        "web → production step 2 of 4",
        "maria is deploying main@1a2b3c4 of web to production.",
        "Build is done",
        "Migrate goes on",
        "#9 Orders · carol",
        "✅ all green after 1 min",
        "✅ approved after 3 min",
        "👍 approved by bob, ",
        "⚠️ past by force: e2e is pending",
        "Nothing has been written yet.",
    ):
        assert said in text


def test_what_it_is_related_to_is_linked_only_for_those_who_may_see_it(pages: Pages) -> None:
    first = pages.add(state=State.FAILED, finished_at=RUNNING.created_at)
    pages.add(request_id="r-2", retry_of=first.id)

    of_one = pages.gets(pages.with_key("/deployments/r-2")).text
    of_all = pages.gets(f"/deployments/r-2?key={pages.key('/')}").text

    assert "Retry of" in of_one
    assert "/deployments/r-1" not in of_one
    assert 'href="/deployments/r-1?key=' in of_all


def test_nothing_that_others_wrote_does_anything(pages: Pages) -> None:
    one = pages.add(
        ref=EVIL,
        title=EVIL,
        by=Actor(EVIL),
        description=EVIL,
        reason=EVIL,
        params=((EVIL, EVIL),),
        force=True,
        force_reason=EVIL,
        forced=(EVIL,),
        url="javascript:alert(1)",
        log_url="javascript:alert(2)",
        environment_url="data:text/html,x",
        changes=Changes(
            shipped=(Shipped(EVIL, EVIL, "javascript:alert(3)", 1), Shipped(EVIL, EVIL, EVIL, 2)), url="javascript:4"
        ),
        steps=Steps(2, (StepRun(1, EVIL, RUNNING.created_at), StepRun(2, EVIL, RUNNING.created_at))),
    )
    pages.writes(one, EVIL, f"\x1b[31m{EVIL}\x1b[0m", '\x1b[38;5;1;" onclick=alert(1)m', "a\u202eb")

    page = pages.gets(pages.with_key()).text

    ours = {f"/static/{name}" for name in assets()}
    assert {*re.findall(r"<script[^>]*src=\"([^\"]*)\"", page)} <= ours
    assert len(re.findall(r"<script", page)) == 2
    assert "<img" not in page
    assert not re.search(r"<[^>]*\son\w+=", page)
    assert not re.search(r"(?:href|src)=\"?(?:javascript|data:text)", page)
    assert "style=" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_output_has_colours_and_a_link_for_each_line(pages: Pages) -> None:
    pages.writes(pages.add(), "plain & simple", "\x1b[1;32mok\x1b[0m done")

    page = pages.gets(pages.with_key()).text

    assert '<div id="L1"><a href="#L1">1</a>plain &amp; simple</div>' in page
    assert '<div id="L2"><a href="#L2">2</a><span class="bold f2">ok</span> done</div>' in page


@pytest.mark.parametrize(
    ("days", "said"),
    [(15, "Output is kept for 14 days, so there is none left."), (13, "Nothing was written, as far as the bot knows.")],
)
def test_of_what_ended_long_ago_it_says_that_no_output_is_left(pages: Pages, days: int, said: str) -> None:
    ended = pages.site.clock.now() - timedelta(days=days)
    pages.add(state=State.FAILED, finished_at=ended)

    assert said in text_of(pages.gets(pages.with_key()).text)


def test_the_newest_lines_are_shown_and_all_others_are_behind_links(pages: Pages) -> None:
    pages.writes(pages.add(), *(f"line {n}" for n in range(1, 501)))

    newest = pages.gets(pages.with_key()).text
    there = re.search(r'href="([^"]*from=(\d+)[^"]*)#L\d+">Earlier lines', newest)
    assert there
    earlier = pages.gets(there[1].replace("&amp;", "&")).text

    assert shown(newest) == [*range(301, 501)]
    assert shown(earlier) == [*range(101, 301)]
    assert "data-stream" in newest
    assert "data-stream" not in earlier
    assert "Later lines" in earlier


def shown(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<div id="L(\d+)">', page)]


def test_one_can_read_back_over_what_was_left_out(pages: Pages) -> None:
    one = pages.add()
    total = FIRST_KEPT + LAST_KEPT + 500
    pages.door.kept.output.write(one.id, 0, ["x"] * total)
    address, seen = pages.with_key(f"{PAGE}?from={FIRST_KEPT + 600}"), []

    for _ in range(4):
        page = pages.gets(address).text
        seen += [shown(page)[0]]
        there = re.search(r'href="([^"]*from=[^"]*)#L\d+">Earlier lines', page)
        assert there
        address = there[1].replace("&amp;", "&")

    assert seen == sorted(seen, reverse=True)
    assert seen[-1] < FIRST_KEPT
    assert "500 lines left out" in pages.gets(pages.with_key(f"{PAGE}/output.txt", PAGE)).text


@pytest.mark.parametrize("wanted", ["0", "-1", "x", "", "99999999", "9" * 30, "1.5", "%00", "%D9%A1"])
def test_a_line_that_cannot_be_is_no_trouble(pages: Pages, wanted: str) -> None:
    pages.writes(pages.add(), "one")

    assert pages.gets(pages.with_key(f"{PAGE}?from={wanted}")).status == 200


@pytest.mark.parametrize("character", ["x", "<", "\u2713", "\U0001f680"])
def test_a_page_is_under_50_kb_with_all_that_it_loads(pages: Pages, character: str) -> None:
    long = character * 2_000
    many = tuple(Shipped(long, long[:50], f"https://github.com/acme/web/pull/{n}", n) for n in range(400))
    one = pages.add(
        title=long,
        reason=long[:1000],
        changes=Changes(shipped=many, ahead=900, more=100, migrations=(long[:200],) * 9),
        steps=Steps(50, tuple(StepRun(n, long[:100], RUNNING.created_at) for n in range(1, 51))),
        forced=tuple(long[:200] for _ in range(8)),
        force=True,
    )
    pages.writes(one, *[long] * 300)

    size = len(pages.gets(pages.with_key()).text.encode()) + sum(map(len, assets().values()))

    assert size < 50_000


def test_the_file_has_everything_without_colours(pages: Pages) -> None:
    one = pages.add(environment='production/../x"\r\ny')
    pages.writes(one, *(f"\x1b[31mline {n}\x1b[0m" for n in range(1_200)))

    answer = pages.gets(pages.with_key(f"{PAGE}/output.txt", PAGE))

    assert answer.text == "".join(f"line {n}\n" for n in range(1_200))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="web-production-..-x-y-1.txt"'


def test_without_scripts_the_page_comes_again_while_it_runs(pages: Pages) -> None:
    one = pages.add()
    running = pages.gets(pages.with_key()).text
    pages.save(one, state=State.SUCCEEDED, finished_at=one.created_at)
    ended = pages.gets(pages.with_key()).text

    assert '<noscript><meta http-equiv="refresh" content="15"></noscript>' in running
    assert "refresh" not in ended


@pytest.mark.parametrize("state", list(State))
def test_every_state_can_be_shown(pages: Pages, state: State) -> None:
    waits = {"waits_for": Waiting.QUEUE, "waits_since": RUNNING.created_at} if state is State.WAITING else {}
    pages.add(
        replace(RUNNING, started_at=None), state=state, waited=(Waited(Waiting.QUEUE, RUNNING.created_at),), **waits
    )

    assert pages.gets(pages.with_key()).status == 200


def test_whoever_has_a_link_is_told_that_there_is_no_such_deployment(pages: Pages) -> None:
    answer = pages.gets(pages.with_key("/deployments/nowhere"))

    assert (answer.status, "There is no such deployment here." in answer.text) == (404, True)


def test_below_an_address_of_its_own_all_links_begin_with_it(tmp_path: Path) -> None:
    from tests.http.pages.site import settings

    with serving(tmp_path, settings(BASE_URL="https://example.com/ops/")) as pages:
        pages.writes(pages.add(), "one")

        page = pages.gets(pages.with_key()).text

        assert 'href="/ops/static/pages.' in page
        assert 'href="/ops/deployments/r-1/output.txt?key=' in page


def test_a_slash_too_many_leads_to_the_page_and_to_no_other_site(tmp_path: Path) -> None:
    from tests.http.pages.site import settings

    with serving(tmp_path, settings(BASE_URL="https://example.com/ops")) as pages:
        address = pages.with_key()

        sent = pages.gets(address.replace("?", "/?"), Host="evil.example")
        unknown = pages.gets("//evil.example/", Host="evil.example")

        assert (sent.status, sent.headers["location"]) == (307, f"/ops{address}")
        assert (unknown.status, "location" in unknown.headers) == (404, False)


@pytest.mark.parametrize("before", ["", "/ops"])
def test_a_proxy_in_front_may_leave_its_address_before_the_path_or_take_it_off(tmp_path: Path, before: str) -> None:
    from tests.http.pages.site import settings

    with serving(tmp_path, settings(BASE_URL="https://example.com/ops/")) as pages:
        pages.writes(pages.add(), "one")
        large = b'{"zen": "' + b"x" * 100_000 + b'"}'
        signed = {"X-GitHub-Event": "ping", "X-GitHub-Delivery": "d1", "X-Hub-Signature-256": signature(large)}

        assert pages.gets(before + pages.with_key()).status == 200
        assert pages.gets(f"{before}{pages.with_key()}".replace("?", "/output.txt?")).text == "one\n"
        assert pages.gets(f"{before}/healthz").text == "ok\n"
        assert pages.gets(f"{before or '/'}").status == 401
        assert pages.door.asks("POST", f"{before}/github/webhook", large, signed)[0] == 202
        assert pages.gets("/opsx/healthz").status == 404
