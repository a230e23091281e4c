"""What the settings are when nothing is wrong with them: values, inheritance, secrets, and what others ask of them."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.repositories.model import KnownRepository
from bot.providers import external, local, shell
from bot.settings import (
    DEFAULT_PATH,
    ProviderSettings,
    Secrets,
    Settings,
    SettingsProblems,
    load,
    process_environment,
    read,
)

SMALLEST = """
[slack]
channel = "#deploys"
[apps.web]
repository = "acme/web"
[apps.web.environments.production]
"""


def settings(text: str = SMALLEST, **environ: str) -> Settings:
    return read(text, environ)


def with_environment(text: str) -> Settings:
    return settings(SMALLEST + text)


def test_the_smallest_file_gets_sensible_values() -> None:
    web = settings().apps["web"]
    production = web.environments["production"]

    assert (web.name, web.repository, web.channel) == ("web", "acme/web", "#deploys")
    assert (web.default_environment, web.default_ref, web.foreign_deployments) == (None, None, "follow")
    assert production.name == "production"
    assert production.channel == "#deploys"
    assert production.provider == ProviderSettings(type="external", settings=external.Settings())
    assert production.required_checks == "all"
    assert production.timeout == timedelta(minutes=15)
    assert production.lock_reminder == timedelta(hours=3)
    assert production.notify == ("success", "failure", "rollback", "hung")
    assert with_environment("production = false").apps["web"].environments["production"].notify == ("failure", "hung")


@pytest.mark.parametrize(
    ("name", "production"), [("production", True), ("Prod", True), ("live", True), ("staging", False)]
)
def test_an_environment_called_production_is_one(name: str, production: bool) -> None:
    web = settings(SMALLEST.replace("environments.production", f"environments.{name}")).apps["web"]

    assert web.environments[name].production is production


def test_an_environment_can_say_that_it_is_not_production() -> None:
    web = with_environment("production = false").apps["web"]

    assert web.environments["production"].production is False


def test_durations_checks_and_windows_are_read() -> None:
    production = (
        with_environment("""
        timeout = "1h"
        required_checks = ["ci/test", "ci/lint"]
        [[apps.web.environments.production.windows]]
        deny = "0 17 * * fri"
        for = "64h"
        [[apps.web.environments.production.windows]]
        allow = "0 9 * * 1-5"
        for = "8h"
        timezone = "Asia/Tokyo"
    """)
        .apps["web"]
        .environments["production"]
    )
    closed, opened = production.windows

    assert production.timeout == timedelta(hours=1)
    assert production.required_checks == ("ci/test", "ci/lint")
    assert (closed.deny, closed.allow, closed.length, closed.timezone) == (
        "0 17 * * fri",
        None,
        timedelta(hours=64),
        "UTC",
    )
    assert (opened.deny, opened.allow, opened.timezone) == (None, "0 9 * * 1-5", "Asia/Tokyo")


def test_checks_are_named_by_patterns_and_waited_for_as_long_as_it_says() -> None:
    usual = with_environment("").apps["web"].environments["production"]
    own = (
        with_environment("""
        ignored_checks = ["codecov/*"]
        checks_settle = "0s"
        checks_missing_after = "1h"
    """)
        .apps["web"]
        .environments["production"]
    )

    assert (usual.ignored_checks, usual.checks_settle, usual.checks_missing_after) == (
        (),
        timedelta(seconds=15),
        timedelta(minutes=10),
    )
    assert (own.ignored_checks, own.checks_settle, own.checks_missing_after) == (
        ("codecov/*",),
        timedelta(0),
        timedelta(hours=1),
    )


def test_windows_are_in_the_time_zone_of_the_bot_unless_they_name_one() -> None:
    text = '[bot]\ntimezone = "Europe/Berlin"' + SMALLEST + 'windows = [{ deny = "0 17 * * 5", for = "1h" }]'

    window = settings(text).apps["web"].environments["production"].windows[0]

    assert window.timezone == "Europe/Berlin"


def test_an_environment_inherits_the_provider_key_by_key() -> None:
    web = settings("""
        [apps.web]
        repository = "acme/web"
        channel = "#web"
        provider = { type = "shell", command = "bin/deploy", resume = "rerun" }
        [apps.web.environments.staging]
        [apps.web.environments.production]
        provider = { command = ["bin/deploy", "--careful"] }
    """).apps["web"]

    assert web.provider == ProviderSettings(type="shell", settings=shell.Settings(command="bin/deploy", resume="rerun"))
    assert web.environments["staging"].provider == web.provider
    assert web.environments["production"].provider == ProviderSettings(
        type="shell", settings=shell.Settings(command=["bin/deploy", "--careful"], resume="rerun")
    )


def test_an_environment_of_another_type_inherits_nothing() -> None:
    web = settings("""
        [apps.web]
        repository = "acme/web"
        channel = "#web"
        provider = { type = "shell", command = "bin/deploy" }
        [apps.web.environments.staging]
        provider = { type = "local", directory = "/srv/web" }
    """).apps["web"]

    assert web.environments["staging"].provider == ProviderSettings(
        type="local", settings=local.Settings(directory="/srv/web")
    )


def test_what_an_app_leaves_open_its_environments_may_add() -> None:
    web = settings("""
        [apps.web]
        repository = "acme/web"
        channel = "#web"
        provider = { type = "shell" }
        [apps.web.environments.staging]
        provider = { command = "bin/stage" }
    """).apps["web"]

    assert web.provider is None
    assert web.environments["staging"].provider.settings == shell.Settings(command="bin/stage")


def test_models_cannot_be_changed() -> None:
    web = settings().apps["web"]

    with pytest.raises(ValueError, match="frozen"):
        web.repository = "acme/other"


def test_the_file_is_the_argument_else_the_variable_else_beside_the_working_directory(tmp_path: Path) -> None:
    here, there = tmp_path / "here.toml", tmp_path / "there.toml"
    here.write_text(SMALLEST)
    there.write_text(SMALLEST)

    assert load(here, {"SHIPMATE_SETTINGS": str(there)}).path == here
    assert load(None, {"SHIPMATE_SETTINGS": str(there)}).path == there
    assert load(None, {}).path == DEFAULT_PATH


def test_apps_are_found_by_name_repository_and_channel() -> None:
    found = settings("""
        [apps.web]
        repository = "acme/mono"
        channel = "#web"
        [apps.web.environments.production]
        [apps.api]
        repository = "acme/mono"
        channel = "C0123456789"
        [apps.api.environments.production]
    """)

    assert found.app("WEB") is found.apps["web"]
    assert found.app("shop") is None
    assert [app.name for app in found.apps_of_repository("Acme/Mono")] == ["web", "api"]
    assert found.app_of_channel({"C0000000001", "web"}) == "web"
    assert found.app_of_channel({"C0123456789", "#api"}) == "api"
    assert found.app_of_channel({"C0000000002", "#random"}) is None


@pytest.mark.parametrize("configured", ["#deploys", "deploys", "C0123ABCD"])
@pytest.mark.parametrize("made_by_anybody", ["deploy\u017f", "c0123abcd", "\uff44eploys"])
def test_no_channel_passes_for_another_by_a_name_that_looks_alike(configured: str, made_by_anybody: str) -> None:
    found = settings(SMALLEST.replace('"acme/web"', f'"acme/web"\nallowed_channels = ["{configured}"]')).apps["web"]

    assert not found.allowed_in({"C0000000009", f"#{made_by_anybody}", made_by_anybody})


def test_a_channel_that_two_apps_share_means_neither() -> None:
    found = settings(SMALLEST + '[apps.api]\nrepository = "acme/api"\n[apps.api.environments.production]')

    assert found.app_of_channel({"#deploys"}) is None


def test_an_app_may_be_kept_to_some_channels() -> None:
    anywhere = settings().apps["web"]
    kept = settings(SMALLEST.replace('"acme/web"', '"acme/web"\nallowed_channels = ["#ops"]')).apps["web"]

    assert anywhere.allowed_in({"C0000000001", "random"})
    assert kept.allowed_in({"C0000000001", "ops"})
    assert not kept.allowed_in({"C0000000002", "random"})


def test_commands_know_environments_and_their_aliases() -> None:
    words = with_environment('aliases = ["shop"]').vocabulary("web")

    assert words.home == "web"
    assert words.environment("shop") == "production"
    assert words.environment("prd") == "production"


def test_the_environment_of_the_process_does_not_leak_into_settings_that_were_given_another() -> None:
    assert process_environment() is os.environ
    with pytest.raises(SettingsProblems):
        load(Path("nowhere.toml"), {})
    assert settings().secrets == Secrets()


# --- repositories as they are called now ---------------------------------------------------------------------------


def known(name: str, called: str, app: str = "web") -> KnownRepository:
    return KnownRepository(app, name, 7, called, datetime(2026, 3, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("one", "repository"),
    [
        (known("acme/web", "newowner/site"), "newowner/site"),
        (known("ACME/WEB", "acme/website"), "acme/website"),
        (known("acme/old", "Acme/Web"), "acme/web"),
        (known("acme/web", ""), "acme/web#7"),
        (known("acme/web", "Acme/Web"), "acme/web"),
        (known("acme/old", "acme/older"), "acme/web"),
        (known("acme/web", "acme/website", app="api"), "acme/web"),
    ],
)
def test_an_app_has_its_repository_by_the_name_of_now(one: KnownRepository, repository: str) -> None:
    before = settings()

    now = before.as_called([one])

    assert (now.apps["web"].repository, now.apps["web"].written) == (repository, "acme/web")
    assert (before.apps["web"].repository, before.apps["web"].written) == ("acme/web", "acme/web")
    assert now.owners == (repository.partition("/")[0],)
    assert now.as_called([one]) == now
    assert now.as_called([]).apps["web"].repository == "acme/web"


def test_nothing_is_copied_where_nothing_is_called_otherwise() -> None:
    before = settings()

    assert before.as_called([]) is before.as_called([known("acme/web", "Acme/Web")]) is before


def test_what_happens_around_a_provider_is_read() -> None:
    text = """
        provider = { type = "local", directory = "/srv/web" }
        before_deploy = [{ name = " Migrate  it ", command = ["bin/migrate"] }]
        after_deploy = [{ name = "Purge", command = "bin/purge", allow_failure = true, inherit = ["CDN_TOKEN"] }]
        health = { url = "https://web.example.com/up", expect = [200, 204], for = "30s", every = "2s" }
    """
    production = with_environment(text).apps["web"].environments["production"]
    [before], [after], health = production.before_deploy, production.after_deploy, production.health

    assert (before.name, before.command, before.allow_failure) == ("Migrate it", ["bin/migrate"], False)
    assert (after.name, after.command, after.allow_failure, after.inherit) == (
        "Purge",
        "bin/purge",
        True,
        ["CDN_TOKEN"],
    )
    assert health is not None
    assert (health.url, health.expect, health.private) == ("https://web.example.com/up", (200, 204), False)
    assert (health.length, health.every) == (timedelta(seconds=30), timedelta(seconds=2))
    usual = with_environment(text.replace(', expect = [200, 204], for = "30s", every = "2s"', ""))
    health = usual.apps["web"].environments["production"].health
    assert health is not None
    assert (health.expect, health.length, health.every) == ((200,), timedelta(seconds=60), timedelta(seconds=5))


PREVIEWS = """
[slack]
channel = "#deploys"
[apps.web]
repository = "acme/web"
[apps.web.environments.production]
[apps.web.environments.preview]
transient = true
url = "https://web-{number}.example.com"
preview = { on = "opened" }
provider = { type = "shell", command = "bin/deploy {number}", environment = { APP = "web-{number}" } }
"""


def test_each_pull_request_has_a_preview_of_its_own() -> None:
    web = read(PREVIEWS, {}).apps["web"]
    preview = web.environment("preview-12")

    assert list(web.environments) == ["production"]
    assert preview is not None
    assert (preview.name, preview.pull_request, preview.ref) == ("preview-12", 12, "#12")
    assert preview.url == "https://web-12.example.com"
    # A command is never put together: it is told by a variable.
    assert preview.provider.settings.command == "bin/deploy {number}"
    assert preview.provider.settings.environment == {"APP": "web-12"}
    assert (preview.required_checks, preview.notify) == ("none", ("failure",))


@pytest.mark.parametrize(
    ("provider", "expected"),
    [
        (
            '{ type = "github_actions", workflow = "d.yml", inputs = { pull = "pr-{number}", sha = "{sha}" } }',
            {"inputs": {"pull": "pr-12", "sha": "{sha}"}},
        ),
        (
            '{ type = "http", url = "https://pr-{number}.example/{sha}", headers = { X-Pull = "{number}" }, '
            'body = { pull = "{number}", in = [{ sha = "{sha}-{number}" }] } }',
            {
                "url": "https://pr-12.example/{sha}",
                "headers": {"X-Pull": "12"},
                "body": {"pull": "12", "in": [{"sha": "{sha}-12"}]},
            },
        ),
        (
            '{ type = "http", url = "https://a.example", remove_url = "https://a.example/{number}/remove", '
            'cancel = { url = "https://a.example/{number}/{/id}" } }',
            {"remove_url": "https://a.example/12/remove", "cancel": {"url": "https://a.example/12/{/id}"}},
        ),
    ],
)
def test_the_number_of_a_pull_request_stands_in_every_text_of_its_provider(
    provider: str, expected: dict[str, Any]
) -> None:
    own = PREVIEWS.rpartition("provider = ")[0] + f"provider = {provider}\n"
    preview = read(own, {}).apps["web"].environment("preview-12")

    assert preview is not None
    filled = preview.provider.settings.model_dump()
    told = {key: filled[key] for key in expected}
    told = {key: {"url": one["url"]} if key == "cancel" else one for key, one in told.items()}
    assert told == expected


REMOVING = """
[slack]
channel = "#deploys"
[apps.web]
repository = "acme/web"
provider = { type = "github_actions", workflow = "deploy.yml", remove = "remove.yml" }
[apps.web.environments.production]
[apps.web.environments.preview]
transient = true
preview = { on = "opened" }
"""


def test_how_previews_are_removed_holds_for_previews_alone() -> None:
    web = read(REMOVING, {}).apps["web"]
    preview = web.environment("preview-12")

    assert preview is not None
    assert (preview.provider.settings.remove, preview.provider.removes_previews) == ("remove.yml", True)
    production = web.environments["production"].provider
    assert (production.settings.remove, production.removes_previews) == (None, False)


def test_an_environment_that_stays_cannot_say_how_it_is_removed() -> None:
    place = "[apps.web.environments.production]\n"
    stays = f'{place}provider = {{ type = "heroku", app = "acme-web", remove = "delete" }}\n'

    with pytest.raises(SettingsProblems) as refused:
        read(REMOVING.replace(place, stays), {})

    assert refused.value.problems == [
        "apps.web.environments.production.provider.remove says how a preview is removed, and this environment stays. "
        "Leave it out."
    ]


@pytest.mark.parametrize("name", ["preview", "preview-0", "preview-012", "preview-", "preview-x", "production-1"])
def test_no_other_name_is_that_of_a_preview(name: str) -> None:
    settings = read(PREVIEWS, {})

    assert settings.apps["web"].environment(name) is None
    assert name not in settings.places["web"]
    assert "preview-12" in settings.places["web"]
