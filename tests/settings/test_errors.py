"""Everything that can be wrong with the settings is said at once, in sentences that name the place and the cure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.adapters.clock.crons import Crons
from bot.settings import SettingsProblems, load, read

WEB = """
[slack]
channel = "#deploys"
[apps.web]
repository = "acme/web"
"""
STAGING = "[apps.web.environments.staging]\n"
PRODUCTION = "[apps.web.environments.production]\n"
IN_PRODUCTION = "apps.web.environments.production"


def problems(text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsProblems) as caught:
        read(text, environ or {})
    return caught.value.problems


def in_production(line: str) -> list[str]:
    return problems(WEB + PRODUCTION + line)


def test_every_problem_is_told_at_once() -> None:
    found = problems(
        """
        [bot]
        timezone = "Europe/Berln"
        [slack]
        channel = "#Deploys"
        [apps.web]
        repository = "web"
        [apps.web.environments.production]
        aproval = 2
        timeout = "soon"
        after = "stagin"
        [apps.web.environments.staging]
        """,
        {"PORT": "many"},
    )

    assert found == [
        'PORT must be a number between 0 and 65535, not "many".',
        'bot.timezone must be a time zone such as "Europe/Berlin", not "Europe/Berln". Did you mean "Europe/Berlin"?',
        'slack.channel must be a Slack channel such as "#deploys" (lower case, no spaces) or the id of one, '
        'not "#Deploys".',
        'apps.web.repository must be the owner and the name of a repository, such as "acme/web", not "web".',
        'apps.web.environments.production.after names "stagin", which is not an environment of the app. '
        'Did you mean "staging"?',
        'apps.web.environments.production.timeout must be a duration such as "15m", "1h" or "64h", not "soon".',
        "apps.web.environments.production.aproval is not a setting. Did you mean `approvals`?",
    ]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('approvals = "2"', '.approvals must be a whole number, 0 or more, without quotes, not "2".'),
        ("approvals = -1", ".approvals must be a whole number, 0 or more, without quotes, not -1."),
        ("approvals = true", ".approvals must be a whole number, 0 or more, without quotes, not true."),
        ('up_to_date = "yes"', '.up_to_date must be true or false, without quotes, not "yes".'),
        ("url = 5", '.url must be text in quotes, such as "https://web.example.com", not 5.'),
        (
            'dashboards = "https://g.example"',
            '.dashboards must be a table such as { Grafana = "https://…" }, not "https://g.example".',
        ),
        (
            'dashboards = { Grafana = "g.example" }',
            '.dashboards must be an address that begins with https:// or http://, not "g.example".',
        ),
        (
            'dashboards = { A = "http://a/", B = "http://b/", C = "http://c/", D = "http://d/" }',
            ".dashboards must not have more than 3 dashboards: there is one line for them.",
        ),
        (
            'dashboards = { " " = "http://a/" }',
            '.dashboards must name each with 1 to 30 characters, not " ".',
        ),
        ('url = "example.com"', '.url must be an address that begins with https:// or http://, not "example.com".'),
        ("after = 5", ".after must be text in quotes, not 5."),
        (
            'deploy_on_merge = "main"',
            '.deploy_on_merge must be a list in square brackets, such as ["main"], not "main".',
        ),
        (
            'deploy_on_merge = ["a b"]',
            '.deploy_on_merge[0] must be a branch, a tag or a commit, such as "main", not "a b".',
        ),
        ('promote = "never"', '.promote must be "ask" or "auto", not "never".'),
        (
            'required_checks = "some"',
            '.required_checks must be "all", "none", or a list of names such as ["ci/test"], not "some".',
        ),
        (
            'ignored_checks = "codecov/*"',
            '.ignored_checks must be a list in square brackets, such as ["codecov/*"], not "codecov/*".',
        ),
        ('ignored_checks = [" "]', '.ignored_checks[0] must name checks, such as "codecov/*", and not be empty.'),
        ("checks_settle = 15", '.checks_settle must be text in quotes, such as "15m", not 15.'),
        (
            'checks_missing_after = "0s"',
            '.checks_missing_after must be a duration such as "15m", "1h" or "64h", not "0s".',
        ),
        (
            'notify = ["sucess"]',
            '.notify[0] must be "success", "failure", "cancellation", "rollback", "hung" or "all", not "sucess".',
        ),
        (
            'migration_paths = "db/migrate/**"',
            '.migration_paths must be a list in square brackets, such as ["db/migrate/**"], not "db/migrate/**".',
        ),
        (
            'migration_paths = ["/db/migrate/**"]',
            '.migration_paths[0] must be a path from the root of the repository, such as "db/migrate/**", without a '
            'slash in front, not "/db/migrate/**".',
        ),
        (
            'migration_paths = ["db/../x"]',
            '.migration_paths[0] must be a path from the root of the repository, such as "db/migrate/**", without a '
            'slash in front, not "db/../x".',
        ),
        (
            'migration_paths = ["!db/*.md"]',
            '.migration_paths must begin with a path that counts: "!db/*.md" only takes out what one before has.',
        ),
        ("timeout = 15", '.timeout must be text in quotes, such as "15m", not 15.'),
        ('timeout = "0m"', '.timeout must be a duration such as "15m", "1h" or "64h", not "0m".'),
        (
            'deployers = ["Bob Smith"]',
            '.deployers[0] must name people by a Slack id such as "U012AB3CD", a Slack user group such as "@oncall", '
            'a GitHub login such as "octocat" (of an app: "deployer[bot]"), or a GitHub team such as "acme/devs", '
            'not "Bob Smith".',
        ),
        (
            'windows = [{ deny = "0 17 * *", for = "1h" }]',
            ".windows[0].deny must be a cron line of five fields (minute, hour, day of the month, month, day of the "
            'week), such as "0 17 * * 5" for Fridays at 17:00, not "0 17 * *".',
        ),
        (
            'windows = [{ deny = "0 25 * * 5", for = "1h" }]',
            '.windows[0].deny is not a cron line such as "0 17 * * 5" for Fridays at 17:00: the hour cannot be "25".',
        ),
        (
            'windows = [{ deny = "0 17 * * sat-mon", for = "1h" }]',
            '.windows[0].deny is not a cron line such as "0 17 * * 5" for Fridays at 17:00: the day of the week cannot '
            'be "sat-mon".',
        ),
        (
            'windows = [{ allow = "0 0 31 2,4 *", for = "1h" }]',
            '.windows[0].allow is not a cron line such as "0 17 * * 5" for Fridays at 17:00: the day of the month, the '
            'month and the day of the week of "0 0 31 2,4 *" never come together.',
        ),
        (
            'windows = [{ deny = "0 0 17 * * 5", for = "1h" }]',
            ".windows[0].deny must be a cron line of five fields (minute, hour, day of the month, month, day of the "
            'week), such as "0 17 * * 5" for Fridays at 17:00, not "0 0 17 * * 5".',
        ),
        ('windows = [{ for = "1h" }]', ".windows[0] must have either `deny` or `allow`."),
        ('windows = [{ deny = "0 17 * * 5" }]', ".windows[0].for is missing: how long it lasts."),
        (
            'windows = [{ deny = "0 17 * * 5", for = "1h", wen = 1 }]',
            ".windows[0].wen is not a setting. There are `deny`, `allow`, `for` and `timezone`.",
        ),
        ('name = "x"', ".name is not a setting: `name` belongs in [bot]."),
        ("completely_else = 1", ".completely_else is not a setting: docs/settings.md lists those there are."),
        ("digest = 1", ".digest is not a setting: `digest` belongs in [apps.<app>]."),
    ],
)
def test_a_wrong_value_is_explained_in_plain_words(line: str, sentence: str) -> None:
    found = in_production(line)

    assert found == [IN_PRODUCTION + sentence]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("comment = 1", ".comment must be true or false, without quotes, not 1."),
        ('comment = "yes"', '.comment must be true or false, without quotes, not "yes".'),
        ("label = true", '.label must be text in quotes, such as "deployed: {environment}", not true.'),
        ('label = " "', '.label must be the text of a label, such as "deployed: {environment}".'),
        (
            'label = "on {env}"',
            ".label has the placeholder {env}, and may only have {environment} and {app}.",
        ),
        (
            'label = "on {environment"',
            '.label must have both braces of each placeholder, as in {environment}, not "on {environment".',
        ),
        (
            'label = "deployed by our own beloved bot to {environment} of {app}"',
            ".label is too long for production: GitHub takes 50 characters, and "
            '"deployed by our own beloved bot to pro… has 52.',
        ),
        ("coment = true", ".coment is not a setting. Did you mean `comment`?"),
        ("channel = true", ".channel is not a setting: `channel` belongs in [slack] or [apps.<app>]."),
    ],
)
def test_what_is_to_be_written_on_github_is_explained_too(line: str, sentence: str) -> None:
    assert problems(f"{WEB}[apps.web.github]\n{line}\n{PRODUCTION}") == [f"apps.web.github{sentence}"]


def test_a_table_of_what_is_written_on_github_is_no_switch() -> None:
    assert problems(WEB + "github = true\n" + PRODUCTION) == ["apps.web.github must be a table, not true."]


@pytest.mark.parametrize(
    "line", ["*/15 9-17 1,15 jan-mar mon-fri", "0 0 1-7/2 * 7", "5,10-20/5 * * * *", "0 0 * * FRI-SAT,SUN", "0 9 L * *"]
)
def test_usual_cron_lines_are_taken(line: str) -> None:
    production = read(f'{WEB}{PRODUCTION}windows = [{{ deny = "{line}", for = "1h" }}]', {}).apps["web"].environments

    assert production["production"].windows[0].deny == line


@pytest.mark.parametrize("field", ["60", "*/0", "x", "", "5-1", "1-2-3", "*/", "-1"])
def test_impossible_minutes_are_not_taken(field: str) -> None:
    found = in_production(f'windows = [{{ deny = "{field},1 * * * *", for = "1h" }}]')

    assert found == [
        f'{IN_PRODUCTION}.windows[0].deny is not a cron line such as "0 17 * * 5" for Fridays at 17:00: '
        f'the minute cannot be "{field},1".'
    ]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.text("0123456789*/,-#LWsunfri", min_size=1, max_size=5), min_size=4, max_size=6).map(" ".join))
@example("9" * 5_000 + " * * * *")
def test_the_clock_understands_every_cron_line_that_the_settings_take(line: str) -> None:
    about_the_timeout, *about_the_line = in_production(f'windows = [{{ deny = "{line}", for = "1h" }}]\ntimeout = "0m"')

    assert ".timeout must be" in about_the_timeout
    for sentence in about_the_line:
        assert re.search(r"\.windows\[0]\.deny (must be|is not) a cron line .*such as ", sentence)
    if not about_the_line:
        assert Crons().next_fire(line, "Europe/Berlin", datetime(2026, 3, 2, tzinfo=UTC)) is not None


def test_a_file_that_is_not_toml_names_the_line() -> None:
    assert problems("[slack]\nchannel = #deploys\n") == ["settings.toml is not TOML, line 2, column 11: invalid value."]


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsProblems) as caught:
        load(tmp_path / "missing.toml", {})

    assert caught.value.problems == [
        f"There is no {tmp_path / 'missing.toml'}: `python -m bot setup` writes one, "
        "or name yours in SHIPMATE_SETTINGS."
    ]


def test_a_directory_or_bytes_instead_of_text_are_no_traceback(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")

    with pytest.raises(SettingsProblems, match=r"cannot be read: Is a directory\."):
        load(tmp_path, {})
    with pytest.raises(SettingsProblems, match=r"binary\.toml is not UTF-8 text\."):
        load(binary, {})


def test_an_empty_file_says_what_is_needed() -> None:
    assert problems("") == ["There are no apps: add a table [apps.<name>] for each, with its repository."]


def test_an_app_says_what_it_lacks() -> None:
    assert problems("[apps.web]") == [
        "apps.web has no environments: add a table [apps.web.environments.production].",
        "apps.web has no channel: name one there, or in [slack] for all apps.",
        "apps.web.repository is missing: the GitHub repository, as owner/name; several apps may share one.",
    ]


def test_the_address_of_a_repository_is_turned_into_its_name() -> None:
    found = problems(WEB.replace("acme/web", "https://github.com/acme/web.git") + PRODUCTION)

    assert found == [
        'apps.web.repository must be the owner and the name of a repository, such as "acme/web", '
        'not "https://github.com/acme/web.git". Write "acme/web".'
    ]


def test_tables_and_sections_that_do_not_exist_are_named() -> None:
    assert problems(WEB + PRODUCTION + '[pepole]\nU1 = "x"') == ["pepole is not a setting. Did you mean [people]?"]
    assert problems(WEB + "environments = 5") == [
        "apps.web.environments must be a table, not 5.",
        "apps.web has no environments: add a table [apps.web.environments.production].",
    ]


def test_secrets_in_the_file_are_sent_to_the_environment_and_never_shown() -> None:
    found = problems('SLACK_BOT_TOKEN = "abc"\n' + WEB + PRODUCTION + 'url = "ghp_0123456789"\nnotes = ["xoxb-1"]')

    assert found == [
        "SLACK_BOT_TOKEN belongs in the environment, not in settings.toml (at SLACK_BOT_TOKEN).",
        f"{IN_PRODUCTION}.url looks like a secret: it belongs in the environment, not in settings.toml.",
        f"{IN_PRODUCTION}.notes looks like a secret: it belongs in the environment, not in settings.toml.",
    ]


def test_wrong_variables_are_told_without_their_values() -> None:
    found = problems(
        WEB + PRODUCTION,
        {"DATABASE_URL": "mysql://user:password@host", "GITHUB_PRIVATE_KEY": "nothing", "BASE_URL": "x"},
    )

    assert sorted(found) == [
        'BASE_URL must be an address that begins with https:// or http://, not "x".',
        "DATABASE_URL must begin with sqlite:/// or postgres://.",
        "GITHUB_PRIVATE_KEY must be the whole key file that GitHub gave you, beginning with -----BEGIN.",
    ]


@pytest.mark.parametrize(
    ("provider", "sentence"),
    [
        ('"shell"', ' must be a table such as { type = "external" }, not "shell".'),
        ('{ type = "heroku" }', ".app is missing."),
        (
            '{ type = "heroku", app = "Acme Web" }',
            ".app must be the name of an app on Heroku, of small letters, digits and hyphens, such as acme-web.",
        ),
        ('{ type = "shel" }', '.type cannot be "shel": there is no such provider. Did you mean "shell"?'),
        (
            "{ type = 5 }",
            ".type must be text in quotes, not 5. There are external, github_actions, heroku, http, local and shell.",
        ),
        ('{ type = "shell" }', ".command is missing."),
        ('{ type = "external", url = "x" }', ".url is not a setting."),
        ('{ type = "shell", command = "x", comand = "y" }', ".comand is not a setting. Did you mean `command`?"),
        (
            '{ type = "shell", command = 5 }',
            ".command must be text in quotes or a list in square brackets, not 5.",
        ),
        ('{ type = "shell", command = "" }', ".command: the command is empty."),
        (
            '{ type = "shell", command = "x", inherit = ["GITHUB_TOKEN"] }',
            ".inherit: GITHUB_TOKEN: secrets of the bot are not handed to commands.",
        ),
        ('{ type = "github_actions" }', ".workflow is missing."),
        (
            '{ type = "github_actions", workflow = ".github/workflows/deploy.yml" }',
            '.workflow must be the name of a file in .github/workflows, such as "deploy.yml", '
            'not ".github/workflows/deploy.yml".',
        ),
        (
            '{ type = "github_actions", workflow = "d.yml", inputs = { what = "{branch}" } }',
            ".inputs: `what` holds {branch}, which stands for nothing. "
            "There are {environment}, {ref}, {sha}, {deployment_id} and {request_id}, and {number} in previews.",
        ),
        (
            '{ type = "github_actions", workflow = "d.yml", inputs = '
            f"{{ {', '.join(f'i{number} = 1' for number in range(26))} }} }}",
            ".inputs: GitHub takes 25 inputs at most, and these are 26.",
        ),
        (
            '{ type = "github_actions", workflow = "d.yml", inputs = { what = ["x"] } }',
            '.inputs.what must be text in quotes, not ["x"].',
        ),
        ('{ type = "local", directory = "x", keep = 0 }', ".keep must be greater than or equal to 1, not 0."),
    ],
)
def test_a_provider_explains_its_own_settings(provider: str, sentence: str) -> None:
    found = in_production(f"provider = {provider}")

    assert found == [f"{IN_PRODUCTION}.provider{sentence}"]


LOCAL = 'provider = { type = "local", directory = "/srv/web" }\n'


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('before_deploy = "bin/migrate"', '.before_deploy must be a list in square brackets, not "bin/migrate".'),
        ('before_deploy = ["bin/migrate"]', '.before_deploy[0] must be a table, not "bin/migrate".'),
        (
            'before_deploy = [{ command = "x" }]',
            ".before_deploy[0].name is missing: what it is called where it is shown.",
        ),
        (
            'before_deploy = [{ name = "", command = "x" }]',
            '.before_deploy[0].name must be a few words, 60 characters at most, not "".',
        ),
        ('after_deploy = [{ name = "A", command = [] }]', ".after_deploy[0].command: the command is empty."),
        (
            'after_deploy = [{ name = "A", command = "x", alow_failure = true }]',
            ".after_deploy[0].alow_failure is not a setting. Did you mean `allow_failure`?",
        ),
        (
            'after_deploy = [{ name = "A", command = "x", allow_failure = "yes" }]',
            '.after_deploy[0].allow_failure must be true or false, without quotes, not "yes".',
        ),
        (
            'after_deploy = [{ name = "A", command = "x", inherit = ["GITHUB_TOKEN"] }]',
            ".after_deploy[0].inherit: GITHUB_TOKEN: secrets of the bot are not handed to commands.",
        ),
        (
            'after_deploy = [{ name = "A", command = ["x", "ghp_0123456789abcdef0123"] }]',
            ".after_deploy looks like a secret: it belongs in the environment, not in settings.toml.",
        ),
        (
            "before_deploy = [" + '{ name = "A", command = "x" }, ' * 21 + "]",
            ".before_deploy must not be more than 20 steps: let a command do several things.",
        ),
    ],
)
def test_a_step_that_cannot_be_is_explained(line: str, sentence: str) -> None:
    assert in_production(LOCAL + line) == [f"{IN_PRODUCTION}{sentence}"]


@pytest.mark.parametrize(
    ("health", "sentence"),
    [
        ('"https://web.example.com"', ' must be a table, not "https://web.example.com".'),
        ("{}", ".url is missing: the address that is asked, without credentials."),
        (
            '{ url = "ftp://x" }',
            '.url must be an address that begins with https:// or http://, not "ftp://x".',
        ),
        (
            '{ url = "https://x:99999" }',
            '.url must be an address such as "https://web.example.com/up", not "https://x:99999".',
        ),
        (
            '{ url = "https://bot:hush-hush@x:99999/" }',
            ".url must not hold a user or a password: let the address be one that anybody may ask.",
        ),
        (
            '{ url = "https://x", expect = [200, "204"] }',
            '.expect must be a status such as 200, or a list such as [200, 204], not [200, "204"].',
        ),
        (
            '{ url = "https://x", expect = 99 }',
            ".expect must be a status such as 200, or a list such as [200, 204], not 99.",
        ),
        ('{ url = "https://x", evry = "5s" }', ".evry is not a setting. Did you mean `every`?"),
        (
            '{ url = "https://x", for = "1h", every = "1s" }',
            " must not ask more than 1000 times: let `every` be longer, or `for` shorter.",
        ),
        (
            '{ url = "https://x", for = "15m" }',
            " must hold for less than the environment's `timeout`: let that be longer.",
        ),
    ],
)
def test_a_health_check_that_cannot_be_is_explained(health: str, sentence: str) -> None:
    assert in_production(f"{LOCAL}health = {health}") == [f"{IN_PRODUCTION}.health{sentence}"]


def test_where_another_tool_deploys_a_health_check_has_to_fit_into_the_timeout_as_well() -> None:
    assert in_production('health = { url = "https://web.example.com/up", for = "15m" }') == [
        f"{IN_PRODUCTION}.health must hold for less than the environment's `timeout`: let that be longer."
    ]


def test_where_another_tool_deploys_no_step_of_ours_can_run() -> None:
    found = in_production('after_deploy = [{ name = "A", command = "x" }]')

    assert found == [
        f"{IN_PRODUCTION}.after_deploy cannot run where another tool carries deployments out "
        '(`provider` is "external"): '
        "let that tool run these steps, or name another provider."
    ]


def test_what_an_environment_inherits_is_blamed_on_the_app_once() -> None:
    found = problems(WEB + 'provider = { type = "shell", comand = "x" }\n' + STAGING + PRODUCTION)

    assert found == [
        "apps.web.provider.comand is not a setting. Did you mean `command`?",
        "apps.web.provider.command is missing.",
    ]


def test_names_must_fit_together() -> None:
    found = problems(
        WEB
        + 'default_environment = "prodution"\n'
        + STAGING
        + 'promote_to = "production"\naliases = ["production", "all", "ok"]\n'
        + PRODUCTION
        + 'promote_to = "staging"\naliases = ["OK"]\n[apps.web.environments.all]\n[apps.web.environments.Staging]\n'
        + '[apps.Web]\nrepository = "acme/web"\n[apps.Web.environments.production]\n[apps."a b".environments.x]\n'
    )

    assert found == [
        "apps.Web and apps.web are the same name to commands.",
        "apps.a b must have a name of letters, digits, dots and dashes only.",
        "apps.web.environments.Staging and apps.web.environments.staging are the same name to commands.",
        'apps.web.default_environment names "prodution", which is not an environment of the app. '
        'Did you mean "production"?',
        "apps.web.environments.all cannot have this name: commands mean something else by it.",
        "apps.web.environments.staging.promote_to goes round in a circle: staging → production → staging.",
        'apps.web.environments.staging.aliases has "production", which already means production.',
        'apps.web.environments.staging.aliases has "all", which already means all.',
        'apps.web.environments.production.aliases has "OK", which already means staging.',
        "apps.a b.repository is missing: the GitHub repository, as owner/name; several apps may share one.",
    ]


PREVIEW = "[apps.web.environments.preview]\ntransient = true\n"
IN_PREVIEW = "apps.web.environments.preview"


def test_a_preview_says_what_it_cannot_be_beside_it() -> None:
    found = problems(
        WEB
        + PRODUCTION
        + 'promote_to = "preview"\nurl = "https://{number}.example.com"\n[apps.web.environments.preview-7]\n'
        + PREVIEW.replace("true", "false")
        + 'preview = { on = "labelled", max = 0, max_age = "soon", cap = 3 }\nproduction = true\nafter = "production"\n'
        + 'deploy_on_merge = ["main"]\npromote = "auto"\nurl = "https://{name}.example.com"\n'
    )

    assert found == [
        'apps.web.environments.production.promote_to names "preview", of which each pull request has its own. '
        "Name one that stays.",
        "apps.web.environments.production.url has {number}, which stands for a pull request: only previews have one.",
        'apps.web.environments.preview-7 cannot be called "preview-7": that is the preview of pull request #7.',
        f"{IN_PREVIEW}.preview needs `transient = true` beside it: previews are removed with their pull request.",
        f"{IN_PREVIEW}.production cannot be true where there is `preview`: people outside use what stays.",
        f"{IN_PREVIEW}.deploy_on_merge cannot stand where there is `preview`: that deploys its pull request alone.",
        f"{IN_PREVIEW}.after cannot stand where there is `preview`: that deploys its pull request alone.",
        f"{IN_PREVIEW}.url has {{name}}: the only placeholder there is {{number}}.",
        f'{IN_PREVIEW}.preview.on must be "opened", or a label such as "label:preview", not "labelled".',
        f"{IN_PREVIEW}.preview.max must be a whole number, 1 or more, without quotes, not 0.",
        f'{IN_PREVIEW}.preview.max_age must be a duration such as "15m", "1h" or "64h", not "soon".',
        f"{IN_PREVIEW}.preview.cap is not a setting. There are `on`, `max` and `max_age`.",
    ]


def test_previews_need_an_environment_that_stays_and_a_place_of_their_own() -> None:
    alone = problems(WEB + PREVIEW + 'preview = { on = "opened" }\n')
    together = problems(
        WEB
        + 'default_environment = "preview"\n'
        + PRODUCTION
        + PREVIEW
        + 'preview = { on = "label:preview" }\nprovider = { type = "local", directory = "/srv/web" }\n'
    )

    assert alone == ["apps.web has no environment that stays: add a table [apps.web.environments.production]."]
    assert together == [
        'apps.web.default_environment names "preview", of which each pull request has its own. Name one that stays.',
        f'{IN_PREVIEW}.provider.directory must have {{number}} in it: each preview needs its own, not "/srv/web".',
    ]


@pytest.mark.parametrize(
    ("provider", "key"),
    [
        ('{ type = "http", url = "https://pr-{number}.example.com" }', "url"),
        ('{ type = "http", url = "https://a.example", headers = { X-Pull = "{number}" } }', "headers"),
        ('{ type = "http", url = "https://a.example", body = { pull = ["{number}"] } }', "body"),
        (
            '{ type = "http", url = "https://a.example", '
            'poll = { url = "https://a.example/{number}", success = ["up"], failure = ["down"] } }',
            "poll",
        ),
        ('{ type = "github_actions", workflow = "d.yml", inputs = { pull = "{number}" } }', "inputs"),
        ('{ type = "heroku", app = "web-{number}" }', "app"),
        ('{ type = "local", directory = "/srv/{number}" }', "directory"),
    ],
)
def test_what_stays_has_no_number_of_a_pull_request(provider: str, key: str) -> None:
    here = problems(WEB + PRODUCTION + f"provider = {provider}\n")
    above = problems(WEB + f"provider = {provider}\n" + PRODUCTION + PREVIEW + 'preview = { on = "opened" }\n')
    there = read(WEB + PRODUCTION + PREVIEW + f'preview = {{ on = "opened" }}\nprovider = {provider}\n', {})

    why = "has {number}, which stands for a pull request: only previews have one."
    assert here == [f"{IN_PRODUCTION}.provider.{key} {why}"]
    assert above == [
        f"apps.web.provider.{key} {why} {IN_PRODUCTION} inherits it: say it in the preview's own `provider`."
    ]
    assert list(there.apps["web"].previews) == ["preview"]


def test_people_are_slack_ids_and_github_logins() -> None:
    found = problems(
        WEB
        + PRODUCTION
        + '[people]\noctocat = "U012AB3CD"\nU012AB3CD = "the octocat"\nU1234 = "@mona"\nU1235 = "bo\u017fs"'
    )

    assert found == [
        "people.octocat must be a Slack id such as U012AB3CD, from the person's profile in Slack.",
        'people.U012AB3CD must be a GitHub login such as "octocat", not "the octocat".',
        'people.U1235 must be a GitHub login such as "octocat", not "bo\u017fs".',
    ]
