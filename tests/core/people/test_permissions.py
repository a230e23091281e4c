"""Who may do what: parties of the settings, and the permission that GitHub gives."""

from __future__ import annotations

import pytest

from bot.core.people.permissions import (
    Kind,
    Membership,
    Permission,
    Subject,
    by_parties,
    by_repository,
    is_named,
    kind_of,
    on_github,
    untold,
)
from bot.core.rich_text import plain

MARIA = Subject("maria", "octocat", "deploy to production")
NOBODY_KNOWN = Subject("maria", None, "deploy to production")
PARTIES = ("U012AB3CD", "@oncall", "acme/devs")


def read(permission: Permission) -> str:
    return plain(permission.line)


@pytest.mark.parametrize(
    ("party", "kind"),
    [
        ("U012AB3CD", Kind.PERSON),
        ("W012AB3CD", Kind.PERSON),
        ("S012AB3CD", Kind.GROUP),
        ("@oncall", Kind.GROUP),
        ("octocat", Kind.LOGIN),
        ("u012ab3cd", Kind.LOGIN),
        ("acme/devs", Kind.TEAM),
        ("U012AB3CD/devs", Kind.TEAM),
    ],
)
def test_a_party_is_known_by_how_it_is_written(party: str, kind: Kind) -> None:
    found = kind_of(party)

    assert found is kind
    assert on_github(party) == (kind in {Kind.LOGIN, Kind.TEAM})


def test_people_are_named_by_chat_id_or_by_login_in_any_case() -> None:
    named = [is_named(party, "U012AB3CD", "Octocat") for party in ("U012AB3CD", "octocat", "U99999999", "@octocat")]

    assert named == [True, True, False, False]


def test_nobody_is_named_by_a_login_that_is_not_known() -> None:
    named = is_named("octocat", "U012AB3CD", None)

    assert not named


def test_who_is_named_may_and_the_line_says_by_whom() -> None:
    permission = by_parties(MARIA, PARTIES, Membership(by="acme/devs"))

    assert permission
    assert read(permission) == "maria may deploy to production (acme/devs)"


def test_who_is_not_named_is_told_who_is() -> None:
    permission = by_parties(MARIA, PARTIES, Membership(), {"U012AB3CD": "carol"})

    assert not permission
    assert read(permission) == (
        "maria may not deploy to production: that is for carol, @oncall and acme/devs; ask one of them"
    )


def test_one_person_who_may_is_told_by_name_and_can_be_asked() -> None:
    permission = by_parties(MARIA, ("U012AB3CD",), Membership(), {"U012AB3CD": "carol"})

    assert read(permission) == "maria may not deploy to production: that is for carol; ask them"


def test_who_might_be_named_by_github_is_told_to_link() -> None:
    permission = by_parties(NOBODY_KNOWN, ("acme/devs",), Membership(needs_login=True))

    assert not permission
    assert read(permission) == (
        "maria may not deploy to production: that is for acme/devs. I do not know their GitHub login; "
        "tell me with link <your GitHub login>"
    )


def test_what_could_not_be_looked_into_is_told() -> None:
    permission = by_parties(MARIA, ("@gone",), Membership(problems=("Slack knows no user group @gone.",)))

    assert not permission
    assert read(permission) == (
        "maria may not deploy to production: that is for @gone. Slack knows no user group @gone"
    )


@pytest.mark.parametrize("level", ["write", "maintain", "admin"])
def test_write_permission_on_the_repository_is_enough(level: str) -> None:
    permission = by_repository(MARIA, "acme/web", level)

    assert permission
    assert read(permission) == f"maria may deploy to production ({level} permission on acme/web)"


@pytest.mark.parametrize(("level", "has"), [("read", "only read"), ("triage", "only triage"), ("none", "no")])
def test_less_than_write_permission_is_not_enough(level: str, has: str) -> None:
    permission = by_repository(MARIA, "acme/web", level)

    assert not permission
    assert read(permission) == (
        f"maria may not deploy to production: octocat has {has} permission on acme/web, and it takes write; "
        "its admins can give it"
    )


def test_without_a_login_where_github_decides_nobody_may() -> None:
    permission = by_repository(NOBODY_KNOWN, "acme/web", None)

    assert not permission
    assert read(permission) == (
        "maria may not deploy to production: write permission on acme/web decides, and I do not know their GitHub "
        "login; tell me with link <your GitHub login>"
    )


def test_without_a_way_to_link_the_settings_are_offered() -> None:
    permission = by_repository(Subject("maria", None, "deploy to production", can_link=False), "acme/web", None)

    assert read(permission).endswith("; whoever runs me can add it to [people] in settings.toml")


def test_what_github_does_not_tell_is_a_no() -> None:
    permission = untold(MARIA, "GITHUB_TOKEN lacks a permission on acme/web.")

    assert not permission
    assert read(permission) == (
        "maria may not deploy to production, because it cannot be told whether they may: "
        "GITHUB_TOKEN lacks a permission on acme/web"
    )
