"""`python -m bot check`: what it prints, what counts as wrong, and that it never ends in a traceback."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from bot import __version__
from bot.adapters.local.merging import LocalMerging
from bot.adapters.local.publishing import LocalPublishing
from bot.check import Doctors, check
from bot.check import findings as check_findings
from bot.core.errors import NotThere, Unavailable
from bot.core.outgoing_webhooks.model import Standing
from bot.core.ports.chat import Finding
from bot.core.ports.forge_types import Repository
from bot.core.ports.merging import MergeRules
from bot.core.ports.workflows import Workflows
from bot.core.publications.refusals import Refusal
from bot.core.repositories.model import KnownRepository
from bot.core.workflows.model import WorkflowFile
from bot.settings import Settings, SettingsProblems, load, read

SHOP = """
[bot]
admins = ["U012AB3CD"]
[slack]
channel = "#deploys"
[apps.shop]
repository = "corner/shop"
channel = "#shop"
allowed_channels = ["#shop", "#ops"]
default_environment = "staging"
[apps.shop.environments.staging]
deploy_on_merge = ["main"]
[apps.shop.environments.production]
provider = { type = "local", directory = "releases" }
deployers = ["corner/devs", "@oncall", "octocat", "deployer[bot]"]
"""
COMPLETE = {
    "SLACK_BOT_TOKEN": "xoxb-1-bot",
    "SLACK_APP_TOKEN": "xapp-1-app",
    "GITHUB_WEBHOOK_SECRET": "webhook-secret",
    "GITHUB_TOKEN": "ghp_token",
}
OVERVIEW = f"""\
Shipmate {__version__}, called shipmate in the chat, set up in settings.toml
shop: corner/shop, announced in #shop
  staging (default): provider external, after merges into main
  production: provider local
Slack: Socket Mode
GitHub: a token, at https://api.github.com
Database: sqlite:///shipmate.db
Who may deploy:
  shop → staging: everybody with write permission on corner/shop; merges into main; no approvals; \
admins always (U012AB3CD)
  shop → production: corner/devs, @oncall, octocat, deployer[bot] (an app on GitHub); no approvals; \
admins always (U012AB3CD)

✓ settings.toml is understood
"""


@dataclass
class Directory:
    """A service that knows some names; the others are to be mended. ``asked`` is what it was asked about."""

    known: frozenset[str]
    mend: str
    asked: list[str] = field(default_factory=list)

    def doctor(self, names: Sequence[str], base_url: str | None = None, /) -> list[Finding]:
        self.asked.extend(names)
        return [
            Finding(True, f"{name} is there.") if name in self.known else Finding(False, f"No {name}.", self.mend)
            for name in names
        ]


class Down:
    """A service that cannot be asked, in the way that ``error`` says."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def doctor(self, names: Sequence[str] = (), base_url: str | None = None, /) -> list[Finding]:
        raise self.error


def run(
    text: str = SHOP,
    environ: dict[str, str] | None = None,
    doctors: Callable[[Settings], Doctors] = lambda _: Doctors(),
) -> tuple[int, str]:
    out = io.StringIO()
    code = check(lambda: read(text, COMPLETE if environ is None else environ), doctors, out)
    return code, out.getvalue()


def findings(text: str = SHOP, environ: dict[str, str] | None = None) -> list[str]:
    return run(text, environ)[1].partition("\n\n")[2].splitlines()


def test_when_all_is_well_it_says_how_the_bot_is_set_up() -> None:
    code, printed = run()

    assert printed == OVERVIEW
    assert code == 0


def test_a_secret_that_is_being_changed_is_said_so_that_the_old_one_is_not_forgotten() -> None:
    environ = {**COMPLETE, "GITHUB_WEBHOOK_SECRET": "old-secret, new-secret", "SLACK_SIGNING_SECRET": "first-one,"}

    code, printed = run(environ=environ)

    assert printed == OVERVIEW + (
        "! GITHUB_WEBHOOK_SECRET holds two secrets, and what is signed with either one is accepted"
        "  → take the old one out as soon as GitHub signs with the new one\n"
    )
    assert code == 0


