"""The set-up from the first question to the last word, and again after it was stopped anywhere."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
import requests

from bot.core.errors import Rejected
from bot.settings import load
from bot.setup.dialogue import Stopped
from bot.setup.env_file import EnvFile
from tests.setup.conftest import Browser, Office, Person, links_of

DONE = {
    *("GITHUB_APP_ID", "GITHUB_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRET", "GITHUB_CLIENT_ID"),
    *("BASE_URL", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"),
}


def test_a_person_with_a_browser_is_led_to_the_first_deployment(office: Office) -> None:
    person = office.person()

    code = office.set_up(person)

    have, made = office.env.variables(), office.github.registrations.made[0]
    assert code == 0
    assert {name for name in have if name not in office.environ} == DONE
    assert have["GITHUB_PRIVATE_KEY"].strip() == made.private_key.strip()
    assert have["GITHUB_WEBHOOK_SECRET"] == f"whsec{made.app_id}"
    assert "✓ The GitHub App is installed on acme/shop." in person.text
    assert office.examined == [office.settings]
    assert person.said[-2:] == [
        "\nAll is set up. Start the bot:\n\n  make run\n\nThen write in #shop:\n",
        "  @shipmate deploy main to staging",
    ]


def test_nothing_secret_is_shown(office: Office) -> None:
    person = office.person()

    office.set_up(person)

    secret = [value for name, value in office.env.variables().items() if "SECRET" in name or "TOKEN" in name]
    secret += office.env.variables()["GITHUB_PRIVATE_KEY"].splitlines()
    assert [value for value in secret if value in person.text] == []


def test_what_is_written_belongs_to_its_owner_and_a_shell_reads_it(office: Office) -> None:
    office.set_up(office.person())

    file = office.folder / ".env"
    key = subprocess.run(
        ["sh", "-c", f'set -a; . {file}; set +a; printf %s "$GITHUB_PRIVATE_KEY"'],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    ).stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key == office.env.variables()["GITHUB_PRIVATE_KEY"]
    load(office.settings, office.env.variables())


def test_a_second_time_nothing_is_asked(office: Office) -> None:
    office.set_up(office.person())
    before = (office.folder / ".env").read_text()
    again = office.person()

    code = office.set_up(again)

    assert (code, again.asked, again.opened) == (0, [], [])
    assert (office.folder / ".env").read_text() == before
    assert len(office.github.registrations.made) == 1


@pytest.mark.parametrize("patience", range(11))
def test_whoever_stops_anywhere_goes_on_there(office: Office, patience: int) -> None:
    first = office.person(patience=patience)
    with pytest.raises(Stopped):
        office.set_up(first)
    second = office.person()

    code = office.set_up(second)

    assert code == 0
    assert {name for name in office.env.variables() if name not in office.environ} == DONE
    assert len(office.github.registrations.made) == 1


def test_the_app_may_do_what_the_bot_needs_and_hears_what_it_uses(office: Office) -> None:
    office.set_up(office.person())

    manifest = office.github.registrations.manifests[0]
    assert manifest["name"] == "Shipmate acme"
    assert manifest["public"] is False
    assert manifest["hook_attributes"] == {"url": "https://ship.acme.example/github/webhook", "active": True}
    assert manifest["default_permissions"] == {
        "actions": "read",
        "checks": "read",
        "contents": "write",
        "deployments": "write",
        "metadata": "read",
        "pull_requests": "write",
        "statuses": "read",
    }
    assert {"pull_request", "deployment", "deployment_status", "status", "check_run"} < {*manifest["default_events"]}


def test_a_workflow_that_deploys_needs_the_permission_to_start_it(office: Office) -> None:
    office.answers |= {"One of these": "2", "Workflow that deploys": "ship.yml"}

    office.set_up(office.person())

    assert office.github.registrations.manifests[0]["default_permissions"]["actions"] == "write"
    assert load(office.settings, {}).apps["shop"].environments["production"].provider.type == "github_actions"


def test_without_an_address_the_app_has_no_webhook_and_a_secret_is_made_up(office: Office) -> None:
    office.answers["Address, such as"] = ""

    office.set_up(office.person())

    assert "hook_attributes" not in office.github.registrations.manifests[0]
    assert len(office.env.variables()["GITHUB_WEBHOOK_SECRET"]) == 64


def test_the_slack_app_is_made_with_our_manifest_for_this_address(office: Office) -> None:
    person = office.person()

    office.set_up(person)

    link = next(url for url in person.opened if "/apps?" in url)
    manifest = links_of(link)["manifest_yaml"][0]
    assert "ship.acme.example" in manifest
    assert "shipmate.example.com" not in manifest
    assert "socket_mode_enabled: true" in manifest
    assert "#" not in manifest.replace('"#1f3a5f"', "")
    assert len(link) < 8000


def test_without_an_address_no_link_can_unfurl(office: Office) -> None:
    office.answers["Address, such as"] = ""
    person = office.person()

    office.set_up(person)

    manifest = links_of(next(url for url in person.opened if "/apps?" in url))["manifest_yaml"][0]
    assert "unfurl" not in manifest
    assert "link_shared" not in manifest


def test_slack_over_http_needs_a_signing_secret_and_three_addresses(office: Office) -> None:
    office.answers |= {"Socket Mode": "n", "Signing Secret": "8f742231b10e8888abcd99yyyzzz85a5"}
    person = office.person()

    office.set_up(person)

    manifest = links_of(next(url for url in person.opened if "/apps?" in url))["manifest_yaml"][0]
    assert manifest.count("https://ship.acme.example/slack/events") == 3
    assert "socket_mode_enabled: false" in manifest
    assert "SLACK_APP_TOKEN" not in office.env.variables()
    assert office.env.variables()["SLACK_SIGNING_SECRET"] == "8f742231b10e8888abcd99yyyzzz85a5"


def test_tokens_are_tried_before_they_are_kept(office: Office) -> None:
    office.answers |= {
        "Bot User OAuth Token": ["hunter2", "xoxb-wrong", office.slack.bot_token],
        "App-level token": ["xapp-wrong", office.slack.app_token],
    }
    person = office.person()

    office.set_up(person)

    assert "That is not it: it begins with xoxb-." in person.text
    assert person.text.count("✗") == 2
    assert office.env.variables()["SLACK_BOT_TOKEN"] == office.slack.bot_token


def test_an_address_that_is_none_is_asked_again(office: Office) -> None:
    office.answers["Address, such as"] = ["ship.acme.example", "https://ship.acme.example/"]
    person = office.person()

    office.set_up(person)

    assert "✗ BASE_URL must be an address that begins with https://" in person.text
    assert office.env.variables()["BASE_URL"] == "https://ship.acme.example"


def test_a_browser_on_another_machine_needs_only_its_last_address_pasted(office: Office) -> None:
    person, browser = office.person(), Browser(office.github, "acme/shop")
    led: list[str] = []

    def elsewhere(url: str) -> None:
        if url.endswith("/installations/new"):
            browser.open(url)
        elif "/apps?" not in url:
            led.append(browser.led_to(url))
            person.answers["Enter when it says Done"] = [led[0]]

    person.on_open = elsewhere

    assert office.set_up(person) == 0
    assert office.env.variables()["GITHUB_APP_ID"] == office.github.registrations.made[0].app_id


def test_an_answer_with_another_state_is_refused(office: Office) -> None:
    person, browser = office.person(), Browser(office.github, "acme/shop")
    answers: list[requests.Response] = []

    def forge(url: str) -> None:
        if urlsplit_is_local(url):
            code = links_of(browser.led_to(url))["code"][0]
            answers.append(requests.get(f"{url}back?code={code}&state=guessed", timeout=10))
            answers.append(requests.get(f"{url}back?code={code}", timeout=10))
            person.answers["Enter when it says Done"] = ["https://elsewhere.example/?code=x&state=y"]

    person.on_open = forge
    with pytest.raises(Stopped):
        office.set_up(person)

    assert [answer.status_code for answer in answers] == [400, 400]
    assert "does not belong to the set-up that is running" in person.text
    assert "GITHUB_APP_ID" not in office.env.variables()


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "localhost@evil", "["]
)
def test_the_page_of_another_site_whose_name_leads_here_reads_nothing(office: Office, host: str) -> None:
    person, browser = office.person(), Browser(office.github, "acme/shop")
    answers: list[requests.Response] = []

    def rebind(url: str) -> None:
        if urlsplit_is_local(url):
            named = {"Host": host.replace("{port}", url.rstrip("/").rpartition(":")[2])}
            answers.append(requests.get(url, headers=named, timeout=10))
            answers.append(requests.get(browser.led_to(url), headers=named, timeout=10))

    person.on_open = rebind
    with pytest.raises(Stopped):
        office.set_up(Person(person.answers | {"Enter when": []}, on_open=rebind))

    assert [answer.status_code for answer in answers] == [421, 421]
    assert "state=" not in answers[0].text
    assert "GITHUB_APP_ID" not in office.env.variables()


@pytest.mark.parametrize("host", ["localhost", "localhost:9000", "127.0.0.1:9000"])
def test_the_local_page_may_be_reached_through_a_tunnel(office: Office, host: str) -> None:
    person, answers = office.person(), []

    def look(url: str) -> None:
        if urlsplit_is_local(url):
            answers.append(requests.get(url, headers={"Host": host}, timeout=10))

    with pytest.raises(Stopped):
        office.set_up(Person(person.answers | {"Enter when": []}, on_open=look))

    assert [answer.status_code for answer in answers] == [200]


def test_the_local_page_may_only_post_to_github(office: Office) -> None:
    person, seen = office.person(), []

    def look(url: str) -> None:
        if urlsplit_is_local(url):
            seen.append(requests.get(url, timeout=10).headers)
            seen.append(requests.get(f"{url}favicon.ico", timeout=10).headers)

    person.on_open = look
    with pytest.raises(Stopped):
        office.set_up(Person(person.answers | {"Enter when": []}, on_open=look))

    policy = f"default-src 'none'; form-action {office.github.url}; base-uri 'none'; frame-ancestors 'none'"
    assert {headers["Content-Security-Policy"] for headers in seen} == {policy}
    assert {headers["Referrer-Policy"] for headers in seen} == {"no-referrer"}


def test_a_code_that_github_no_longer_knows_leaves_everything_as_it_was(office: Office) -> None:
    person, browser = office.person(), Browser(office.github, "acme/shop")

    def too_late(url: str) -> None:
        if urlsplit_is_local(url):
            led = browser.led_to(url)
            office.github.registrations.codes.clear()
            person.answers["Enter when it says Done"] = [led]

    person.on_open = too_late
    with pytest.raises(Stopped):
        office.set_up(person)

    assert "✗ GitHub does not know this code: it holds for an hour, and only once." in person.text
    assert "GITHUB_APP_ID" not in office.env.variables()


def test_everything_can_be_copied_by_hand(office: Office, tmp_path: Path) -> None:
    app = office.github.add_app("acme/shop", slug="made-by-hand")
    (tmp_path / "key.pem").write_text(app.private_key)
    office.answers |= {
        "Enter when it says Done": "hand",
        "App ID": ["shipmate", app.app_id],
        "Path of the private key": ["/nowhere", str(tmp_path / "settings.toml"), str(tmp_path / "key.pem")],
        "Client ID": "Iv1.hand",
    }
    person = office.person()
    person.on_open = lambda url: None

    assert office.set_up(person) == 0

    link = next(line.strip() for line in person.said if "webhook_url" in line)
    form = links_of(link)
    assert form["webhook_url"] == ["https://ship.acme.example/github/webhook"]
    assert (form["contents"], form["checks"]) == (["write"], ["read"])
    assert {"pull_request", "check_run"} < {*form["events[]"]}
    assert link.startswith(f"{office.github.url}/organizations/acme/settings/apps/new?")
    assert office.env.variables()["GITHUB_CLIENT_ID"] == "Iv1.hand"


def test_the_bot_is_invited_before_the_check(office: Office) -> None:
    office.answers["Channel in Slack"] = "#later"

    class Inviting(Person):
        def confirm(self, question: str, *, default: bool = True) -> bool:
            if "/invite" in self.said[-1]:
                office.slack.add_channel("later")
            return super().confirm(question, default=default)

    usual = office.person()
    person = Inviting(usual.answers, usual.on_open)

    assert office.set_up(person) == 0
    assert "→ Write /invite @shipmate in #later, or correct the name in settings.toml." in person.text


def test_whoever_has_a_fault_left_is_told_to_mend_it(office: Office) -> None:
    office.exit_code = 1
    person = office.person()

    assert office.set_up(person) == 1
    assert person.said[-1] == "\nMend what has a ✗, and run this again: what is done is not asked for again."


def test_a_token_in_the_environment_needs_no_app(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = office.environ
    monkeypatch.setattr(
        Office, "environ", property(lambda self: {**addresses, "GITHUB_TOKEN": self.github.token}), raising=True
    )
    person = office.person()

    assert office.set_up(person) == 0
    assert office.github.registrations.made == []
    assert "GITHUB_TOKEN" not in (office.folder / ".env").read_text()


def test_whoever_sets_it_up_is_known_from_the_beginning(office: Office) -> None:
    office.answers |= {
        "e-mail address in Slack": ["maria@elsewhere.example", "maria@acme.example"],
        "login on GitHub": ["maria smith", "@maria-s"],
    }
    person = office.person()

    assert office.set_up(person) == 0

    assert "Nobody in this workspace has it." in person.text
    assert "It is what stands behind @ on GitHub" in person.text
    assert load(office.settings, {}).people == {office.slack.workspace.user("maria").id: "maria-s"}
    assert '#U012AB3CD = "octocat"' in office.settings.read_text()


@pytest.mark.parametrize(
    "later", [{"e-mail address in Slack": ""}, {"login on GitHub": ""}, {"e-mail address in Slack": []}]
)
def test_whoever_does_not_say_who_they_are_is_set_up_all_the_same(
    office: Office, later: dict[str, str | list[str]]
) -> None:
    office.answers = {**later, **{name: one for name, one in office.answers.items() if name not in later}}
    person = office.person()

    assert office.set_up(person) == 0
    assert load(office.settings, {}).people == {}
    assert person.said[-1] == "  @shipmate deploy main to staging"


def test_whoever_says_no_is_asked_again_and_nothing_is_written(office: Office) -> None:
    before = office.settings.read_text()
    office.answers["Write this"] = ["n"]
    person = office.person()

    with pytest.raises(Stopped):
        office.set_up(person)

    assert f"Then once more, from the first question; Ctrl-C leaves {office.settings} as it is." in person.text
    assert person.asked.count("Repository on GitHub, as owner/name") == 2
    assert office.settings.read_text() == before


def test_what_would_change_is_shown_without_the_comments_behind_it(office: Office) -> None:
    person = office.person()

    office.set_up(person)

    assert '    +repository = "acme/shop"' in person.said
    assert '    +channel = "#shop"' in person.said


@pytest.mark.parametrize("given", ["https://github.com/acme/shop", "git@github.com:acme/shop.git"])
def test_the_address_of_a_repository_is_as_good_as_its_name(office: Office, given: str) -> None:
    office.answers["Repository on GitHub"] = given

    assert office.set_up(office.person()) == 0
    assert load(office.settings, {}).apps["shop"].repository == "acme/shop"


def test_a_hook_needs_an_address(office: Office) -> None:
    office.answers |= {"One of these": "4", "Address of the deploy hook": ["", "hook", "https://hooks.example/shop"]}
    person = office.person()

    office.set_up(person)

    assert person.said.count("  It begins with https://.") == 2
    assert load(office.settings, office.env.variables()).apps["shop"].environments["staging"].provider.type == "http"


def test_in_a_folder_without_settings_they_are_written(office: Office) -> None:
    office.settings.unlink()

    assert office.set_up(office.person()) == 0
    assert load(office.settings, {}).apps["shop"].repository == "acme/shop"


@pytest.mark.parametrize(("before", "after"), [(None, 0o600), (0o600, 0o600), (0o640, 0o640), (0o644, 0o600)])
def test_a_linked_file_stays_a_link_and_what_it_leads_to_is_written(
    office: Office, before: int | None, after: int
) -> None:
    shared, link, between = office.folder / "shared", office.folder / ".env", office.folder / "env"
    shared.mkdir()
    between.symlink_to("shared/env")
    link.symlink_to(between)
    if before is not None:
        (shared / "env").write_text("# ours\n")
        (shared / "env").chmod(before)

    office.env.set(BASE_URL="https://ship.acme.example")

    assert (link.readlink(), between.readlink()) == (between, Path("shared/env"))
    assert (shared / "env").read_text() == ("# ours\n" if before else "") + "BASE_URL='https://ship.acme.example'\n"
    assert stat.S_IMODE((shared / "env").stat().st_mode) == after
    assert [one.name for one in shared.iterdir()] == ["env"]


def test_linked_settings_stay_a_link(office: Office) -> None:
    kept = office.settings.rename(office.folder / "kept.toml")
    office.settings.symlink_to(kept)

    assert office.set_up(office.person()) == 0

    assert office.settings.readlink() == kept
    assert load(kept, {}).apps["shop"].repository == "acme/shop"


def test_where_nothing_can_be_written_that_is_said_at_once(office: Office) -> None:
    (office.folder / "file").write_text("")

    with pytest.raises(Rejected) as caught:
        EnvFile({}, office.folder / "file" / ".env").set(BASE_URL="https://ship.acme.example")

    folder = office.folder / "file"
    assert str(caught.value) == (
        f"{folder / '.env'} cannot be written in {folder}: Not a directory. Use a folder of your own."
    )


def urlsplit_is_local(url: str) -> bool:
    return url.startswith("http://127.0.0.1:") and url.endswith("/") and "/apps" not in url
