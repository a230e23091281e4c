"""Names from outside stay names in the text of comments and releases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.deployments.model import Actor, State
from bot.core.publications.markdown import LONGEST_NAME, Place, address, comment, marker, name, release_text
from tests.core.deployments.made import SHA, a_deployment, t

LIVE = a_deployment(state=State.SUCCEEDED, finished_at=t(minutes=4))
PAGE = Path(__file__).parents[3] / "docs" / "on-github.md"
BACK = replace(LIVE, id=2, by=Actor("alice"), finished_at=t(minutes=9))


def test_it_says_first_where_it_is_live_and_where_it_is_no_more() -> None:
    places = [Place(replace(LIVE, environment="staging")), Place(LIVE, BACK, "https://acme.example")]

    assert comment("shipmate", places).split("\n") == [
        "<!-- shipmate: what is deployed, by shipmate -->",
        "**Live in staging. Taken back from production.**",
        "",
        "| environment | commit | live since | by | |",
        "|---|---|---|---|---|",
        f"| ✅ staging | {SHA} | 2026-03-02 10:04 UTC | maria |  |",
        f"| ⏪ production | {SHA} | taken back by alice, 2026-03-02 10:09 UTC | maria | [open](https://acme.example) |",
    ]


def test_the_page_shows_a_comment_as_it_is() -> None:
    staging = Place(replace(LIVE, environment="staging"), url="https://staging.acme.example")

    body = comment("shipmate", [staging, Place(LIVE, BACK, "https://acme.example")])

    assert f"```\n{body.partition(chr(10))[2]}\n```\n" in PAGE.read_text(encoding="utf-8")


def test_a_login_is_said_before_a_name_and_somebody_where_nothing_is_left() -> None:
    logged = replace(LIVE, by=Actor("Mar | ia", login="maria-a"))
    nameless = replace(LIVE, by=Actor("@@@"))

    assert [comment("x", [Place(one)]).split(" | ")[-2] for one in (logged, nameless)] == ["maria-a", "somebody"]
    assert release_text(logged, None) == f"web is live in production with {SHA}, deployed by maria-a, {WHEN}."


WHEN = "2026-03-02 10:04 UTC"


@pytest.mark.parametrize(
    ("hostile", "plain"),
    [
        ("@acme/devs", "acmedevs"),
        ("a | b", "a b"),
        ("<img src=x onerror=y>", "img srcx onerrory"),
        ("-->", "--"),
        ("#12 and GH-12 and gh-7", "12 and GH 12 and gh 7"),
        ("www.evil.example", "www evil.example"),
        ("https://evil.example", "httpsevil.example"),
        ("[a](https://b) **c** `d` ~e~", "a(httpsb) c d e"),
        ("__init__", r"\_\_init\_\_"),
        ("a\r\n\n| b |\u2028c", "a b c"),
        ("Größe 漢字", "Größe 漢字"),
    ],
)
def test_a_name_calls_nobody_and_breaks_out_of_nothing(hostile: str, plain: str) -> None:
    assert name(hostile) == plain


@given(st.text(max_size=200))
def test_whatever_it_is_called_the_table_has_its_columns(text: str) -> None:
    deployment = replace(LIVE, app=text, environment=text, by=Actor(text))

    body = comment(text, [Place(deployment, deployment, text, with_app=True)])

    assert body.startswith(f"{marker(text)}\n")
    assert body.splitlines() == body.split("\n")
    assert body.count("|") == 18
    assert not set("@<>`") & set(body.removeprefix(marker(text)))
    assert len(name(text).replace("\\", "")) <= LONGEST_NAME
    assert not set("()|[]<> \n") & set(address(text))