@pytest.mark.parametrize("key", ["k" * 31, "k" * 31 + "," + "o" * 32, "k" * 32 + ",old"])
def test_a_short_key_is_warned_of(key: str) -> None:
    code, printed = run(environ={**COMPLETE, "SECRET_KEY": key})

    assert printed == OVERVIEW + (
        "! SECRET_KEY is shorter than 32 characters, and whoever guesses it makes links of their own"
        "  → make one (openssl rand -hex 32), or unset it: then one is made and kept in the database\n"
    )
    assert code == 0


@pytest.mark.parametrize("key", ["", "k" * 32, "k" * 32 + "," + "o" * 64])
def test_no_key_and_a_long_one_are_as_they_should_be(key: str) -> None:
    assert run(environ={**COMPLETE, "SECRET_KEY": key}) == (0, OVERVIEW)


def test_slack_and_github_are_asked_about_everything_that_the_settings_name() -> None:
    github = Directory(frozenset({"corner/shop"}), "Create it.")
    slack = Directory(frozenset({"#deploys", "#shop"}), "Invite the bot.")

    code, printed = run(doctors=lambda _: Doctors(github=github, slack=slack))

    assert github.asked == ["corner/shop"]
    assert slack.asked == ["#deploys", "#shop", "#ops"]
    assert printed == OVERVIEW + (
        "✓ corner/shop is there\n✓ #deploys is there\n✓ #shop is there\n✗ No #ops  → Invite the bot.\n"
    )
    assert code == 1


def test_a_service_that_does_not_answer_is_a_finding() -> None:
    doctors = Doctors(
        github=Down(Unavailable("GitHub does not answer.")),
        slack=Down(ZeroDivisionError("division by zero")),
        store=Down(Unavailable("The database is locked.")),
    )

    code, printed = run(doctors=lambda _: doctors)

    assert printed == OVERVIEW + (
        "✗ GitHub could not be examined: GitHub does not answer\n"
        "✗ Slack could not be examined: ZeroDivisionError: division by zero\n"
        "✗ The database could not be examined: The database is locked\n"
    )
    assert code == 1


def test_adapters_that_cannot_even_be_made_are_a_finding() -> None:
    def refuse(_: Settings) -> Doctors:
        raise Unavailable("The database cannot be opened.")

    code, printed = run(doctors=refuse)

    assert printed == OVERVIEW + "✗ The bot could not be examined: The database cannot be opened\n"
    assert code == 1


def test_secrets_in_what_a_service_says_are_masked() -> None:
    code, printed = run(doctors=lambda _: Doctors(github=Down(ValueError("bad header ghp_token"))))

    assert printed == OVERVIEW + "✗ GitHub could not be examined: ValueError: bad header ••••\n"
    assert code == 1


def test_problems_with_the_settings_are_all_that_is_said() -> None:
    code, printed = run(SHOP + "approvls = 2\ntimeout = 5\n")

    assert printed == (
        '✗ apps.shop.environments.production.timeout must be text in quotes, such as "15m", not 5\n'
        "✗ apps.shop.environments.production.approvls is not a setting. Did you mean `approvals`?\n"
    )
    assert code == 1


def test_a_missing_file_is_no_traceback() -> None:
    out = io.StringIO()

    code = check(lambda: load(Path("nowhere.toml"), {}), lambda _: Doctors(), out)

    assert out.getvalue() == (
        "✗ There is no nowhere.toml: `python -m bot setup` writes one, or name yours in SHIPMATE_SETTINGS\n"
    )
    assert code == 1


