"""The home view as Slack draws it: within its limits, whatever there is to be shown."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.slack.blocks.home import home
from bot.core.board import messages
from bot.core.board.model import PAGE, AppStanding, Board, Found, Look, Standing
from bot.core.deployments.model import Actor, State
from bot.core.home_view import Choice, HomeView, Row, Turn
from bot.core.locks.model import Lock
from bot.core.rich_text import Bold
from tests.core.deployments.made import T0, a_deployment
from tests.servers.slack.view_limits import problems_of

LONG = "x" * 5_000
ALL = Choice(Turn("All", "all:1"), (("Show", (Turn("All", "all:1"),)),))


def standing(app: str, environment: str) -> Standing:
    live = a_deployment(app=app, state=State.SUCCEEDED, ref=LONG, url=f"https://example.com/{LONG}", by=Actor(LONG))
    runs = a_deployment(id=2, app=app, state=State.RUNNING, ref=LONG, title=LONG, by=Actor(LONG))
    lock = Lock(app, environment, Actor(LONG), T0, LONG, T0)
    return Standing(app, environment, True, Found(live, True, 3, LONG), None, (runs,), (), lock)


def shown(count: int, name: str = "app", look: Look | None = None) -> dict[str, Any]:
    apps = (
        AppStanding(f"{name}{n}", tuple(standing(f"{name}{n}", one) for one in ("production", "staging")), "production")
        for n in range(count)
    )
    return home(messages.board(Board(tuple(apps), look or Look(), new=True)))


@pytest.mark.parametrize("count", [0, 1, 2, PAGE, PAGE + 1, 250])
def test_slack_takes_a_view_of_however_many_apps(count: int) -> None:
    view = shown(count)

    assert problems_of(view, "home") == []
    assert sum(block["type"] == "section" for block in view["blocks"]) == min(count, PAGE) + 1


@pytest.mark.parametrize("name", [LONG, "<!channel>", "a b", "ä\u202e\n"])
def test_slack_takes_a_view_of_whatever_they_are_called(name: str) -> None:
    assert problems_of(shown(3, name), "home") == []


def test_rows_that_do_not_fit_are_counted() -> None:
    rows = tuple(Row(((f"row {n}",),)) for n in range(200))

    view = home(HomeView(ALL, rows))

    assert problems_of(view, "home") == []
    assert view["blocks"][-1]["elements"][0]["text"] == "… (154 more rows)"


def test_what_others_have_written_is_text() -> None:
    view = home(HomeView(ALL, (Row(((Bold("web"), " <!channel> *bold*"),)),)))

    assert view["blocks"][-1]["text"]["text"] == "*web* &lt;!channel&gt; ∗bold*"


def test_the_menu_has_every_app_in_groups_of_a_hundred() -> None:
    [menu] = [one for one in shown(250)["blocks"][2]["elements"] if one["type"] == "static_select"]

    assert [len(group["options"]) for group in menu["option_groups"]] == [6, 100, 100, 50]
    assert menu["initial_option"]["value"] == "all:1"


def test_a_part_that_is_not_there_any_more_says_so() -> None:
    view = shown(2, look=Look("app:gone"))

    assert problems_of(view, "home") == []
    assert view["blocks"][-1]["elements"][0]["text"] == "That app is not here any more."
