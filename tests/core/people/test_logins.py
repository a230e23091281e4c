"""When two logins or addresses are the same, and which belong to nobody."""

from __future__ import annotations

import pytest

from bot.core.people.logins import in_lower_case, is_app, is_nobody, same_login

LOOK_ALIKES = [
    "bo\u017f\u017f",
    "\u212aim",
    "k\u0131m",
    "\u0130da",
    "\uff42\uff4f\uff42",
    "\u1d2e\u1d3c\u1d2e",
    "stra\u00dfe",
]
"""What folding, lower case or normal forms turn into other words: ſ, the Kelvin sign, ı, İ, full-width, ᴮᴼᴮ, ß."""
PLAIN = ["boss", "kim", "kim", "ida", "bob", "bob", "strasse"]


@pytest.mark.parametrize(("look_alike", "plain"), list(zip(LOOK_ALIKES, PLAIN, strict=True)))
def test_a_look_alike_is_somebody_else(look_alike: str, plain: str) -> None:
    compared = [
        in_lower_case(one) == in_lower_case(other)
        for one, other in ((look_alike, plain), (f"{look_alike}@example.com", f"{plain.upper()}@EXAMPLE.com"))
    ]

    assert compared == [False, False]
    assert not same_login(look_alike, plain)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("OctoCat", "octocat", True), ("octocat", "octo-cat", False), (None, "octocat", False), (None, None, False)],
)
def test_logins_are_the_same_in_any_case_and_only_where_both_are_known(
    one: str | None, other: str | None, *, same: bool
) -> None:
    assert same_login(one, other) is same


def test_apps_and_deleted_accounts_are_nobody() -> None:
    found = {login: (is_app(login), is_nobody(login)) for login in ("octocat", "deploy[bot]", "deploybot", "ghost")}

    assert found == {
        "octocat": (False, False),
        "deploy[bot]": (True, True),
        "deploybot": (False, False),
        "ghost": (False, True),
    }