def test_a_fresh_clone_is_told_precisely_what_to_fill_in() -> None:
    text = (Path(__file__).parents[1] / "settings.toml").read_text(encoding="utf-8")

    said = findings(text, {})

    assert [line.partition("  → ")[0] for line in said] == [
        "✓ settings.toml is understood",
        "✗ SLACK_BOT_TOKEN is not set",
        "✗ Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set, so nothing said in Slack reaches the bot",
        "✗ GITHUB_WEBHOOK_SECRET is not set",
        "✗ GITHUB_TOKEN is not set, nor are GITHUB_APP_ID and GITHUB_PRIVATE_KEY",
        "✗ apps.web.repository is still the example acme/web",
        "! `admins` of [bot] names nobody: a lock or a login whose holder is away stays theirs",
        "! web/production is production, and everybody who can write to acme/web may deploy it alone",
    ]


def test_the_example_is_a_real_repository_where_github_is_another_one() -> None:
    text = SHOP.replace("corner/shop", "acme/web")

    said = findings(text, {**COMPLETE, "GITHUB_API_URL": "http://localhost:8080"})

    assert said == ["✓ settings.toml is understood"]


def test_what_does_nothing_yet_is_said_where_it_is_set_to_something() -> None:
    settings = read(SHOP + "approvals = 2\nrequired_reviews = 0\n", {**COMPLETE, "GITHUB_CLIENT_ID": "12"})
    planned = {"approvals": "teams", "required_reviews": "teams", "github_client_id": "signing in"}

    said = check_findings(settings, Doctors(), planned)

    mend = "do not rely on it until a later version"
    assert said[1:] == [
        Finding(True, "`approvals` of shop/production does nothing yet: it is for teams", mend, warning=True),
        Finding(True, "GITHUB_CLIENT_ID does nothing yet: it is for signing in", mend, warning=True),
    ]


def test_a_terminal_without_check_marks_gets_question_marks() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")

    code = check(lambda: read(SHOP, COMPLETE), lambda _: Doctors(), out)

    out.flush()
    assert raw.getvalue().decode("ascii").splitlines()[-1] == "? settings.toml is understood"
    assert code == 0


def test_the_database_and_the_github_app_are_shown_without_their_secrets() -> None:
    _, printed = run(
        environ={
            **COMPLETE,
            "DATABASE_URL": "postgres://shipmate:password@db.example.com/shipmate",
            "GITHUB_APP_ID": "12",
            "GITHUB_PRIVATE_KEY": "-----BEGIN RSA PRIVATE KEY-----\\nMIIEowIBAAKCAQEA\\n-----END RSA PRIVATE KEY-----",
        }
    )

    assert printed.splitlines()[4:7] == [
        "Slack: Socket Mode",
        "GitHub: GitHub App 12, at https://api.github.com",
        "Database: Postgres",
    ]


def test_settings_problems_are_one_sentence_a_line() -> None:
    assert str(SettingsProblems(["One.", "Two."])) == "One.\nTwo."


# --- who may, and what is open ----------------------------------------------------------------------------------

OPEN = """
[slack]
channel = "#deploys"
[apps.shop]
repository = "corner/shop"
foreign_deployments = "carry_out"
[apps.shop.environments.staging]
required_checks = "none"
[apps.shop.environments.production]
provider = { type = "shell", command = "bin/deploy" }
[apps.shop.environments.qa]
approvals = 2
approvers = ["corner/leads"]
self_approval = true
"""


@dataclass
class Counted:
    """GitHub, which counts some and not others."""

    teams: dict[str, int] = field(default_factory=dict)
    writing: dict[str, int] = field(default_factory=dict)
    outside: tuple[str, ...] = ()

    def of_team(self, team: str) -> int | None:
        return self.teams.get(team)

    def writers(self, repository: str) -> int | None:
        return self.writing.get(repository)

    def outside_writers(self, repository: str) -> Sequence[str]:
        return self.outside


def who_may(text: str, counts: Counted) -> list[str]:
    printed = run(text, doctors=lambda _: Doctors(counts=counts))[1]
    return [line for line in printed.splitlines() if " → " in line and line.startswith("  ")]


def warnings(text: str, counts: Counted | None = None) -> list[str]:
    code, printed = run(text, doctors=lambda _: Doctors(counts=counts))
    assert code == 0
    return [line.partition("  → ")[0] for line in printed.splitlines() if line.startswith("!")]


