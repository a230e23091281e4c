"""``[[webhooks]]``: who is told of what, what is wrong with a table, and what is nobody's to read."""

from __future__ import annotations

import pytest

from bot.core.outgoing_webhooks.model import Receiver, Subscription
from bot.settings import Settings, SettingsProblems, read, requirements_missing

SHOP = """
[slack]
channel = "#deploys"
[apps.shop]
repository = "corner/shop"
[apps.shop.environments.production]
"""
SECRETS = {"EVENTS_SECRET": "a-long-secret"}


def settings(*tables: str, **environ: str) -> Settings:
    return read(SHOP + "".join(f"[[webhooks]]\n{one}\n" for one in tables), environ or SECRETS)


def problems(*tables: str) -> list[str]:
    with pytest.raises(SettingsProblems) as caught:
        settings(*tables)
    return caught.value.problems


def test_a_table_is_a_receiver_of_everything_unless_it_says_less() -> None:
    plain, choosy = settings(
        'url = "https://a.example/x"\nsecret = "EVENTS_SECRET"',
        'url = "http://10.0.0.7:8080/y?z=1"\nsecret = "EVENTS_SECRET"\nevents = ["failed", "failed"]\napps = ["shop"]',
    ).receivers

    assert (plain.name, plain.url, plain.key) == ("a.example", "https://a.example/x", "a-long-secret")
    assert plain.subscriptions == (Subscription(),)
    assert (choosy.name, choosy.url) == ("10.0.0.7:8080", "http://10.0.0.7:8080/y?z=1")
    assert choosy.subscriptions == (Subscription(frozenset({"failed"}), frozenset({"shop"})),)
    assert settings().receivers == ()


def test_a_receiver_is_the_same_as_long_as_its_address_is() -> None:
    def id_of(url: str, more: str = "") -> str:
        return settings(f'url = "{url}"\nsecret = "EVENTS_SECRET"\n{more}').receivers[0].id

    assert id_of("https://a.example/x") == id_of("https://a.example/x", 'events = ["failed"]')
    assert id_of("https://a.example/x") != id_of("https://a.example/y")


def test_two_tables_of_one_address_are_one_receiver_and_two_of_one_host_are_told_apart() -> None:
    tables = [
        'url = "https://a.example/x"\nsecret = "EVENTS_SECRET"\nevents = ["failed"]',
        'url = "https://a.example/y"\nsecret = "EVENTS_SECRET"',
        'url = "https://a.example/x"\nsecret = "EVENTS_SECRET"\nevents = ["succeeded"]',
    ]

    first, second = settings(*tables).receivers

    assert [first.name, second.name] == ["a.example (webhooks[0])", "a.example (webhooks[1])"]
    assert [first.wants("shop", state) for state in ("failed", "succeeded", "running")] == [True, True, False]


def test_the_first_of_two_secrets_signs_and_neither_is_shown() -> None:
    table = 'url = "https://a.example/hidden-path"\nsecret = "EVENTS_SECRET"'

    held = settings(table, EVENTS_SECRET=" new-secret , old-secret ")

    [receiver] = held.receivers
    assert (receiver.key, receiver.secrets) == ("new-secret", ("new-secret", "old-secret"))
    for shown in (repr(held), str(held), repr(receiver), held.model_dump_json(include={"webhooks": {0: {"held"}}})):
        assert "new-secret" not in shown
        assert "old-secret" not in shown
        assert "hidden-path" not in shown


@pytest.mark.parametrize("process", ["run", "worker", "check"])
@pytest.mark.parametrize("value", ["", " , "])
def test_without_its_variable_no_process_that_sends_can_start(process: str, value: str) -> None:
    table = 'url = "https://a.example/x"\nsecret = "EVENTS_SECRET"'

    missing = requirements_missing(settings(table, EVENTS_SECRET=value), process)  # type: ignore[arg-type]

    assert missing[-1] == (
        "EVENTS_SECRET is not set, which webhooks[0] names as its secret: make one up (openssl rand -hex 32), set it, "
        "and give the same one to a.example."
    )
    assert not any("EVENTS_SECRET" in one for one in requirements_missing(settings(table), "run"))
    assert not any("EVENTS_SECRET" in one for one in requirements_missing(settings(table, X="1"), "web"))


