"""People, channels and user groups, as Slack shows them and as they are remembered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.slack.chat import Slack
from bot.core.errors import NotThere, Unavailable
from bot.core.ports.chat import Person
from tests.servers.slack.server import SlackServer


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 6, 17, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with SlackServer() as server:
        yield server


@pytest.fixture
def clock() -> Watch:
    return Watch()


@pytest.fixture
def slack(server: SlackServer, clock: Watch) -> Slack:
    return Slack(server.bot_token, api_url=server.api_url, clock=clock, timeout=5)


def test_a_person_has_a_name_a_zone_and_an_address(server: SlackServer, slack: Slack) -> None:
    maria = server.add_user("maria", tz="Europe/Berlin", email="maria@example.com")

    person = slack.person(maria.id)

    assert person == Person(maria.id, "maria", timezone="Europe/Berlin", email="maria@example.com")


def test_people_are_asked_for_again_after_ten_minutes(server: SlackServer, slack: Slack, clock: Watch) -> None:
    maria = server.add_user("maria")
    slack.person(maria.id)
    maria.name = "mary"

    soon = slack.person(maria.id).name
    clock.moment += timedelta(minutes=10)
    later = slack.person(maria.id).name

    assert (soon, later) == ("maria", "mary")
    assert len(server.calls("users.info")) == 2


def test_bots_and_people_from_elsewhere_are_told_apart(server: SlackServer, slack: Slack) -> None:
    ci = server.add_user("ci", is_bot=True)
    guest = server.add_user("guest", team="T0OTHER")
    stranger = server.add_user("stranger", is_stranger=True)

    seen = [slack.person(one.id) for one in (ci, guest, stranger)]

    assert [(one.name, one.bot, one.foreign) for one in seen] == [
        ("ci", True, False),
        ("guest", False, True),
        ("stranger", False, True),
    ]


def test_nobody_is_not_there(slack: Slack) -> None:
    with pytest.raises(NotThere) as nobody:
        slack.person("U09999999")

    assert str(nobody.value) == "Slack knows no such person."


def test_channels_are_found_by_name_and_by_id(server: SlackServer, slack: Slack) -> None:
    for number in range(250):
        server.add_channel(f"other-{number}")
    web = server.add_channel("web")
    ops = server.add_channel("ops", private=True)
    server.add_channel("old", archived=True)

    ids = [slack.channel_id(name) for name in ("#web", "ops", web.id, "#old", "#nowhere")]

    assert ids == [web.id, ops.id, web.id, None, None]
    assert slack.channel_names(web.id) == {web.id, "#web", "web"}
    assert slack.channel_names("D00000099") == {"D00000099"}
    assert len(server.calls("conversations.list")) == 2


def test_a_new_channel_is_seen_after_a_minute(server: SlackServer, slack: Slack, clock: Watch) -> None:
    slack.channel_id("#web")
    web = server.add_channel("web")

    soon = slack.channel_id("#web")
    clock.moment += timedelta(minutes=1)
    later = slack.channel_id("#web")

    assert (soon, later) == (None, web.id)


def test_members_of_a_user_group_are_known_by_its_handle(server: SlackServer, slack: Slack) -> None:
    maria = server.add_user("maria")
    server.add_group("deployers", ["maria"])

    members = slack.group_members("@deployers")

    assert members == {maria.id}
    with pytest.raises(NotThere, match="Slack knows no user group @nobody"):
        slack.group_members("@nobody")


def test_a_user_group_is_known_by_its_handle_and_by_its_id(server: SlackServer, slack: Slack, clock: Watch) -> None:
    group = server.add_group("deployers", [])

    ids = [slack.group_id(name) for name in ("@deployers", "deployers", group, "@nobody")]
    name = slack.group_name(group)
    once = len(server.calls("usergroups.list"))
    clock.moment += timedelta(minutes=10)
    slack.group_name(group)

    assert ids == [group, group, group, None]
    assert name == "deployers"
    assert (once, len(server.calls("usergroups.list"))) == (1, 2)


def test_a_person_is_found_by_a_confirmed_address(server: SlackServer, slack: Slack) -> None:
    maria = server.add_user("maria", email="Maria@example.com")
    server.add_user("invited", email="invited@example.com").confirmed = False
    server.add_user("gone", email="gone@example.com").deleted = True

    found = [slack.person_by_email(f"{name}@example.com") for name in ("maria", "invited", "gone", "nobody")]

    assert [one and one.id for one in found] == [maria.id, None, None, None]


def test_slack_may_ask_to_look_for_addresses_more_slowly(server: SlackServer, slack: Slack) -> None:
    server.fail_next("users.lookupByEmail", "ratelimited", headers={"Retry-After": "7"})

    with pytest.raises(Unavailable) as busy:
        slack.person_by_email("maria@example.com")

    assert busy.value.retry_after == 7


def test_without_the_scope_nobody_is_found(server: SlackServer, slack: Slack) -> None:
    server.add_user("maria", email="maria@example.com")
    server.scopes -= {"users:read.email"}

    assert slack.person_by_email("maria@example.com") is None


def test_what_an_open_channel_says_is_open_to_all_who_read_where_no_other_company_reads(
    server: SlackServer, slack: Slack, clock: Watch
) -> None:
    for name in ("maria", "bob"):
        server.add_user(name)
    web, random = server.add_channel("web", members=["maria"]), server.add_channel("random", members=["bob"])
    own = server.add_channel("own", members=["bob"], private=True)
    unseen = server.add_channel("unseen", members=["bob"], private=True, bot=False)

    seen = [slack.all_see(here.id, "#web") for here in (web, random, own, unseen)]
    random.is_ext_shared = own.is_ext_shared = True
    clock.moment += timedelta(minutes=11)
    shared = [slack.all_see(here.id, "#web") for here in (web, random, own)]

    assert seen == [True, True, True, False]
    assert shared == [True, False, False]


def test_what_a_private_channel_says_is_open_to_those_alone_who_are_in_it(server: SlackServer, slack: Slack) -> None:
    for name in ("maria", "bob"):
        server.add_user(name)
    server.add_channel("web", members=["maria", "bob"], private=True)
    server.add_channel("secret", members=["maria"], private=True)
    both = server.add_channel("both", members=["maria", "bob"], private=True)
    one = server.add_channel("one", members=["maria"], private=True)
    anybody = server.add_channel("anybody", members=["maria"])

    assert [slack.all_see(here.id, "#web") for here in (both, one, anybody)] == [True, True, False]
    assert [slack.all_see(here.id, "secret") for here in (both, one, anybody)] == [False, True, False]
    assert not slack.all_see(one.id, "#nowhere")