def test_people_are_counted_where_github_tells_how_many() -> None:
    counts = Counted({"corner/devs": 5, "corner/leads": 2}, {"corner/shop": 12})

    found = who_may(SHOP, counts) + who_may(OPEN, counts)[2:]

    everybody = "everybody with write permission on corner/shop (12 people)"
    devs = "corner/devs (team of 5), @oncall, octocat, deployer[bot] (an app on GitHub)"
    assert found == [
        f"  shop → staging: {everybody}; merges into main; no approvals; admins always (U012AB3CD)",
        f"  shop → production: {devs}; no approvals; admins always (U012AB3CD)",
        f"  shop → qa: {everybody}; approvals: 2 of corner/leads (team of 2), one's own counts; no admins",
    ]


def test_one_person_is_a_person_and_what_others_create_is_told() -> None:
    found = who_may(OPEN, Counted(writing={"corner/shop": 1}))

    everybody = "everybody with write permission on corner/shop (1 person)"
    assert found[1] == (
        f"  shop → production: {everybody}; whatever other tools create on GitHub; no approvals; no admins"
    )


def test_nobody_is_counted_for_the_example() -> None:
    found = who_may(SHOP.replace("corner/shop", "acme/web"), Counted(writing={"acme/web": 12}))

    assert "people)" not in found[0]


def test_what_is_open_is_warned_of_and_is_no_mistake() -> None:
    found = warnings(OPEN)

    creators = "whoever may create deployments on corner/shop deploys"
    assert found == [
        "! `admins` of [bot] names nobody: a lock or a login whose holder is away stays theirs",
        "! shop/staging takes commits whose checks fail",
        "! shop/production is production, and everybody who can write to corner/shop may deploy it alone",
        f"! shop/production carries out what other tools create: {creators}",
        "! shop/production runs its command as the bot's own user, who can read whatever the bot can",
        "! shop/qa lets people approve their own deployments",
    ]


@pytest.mark.parametrize(
    ("provider", "who"),
    [
        ('{ type = "local", directory = "releases" }', "Migrate"),
        ('{ type = "shell", command = "x" }', "its command and Migrate"),
        ('{ type = "shell", command = "x", user = "nobody" }', None),
    ],
)
def test_steps_that_run_as_the_bots_own_user_are_warned_of(provider: str, who: str | None) -> None:
    around = """
    before_deploy = [{ name = "Migrate", command = "bin/migrate" }]
    after_deploy = [{ name = "Purge", command = "bin/purge", user = "nobody" }]
    """
    text = SHOP.replace('{ type = "local", directory = "releases" }', provider) + around
    _, printed = run(text, doctors=lambda _: Doctors(counts=None))

    found = [line.partition("  → ")[0] for line in printed.splitlines() if "as the bot's own user" in line]
    whole = f"! shop/production runs {who} as the bot's own user, who can read whatever the bot can"
    assert [line for line in found if "cannot" not in line] == ([whole] if who else [])
    assert "shop/production, Purge: " in printed