URL, SECRET = 'url = "https://a.example/x"', 'secret = "EVENTS_SECRET"'


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        (f'url = "ftp://a.example"\n{SECRET}', "url must be an address that begins with https:// or http://, such as"),
        (f'url = "https://"\n{SECRET}', "url must be an address that begins with https:// or http://, such as"),
        (f'url = "https://a.example:port/"\n{SECRET}', "url must be an address that begins with https:// or http://"),
        (f'url = "https://[::1/x"\n{SECRET}', "url must be an address that begins with https:// or http://"),
        (f'url = "https://a.example/a b"\n{SECRET}', "url must be an address that begins with https:// or http://"),
        (f"url = 7\n{SECRET}", 'url must be an address such as "https://example.com/shipmate", not 7.'),
        (f'url = "https://me:hush@a.example/x"\n{SECRET}', "url must not hold a user or a password: what is sent"),
        (f'url = "https://a.example/x?api_key=hush"\n{SECRET}', "url must not hold a secret (`api_key`): what is sent"),
        (f'url = "https://a.example/x#y"\n{SECRET}', "url must not hold a #: what comes after it is never sent."),
        (f'{URL}\nsecret = "hush hush"', "secret must be the name of a variable that holds the secret, such as"),
        (f'{URL}\nsecret = "GITHUB_WEBHOOK_SECRET"', "secret cannot be GITHUB_WEBHOOK_SECRET, which is the bot's own:"),
        (f'{URL}\n{SECRET}\nevents = "failed"', 'events must be "all", or a list of states such as'),
        (f"{URL}\n{SECRET}\nevents = []", 'events must be "all", or a list of states such as'),
        (
            f'{URL}\n{SECRET}\nevents = ["failed", "suceeded"]',
            'events has "suceeded", which is no state. Did you mean "succeeded"?',
        ),
        (f'{URL}\n{SECRET}\nevents = ["requested"]', 'events has "requested", which is no state. There are waiting, '),
        (f'{URL}\n{SECRET}\napps = ["shp"]', 'apps has "shp", which is no app. Did you mean "shop"?'),
        (f"{URL}\n{SECRET}\nevent = 1", "event is not a setting. Did you mean `events`?"),
        (f"{URL}\n{SECRET}\nheld = []", "held is not a setting. There are `url`, `secret`, `events` and `apps`."),
        (URL, "secret is missing: the name of the variable with the secret"),
        (SECRET, "url is missing: where events are sent"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_without_its_secrets(table: str, problem: str) -> None:
    [said] = problems(table)

    assert said.startswith(f"webhooks[0].{problem}")
    assert "hush" not in said


def test_everything_that_is_wrong_is_said_at_once_with_its_place() -> None:
    found = problems("", 'url = "x"', f"{URL}\n{SECRET}", f'{URL}\nsecret = "ANOTHER_SECRET"')

    places = ["[0].url", "[0].secret", "[1].url", "[1].secret", "[3]"]
    assert [one.partition(" ")[0] for one in found] == [f"webhooks{place}" for place in places]
    assert found[-1] == "webhooks[3] has the address of webhooks[2] and another secret: let them have the same."


def test_one_table_is_written_with_two_brackets() -> None:
    with pytest.raises(
        SettingsProblems, match=r"^webhooks must be a list of tables: write \[\[webhooks\]\] above each"
    ):
        read(f"{SHOP}[webhooks]\n{URL}", SECRETS)
    with pytest.raises(SettingsProblems, match=r"^webhook is not a setting\. Did you mean \[\[webhooks\]\]\?$"):
        read(f"{SHOP}[[webhook]]\n{URL}", SECRETS)


def test_a_secret_of_the_hooks_may_be_shared() -> None:
    shared = settings(f'{URL}\nsecret = "HTTP_PROVIDER_SECRET"', HTTP_PROVIDER_SECRET="of-the-hooks")
    found: Receiver = shared.receivers[0]

    assert found.key == "of-the-hooks"
