"""A login that somebody proves and another person holds: who is asked, who decides, and what everybody hears."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.adapters.storage import tables
from bot.core.people.model import How, Identity
from tests.handlers.scenes import answers, seen, told
from tests.servers.slack.state import Message
from tests.world import REPOSITORY, SETTINGS, START, World, read_out
from tests.world import world as open_world

MARIA, BOB, CAROL = "U00000001", "U00000002", "U00000006"
NOBODY_MAPPED = f'[bot]\nadmins = ["{CAROL}"]\n{SETTINGS}\n[people]\n'
WAITS = (
    "You can sign in to GitHub as *octocat*, but so far that is @bob. I have asked them; nothing is linked unless they "
    "agree before Tue 03 Mar 10:00 UTC. One of my admins can decide too: `hand over octocat to @U00000001`"
)
IS_IT_THEIRS = (
    "@maria has signed in to GitHub as *octocat*, who is you as far as I know. Is it theirs? Then they are *octocat* "
    "to me from now on, and you are not. Without an answer before Tue 03 Mar 10:00 UTC it stays yours. If it is your "
    "account, say no, and change its password: they can sign in with it."
)
DECIDED = "Nobody waits for *octocat*: it was decided already, or took too long."
YES, NO = f"hand over octocat to @{MARIA}", f"withhold octocat from @{MARIA}"

Opens = Callable[..., World]


@pytest.fixture
def opens(tmp_path: Path) -> Iterator[Opens]:
    """Opens a world with other settings, and closes it at the end."""
    with ExitStack() as stack:

        def opened(settings: str = NOBODY_MAPPED) -> World:
            world = stack.enter_context(open_world(tmp_path, settings))
            world.slack.add_user("carol")
            return world

        yield opened


def proves(world: World, person: str, login: str) -> None:
    world.says(person, f"link {login}", f"@{person}")
    world.github.sign_ins.enter(list(world.github.sign_ins.codes.values())[-1].user_code, login)
    world.wait(seconds=5)


def holds(world: World, chat_id: str, how: How, login: str = "octocat") -> None:
    world.store.people.learned(Identity(chat_id, login, how, START))


def claimed(world: World, how: How = How.LINK) -> None:
    """Bob is octocat, and maria has proved that she is."""
    holds(world, BOB, how)
    proves(world, "maria", "octocat")


def direct_messages(world: World, person: str) -> list[Message]:
    bot = world.slack.workspace.user("shipmate").id
    return [one for one in world.slack.messages(f"@{person}") if one.user == bot]


def heard(world: World, person: str) -> list[str]:
    """What the bot told this person directly, answers included."""
    return [seen(world, read_out(one)) for one in direct_messages(world, person)]


def replied(world: World, person: str) -> str:
    """What the bot told this person directly, the last of it."""
    return heard(world, person)[-1]


def login(world: World, chat_id: str) -> str | None:
    row = world.store.reads().people.identity(chat_id)
    return row.login if row else None


def audited(world: World) -> list[tuple[str, str, str]]:
    found = world.store.reads().audit.since(START, 0, 100)
    return [(one.outcome, one.origin.name, one.reason) for one in found if one.action == "link" and one.reason]


@pytest.mark.parametrize("how", [How.LINK, How.EMAIL])
def test_whoever_holds_the_login_is_asked_and_nothing_is_linked_before_they_agree(opens: Opens, how: How) -> None:
    world = opens()

    claimed(world, how)

    assert replied(world, "maria") == WAITS
    assert heard(world, "bob") == [IS_IT_THEIRS]
    assert direct_messages(world, "bob")[-1].labels == ["Yes, it is theirs", "No, it is mine"]
    assert (login(world, MARIA), login(world, BOB)) == (None, "octocat")
    assert audited(world) == [
        ("waiting for the holder", "shipmate", f"{MARIA} can sign in as octocat on GitHub, who is {BOB}")
    ]


def test_until_then_the_login_gives_whoever_claims_it_nothing(opens: Opens) -> None:
    world = opens()
    world.github.set_permission(REPOSITORY, "octocat", "write")
    claimed(world)

    world.says("maria", "deploy main to production")

    assert "I do not know their GitHub login" in told(world, "maria")[-1]
    assert world.github.deployments(REPOSITORY) == []


@pytest.mark.parametrize("how", [How.LINK, How.EMAIL])
def test_a_yes_hands_it_over_and_both_hear_of_it(opens: Opens, how: How) -> None:
    world = opens()
    claimed(world, how)

    world.presses("bob", direct_messages(world, "bob")[-1], "Yes, it is theirs")

    assert (login(world, MARIA), login(world, BOB)) == ("octocat", None)
    assert replied(world, "maria") == "@bob agreed: you are *octocat* on GitHub. `whoami` tells what you may do."
    assert answers(world, direct_messages(world, "bob")[-1]) == ["*octocat* is @maria from now on."]
    assert audited(world)[1:] == [("done", "bob", f"{MARIA} is octocat on GitHub, and {BOB} no longer is")]


def test_a_no_keeps_it_and_both_hear_of_it(opens: Opens) -> None:
    world = opens()
    claimed(world)

    world.presses("bob", direct_messages(world, "bob")[-1], "No, it is mine")

    assert (login(world, MARIA), login(world, BOB)) == (None, "octocat")
    assert replied(world, "maria") == "@bob says that *octocat* is not yours, so nothing is linked."
    assert answers(world, direct_messages(world, "bob")[-1]) == ["*octocat* stays with @bob."]
    assert audited(world)[1:] == [("refused", "bob", f"octocat on GitHub stays {BOB}, and is not {MARIA}")]


@pytest.mark.parametrize(
    ("command", "logins", "to_maria", "to_bob"),
    [
        (
            YES,
            ("octocat", None),
            "@carol agreed: you are *octocat* on GitHub. `whoami` tells what you may do.",
            "@carol has decided that *octocat* is @maria and not you. Tell me who you are on GitHub with "
            "`link <your GitHub login>`",
        ),
        (
            NO,
            (None, "octocat"),
            "@carol says that *octocat* is not yours, so nothing is linked.",
            "@carol has decided that *octocat* stays yours.",
        ),
    ],
)
def test_an_admin_may_decide_and_both_hear_of_it(
    opens: Opens, command: str, logins: tuple[str | None, str | None], to_maria: str, to_bob: str
) -> None:
    world = opens()
    claimed(world)

    world.says("carol", command, "@carol")

    assert (login(world, MARIA), login(world, BOB)) == logins
    assert (replied(world, "maria"), replied(world, "bob")) == (to_maria, to_bob)


@pytest.mark.parametrize("asker", ["maria", "dan"])
@pytest.mark.parametrize("command", [YES, NO])
def test_nobody_else_decides_and_nobody_for_themselves(opens: Opens, asker: str, command: str) -> None:
    world = opens(NOBODY_MAPPED.replace(f'"{CAROL}"', f'"{CAROL}", "{MARIA}"'))
    world.slack.add_user("dan")
    claimed(world)

    world.says(asker, command, f"@{asker}")

    refused = "That is for @bob, who is *octocat* so far, or for one of my admins to say."
    assert replied(world, asker) == refused
    assert (login(world, MARIA), login(world, BOB)) == (None, "octocat")


def test_no_answer_within_a_day_is_a_no(opens: Opens) -> None:
    world = opens()
    claimed(world)

    world.wait(hours=24)
    world.says("bob", YES, "@bob")

    assert (login(world, MARIA), login(world, BOB)) == (None, "octocat")
    assert replied(world, "maria") == (
        "@bob has not said that *octocat* is yours, so nothing is linked. To ask again: `link octocat`"
    )
    assert heard(world, "bob")[1:] == ["*octocat* stays yours: @maria has waited long enough.", DECIDED]
    assert [outcome for outcome, _, _ in audited(world)] == ["waiting for the holder", "expired"]


def test_what_is_decided_is_decided_once(opens: Opens) -> None:
    world = opens()
    claimed(world)
    world.says("bob", NO, "@bob")

    world.says("carol", YES, "@carol")

    assert replied(world, "carol") == DECIDED
    assert login(world, BOB) == "octocat"


def test_another_login_than_the_claimed_one_cannot_be_handed_over(opens: Opens) -> None:
    world = opens()
    claimed(world)
    holds(world, CAROL, How.LINK, "hubot")

    world.says("carol", f"hand over hubot to @{MARIA}", "@carol")

    assert replied(world, "carol").startswith("Nobody waits for *hubot*")
    assert login(world, CAROL) == "hubot"


def test_whoever_waits_need_not_ask_again(opens: Opens) -> None:
    world = opens()
    claimed(world)

    world.says("maria", "link OctoCat", "@maria")

    assert replied(world, "maria") == WAITS
    assert heard(world, "bob") == [IS_IT_THEIRS]


def test_what_the_settings_give_to_somebody_is_taken_by_nobody(opens: Opens) -> None:
    world = opens(f'{SETTINGS}\n[people]\n{BOB} = "OctoCat"\n')

    world.says("maria", "link octocat", "@maria")

    assert replied(world, "maria") == (
        "*octocat* is @bob by my settings, so that I link it to nobody else. Whoever runs me can change that in "
        "[people] of settings.toml."
    )
    assert world.github.sign_ins.codes == {}


def test_what_the_settings_give_away_meanwhile_is_not_linked(opens: Opens) -> None:
    world = opens()
    world.says("maria", "link octocat", "@maria")
    world.restart(f'{SETTINGS}\n[people]\n{BOB} = "octocat"\n')

    world.github.sign_ins.enter("WDJB-0001", "octocat")
    world.wait(seconds=5)

    assert replied(world, "maria").startswith("*octocat* is @bob by my settings")
    assert login(world, MARIA) is None


def test_what_the_settings_give_away_meanwhile_is_not_handed_over(opens: Opens) -> None:
    world = opens()
    claimed(world)
    world.restart(f'{SETTINGS}\n[people]\n{BOB} = "octocat"\n')

    world.says("bob", YES, "@bob")

    assert replied(world, "bob").startswith("*octocat* is @bob by my settings")
    assert login(world, MARIA) is None


def test_the_settings_overrule_a_proof_of_somebody_else(opens: Opens) -> None:
    world = opens()
    holds(world, MARIA, How.LINK)
    world.restart(f'{SETTINGS}\n[people]\n{BOB} = "octocat"\n')

    for person in ("maria", "bob"):
        world.says(person, "whoami")

    assert [told(world, one)[-1].split("\n")[2] for one in ("maria", "bob")] == [
        "GitHub login: none that I know of; tell me with `link <your GitHub login>`",
        "GitHub login: octocat, as my settings say",
    ]


def test_whoever_handed_it_over_is_not_found_by_their_address_again(opens: Opens) -> None:
    world = opens()
    world.slack.workspace.user("bob").email = "octocat@example.com"
    world.github.set_email("octocat", "octocat@example.com")
    world.says("bob", "whoami")
    before = login(world, BOB)
    proves(world, "maria", "octocat")
    world.says("bob", YES, "@bob")

    world.says("bob", "whoami")

    assert before == "octocat"
    assert told(world, "bob")[-1].split("\n")[2].startswith("GitHub login: none that I know of")


def test_a_free_login_is_linked_at_once(opens: Opens) -> None:
    world = opens()
    holds(world, BOB, How.LINK, "hubot")

    proves(world, "maria", "octocat")

    assert login(world, MARIA) == "octocat"
    assert heard(world, "bob") == []


def test_what_is_kept_of_a_claim_is_no_proof(opens: Opens) -> None:
    world = opens()
    claimed(world)

    people = world.store.reads().people
    columns = {column.name for column in tables.login_claims.columns}

    assert people.pending(MARIA) is None
    assert people.claim(MARIA) is not None
    assert columns == {"chat_id", "login", "holder", "place", "expires_at"}