@pytest.mark.parametrize(
    ("provider", "mend"),
    [
        ('{ type = "external" }', "let whoever deploys it take it down"),
        ('{ type = "github_actions", workflow = "x.yml" }', "set `remove` in its `provider`: see docs/previews.md"),
        ('{ type = "heroku", app = "shop-{number}" }', "set `remove` in its `provider`: see docs/previews.md"),
        ('{ type = "heroku", app = "shop-{number}", remove = "stop" }', None),
        ('{ type = "http", url = "https://x.example" }', "set `remove` in its `provider`: see docs/previews.md"),
        ('{ type = "http", url = "https://x.example", remove_url = "https://y.example" }', None),
        ('{ type = "shell", command = "x" }', None),
    ],
)
def test_previews_that_nobody_removes_are_warned_of(
    provider: str, mend: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEROKU_API_KEY", "HRKU-1")
    monkeypatch.setenv("HEROKU_API_URL", "http://127.0.0.1:1")
    preview = (
        f'[apps.shop.environments.preview]\ntransient = true\npreview = {{ on = "opened" }}\nprovider = {provider}\n'
    )

    said = findings(SHOP + preview)

    what = "shop/preview: closing a pull request only marks its preview inactive on GitHub, and removes nothing"
    assert [one for one in said if "closing" in one] == ([f"! {what}  → {mend}"] if mend else [])
    assert not any("shop-{number} is" in one or "has no app" in one for one in said)


@pytest.mark.parametrize("closes", ["approvals = 1", 'deployers = ["corner/devs"]', "production = false"])
def test_production_that_somebody_guards_is_not_warned_of(closes: str) -> None:
    text = SHOP.replace('deployers = ["corner/devs", "@oncall", "octocat", "deployer[bot]"]', closes)

    assert warnings(text) == []


def test_outsiders_who_may_deploy_are_named() -> None:
    counts = Counted(outside=("mallory", "eve"))
    guarded = SHOP.replace("[apps.shop.environments.staging]", '[apps.shop.environments.staging]\ndeployers = ["eve"]')

    found = [warnings(text, counts) for text in (SHOP, guarded)]

    who = "2 people outside its organisation: mallory and eve"
    assert found == [[f"! corner/shop can be written to, and so deployed, by {who}"], []]


# --- repositories that are called otherwise now --------------------------------------------------------------------

WEB = KnownRepository("shop", "corner/shop", 7, "corner/shop", datetime(2026, 3, 2, tzinfo=UTC))


def called(name: str, number: int | None = 7) -> Callable[[str], Repository]:
    return lambda _: Repository(name, "main", "", number)


def nowhere(name: str) -> Repository:
    raise NotThere(f"{name} does not exist.")


def closed() -> list[KnownRepository]:
    raise ZeroDivisionError


SHARED = SHOP.replace("[apps.shop]", "[apps.api]").replace("[apps.shop.", "[apps.api.").partition("[apps.api]")
MONO = f"{SHOP}{SHARED[1]}{SHARED[2]}"
ADOPT = "or run `python -m bot adopt corner/shop` if the other one is meant"


@pytest.mark.parametrize(
    ("names", "known", "text", "line", "code"),
    [
        (called("corner/shop"), [], SHOP, "", 0),
        (called("Corner/Shop"), [WEB], SHOP, "", 0),
        (called("corner/shop", None), [WEB], SHOP, "", 0),
        (nowhere, [WEB], SHOP, "", 0),
        (
            called("corner/store"),
            [],
            SHOP,
            "! corner/shop is called corner/store now  → change `repository` in [apps.shop]",
            0,
        ),
        (
            called("high-street/shop"),
            [replace(WEB, called="high-street/shop")],
            MONO,
            "! corner/shop is called high-street/shop now  → change `repository` in [apps.shop] and [apps.api]",
            0,
        ),
        (
            called("corner/shop", 8),
            [replace(WEB, called="corner/store")],
            SHOP,
            "! corner/shop is another repository now; the one that the bot knows by it is called corner/store  → "
            f"change `repository` in [apps.shop] to corner/store, {ADOPT}",
            0,
        ),
        (
            called("corner/shop", 8),
            [replace(WEB, called="")],
            SHOP,
            "✗ corner/shop is another repository now than the one that the bot knows, so it takes nothing of it  → "
            f"change `repository` in [apps.shop], {ADOPT}",
            1,
        ),
        (called("corner/shop", 8), [replace(WEB, name="corner/old", called="corner/older")], SHOP, "", 0),
        (called("corner/shop", 8), [replace(WEB, app="api")], SHOP, "", 0),
    ],
)
def test_a_repository_that_is_called_otherwise_is_told_with_what_to_change(
    names: Callable[[str], Repository], known: list[KnownRepository], text: str, line: str, code: int
) -> None:
    ended, printed = run(text, doctors=lambda _: Doctors(names=names, known=lambda: known))

    assert printed.partition("✓ settings.toml is understood\n")[2] == (f"{line}\n" if line else "")
    assert ended == code


def test_a_database_that_cannot_be_asked_leaves_what_github_says() -> None:
    code, printed = run(doctors=lambda _: Doctors(names=called("corner/store"), known=closed))

    assert printed.endswith("! corner/shop is called corner/store now  → change `repository` in [apps.shop]\n")
    assert code == 0


def test_a_way_to_merge_that_the_repository_does_not_allow_is_a_finding() -> None:
    class Merges(LocalMerging):
        def rules(self, repository: str, branch: str) -> MergeRules:
            assert (repository, branch) == ("corner/shop", "trunk")
            return MergeRules(("merge", "rebase"))

    doctors = Doctors(
        names=lambda name: Repository(name, "trunk", ""), merging=Merges(lambda _repository, _number: None)
    )
    allowed = SHOP.replace("[apps.shop]", '[apps.shop]\nmerge_method = "rebase"')
    forbidden = SHOP.replace("[apps.shop]", '[apps.shop]\nmerge_method = "squash"')

    assert run(allowed, doctors=lambda _: doctors)[0] == 0
    code, printed = run(forbidden, doctors=lambda _: doctors)

    assert code == 1
    assert printed.splitlines()[-1] == (
        '✗ apps.shop.merge_method is "squash", which corner/shop does not allow'
        "  → Write merge or rebase there, or allow it in the settings of the repository on GitHub."
    )


class Publishes(LocalPublishing):
    """Lacks ``lacking`` for whatever is wanted, and remembers what that was."""

    def __init__(self, *lacking: str) -> None:
        self.lacking = lacking
        self.asked: list[tuple[str, bool, bool]] = []

    def lacks(self, repository: str, *, pull_requests: bool, releases: bool) -> Sequence[str]:
        self.asked.append((repository, pull_requests, releases))
        return self.lacking


def writes(wanted: str) -> str:
    """The settings with what is wanted of GitHub."""
    return SHOP.replace(
        "[apps.shop.environments.staging]", f"[apps.shop.github]\n{wanted}\n[apps.shop.environments.staging]"
    )


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        ("comment = true", (True, False)),
        ('label = "live"', (True, False)),
        ("release = true", (False, True)),
        ("comment = true\nrelease = true", (True, True)),
    ],
)
def test_what_is_lacking_to_write_on_github_is_named(wanted: str, asked: tuple[bool, bool]) -> None:
    publishing = Publishes("pull_requests: write", "contents: write")

    code, printed = run(writes(wanted), doctors=lambda _: Doctors(publishing=publishing))

    assert code == 1
    assert printed.splitlines()[-1] == (
        "✗ What apps.shop.github asks for cannot be written on corner/shop without pull_requests: write, contents: "
        "write  → Give it to the GitHub App and accept it where it is installed, or take it out of the settings."
    )
    assert publishing.asked == [("corner/shop", *asked)]


@pytest.mark.parametrize("wanted", ["", "comment = false\nrelease = false"])
def test_nobody_is_asked_about_what_is_not_to_be_written(wanted: str) -> None:
    publishing = Publishes("write access")
    doctors = Doctors(publishing=publishing, refused=lambda: [Refusal("corner/shop", "comment", "No.")])

    assert run(writes(wanted), doctors=lambda _: doctors) == (0, OVERVIEW)
    assert publishing.asked == []


def test_what_trying_has_shown_is_a_finding_until_it_works() -> None:
    refused = [Refusal("corner/shop", "label", "The token lacks it."), Refusal("corner/shop", "comment", "No.")]

    code, printed = run(writes('label = "live"'), doctors=lambda _: Doctors(refused=lambda: refused))

    assert code == 1
    assert printed.splitlines()[-1] == (
        "✗ I may not label pull requests of corner/shop: The token lacks it"
        "  → Give me the permission “Pull requests: write”."
    )
    assert run(writes('label = "live"'), doctors=lambda _: Doctors(refused=closed))[0] == 0


def test_releases_without_production_are_none() -> None:
    text = writes("release = true").replace("environments.production", "environments.europe")

    code, printed = run(text)

    assert code == 0
    assert "! `release` of apps.shop.github makes none: no environment of shop is production" in printed


class Workflow:
    """GitHub Actions with one workflow, ``deploy.yml`` of corner/shop, of this text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def may_dispatch(self) -> bool | None:
        return None

    def file(self, repository: str, workflow: str) -> WorkflowFile:
        if (repository, workflow) != ("corner/shop", "deploy.yml"):
            raise NotThere("There is none.")
        return WorkflowFile(".github/workflows/deploy.yml", "active", self.text)


@pytest.mark.parametrize(
    ("file", "text", "line"),
    [
        (
            "deploy.yml",
            "on: push",
            "✗ shop/production: deploy.yml has no workflow_dispatch trigger  → Add to the file: ",
        ),
        (
            "deploy.yml",
            "on:\n  workflow_dispatch:\n    inputs:\n      sha: {}",
            "✗ shop/production: deploy.yml does not declare the inputs environment, ref, deployment_id and request_id",
        ),
        (
            "other.yml",
            "",
            "✗ shop/production: corner/shop has no workflow other.yml  → Push .github/workflows/other.yml",
        ),
    ],
)
def test_what_is_wrong_with_a_workflow_that_is_dispatched_is_a_finding(file: str, text: str, line: str) -> None:
    provider = f'{{ type = "github_actions", workflow = "{file}" }}'
    shop = SHOP.replace('{ type = "local", directory = "releases" }', provider)

    code, printed = run(shop, doctors=lambda _: Doctors(workflows=cast("Workflows", Workflow(text))))

    assert code == 1
    assert line in printed


WEBHOOK = (
    SHOP
    + """
[[webhooks]]
url = "https://events.example/hidden"
secret = "EVENTS_SECRET"
events = ["succeeded", "failed"]
"""
)
SIGNED = {**COMPLETE, "EVENTS_SECRET": "new-secret, old-secret"}


def test_who_is_told_of_deployments_is_said_by_the_host_alone() -> None:
    code, printed = run(WEBHOOK, SIGNED)

    assert "Webhooks: succeeded and failed of all apps to events.example\n" in printed
    assert printed.splitlines()[-1] == (
        "! EVENTS_SECRET holds two secrets, and what is sent to events.example is signed with the first one"
        "  → take the other one out as soon as events.example takes what is signed with the first"
    )
    assert "hidden" not in printed
    assert code == 0


@pytest.mark.parametrize(("lasting", "mark"), [(False, "!"), (True, "✗")])
def test_a_receiver_that_takes_nothing_is_a_finding_with_its_last_error(lasting: bool, mark: str) -> None:
    [receiver] = read(WEBHOOK, SIGNED).receivers
    since, error = datetime(2026, 3, 2, 10, 0, tzinfo=UTC), "events.example answered 500 Internal Server Error."
    failing = Standing(receiver.id, receiver.name, 12, since, error, lasting, given_up=3 if lasting else 0)
    of_before = replace(failing, receiver="no longer in the settings")

    code, printed = run(WEBHOOK, SIGNED, lambda _: Doctors(webhooks=lambda: [failing, of_before]))

    lost = ", 3 were given up" if lasting else ""
    assert printed.splitlines()[-1] == (
        f"{mark} The webhook at events.example fails since 2026-03-02 10:00 UTC: "
        f"events.example answered 500 Internal Server Error; 12 events wait{lost}"
        "  → mend what receives them, or take it out of [[webhooks]]; what waits is sent by itself once it is taken"
    )
    assert printed.count("fails since") == 1
    assert code == int(lasting)


def test_receivers_of_a_database_that_cannot_be_read_are_no_finding() -> None:
    def broken() -> list[Standing]:
        raise RuntimeError("no such table")

    assert run(WEBHOOK, SIGNED, lambda _: Doctors(webhooks=broken))[0] == 0
