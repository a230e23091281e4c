"""Starting and not starting: bad settings, missing tokens, taken ports, migrations, and the terminal."""

from __future__ import annotations

import http.client
import json
import os
import socket
import sqlite3
from typing import Any
from urllib.parse import urlsplit

from tests.end_to_end.installation import REPOSITORY, Installation
from tests.patience import PATIENCE

TEN_MISTAKES = """
[bot]
timezone = "Mars/Olympus"
nme = "shipmate"

[slack]
chanel = "#deploys"

[apps.web]
repository = "no-slash"
default_environment = "prodction"
provider = { type = "magic" }

[apps.web.environments.staging]
deploy_on_merge = "main"
timeout = "soon"
promote_to = "nowhere"

[apps.web.environments.production]
approvals = -1
required_checks = 7
"""


def test_ten_mistakes_are_told_together_without_a_traceback(site: Installation) -> None:
    site.settings(TEN_MISTAKES)

    bot = site.starts("run")

    assert bot.wait() == 1
    assert all(line.startswith("✗ ") and line.endswith((".", "?")) for line in bot.lines), bot.printed
    for mistake in (
        "Mars/Olympus",
        "bot.nme",
        "slack.chanel",
        "no-slash",
        "prodction",
        "magic",
        "deploy_on_merge",
        "soon",
        "nowhere",
        "approvals",
        "required_checks",
    ):
        assert any(mistake in line for line in bot.lines), f"{mistake}\n{bot.printed}"


def test_a_process_that_misses_something_says_what_and_where_to_get_it(site: Installation) -> None:
    everything = dict(site.environ)
    bots = []

    for process, variable in (("run", "SLACK_BOT_TOKEN"), ("worker", "GITHUB_TOKEN"), ("web", "GITHUB_WEBHOOK_SECRET")):
        site.environ = {name: value for name, value in everything.items() if name != variable}
        bots.append(site.starts(process))
    bots.append(site.starts("run", "--settings", "elsewhere.toml"))

    assert [bot.wait() for bot in bots] == [1, 1, 1, 1]
    assert [bot.printed.partition(":")[0] for bot in bots] == [
        "✗ SLACK_BOT_TOKEN is not set",
        "✗ GITHUB_TOKEN is not set, nor are GITHUB_APP_ID and GITHUB_PRIVATE_KEY",
        "✗ GITHUB_WEBHOOK_SECRET is not set",
        "✗ There is no elsewhere.toml",
    ]
    assert [len(bot.lines) for bot in bots] == [1, 1, 1, 1]


def test_a_port_that_is_taken_ends_the_process_with_a_sentence(site: Installation) -> None:
    with socket.create_server(("0.0.0.0", site.port)):
        bot = site.starts("run")
        code = bot.wait()

    assert code == 1
    assert bot.lines[-1] == f"✗ The port {site.port} cannot be opened: Address already in use."
    assert "Traceback" not in bot.printed


def test_a_bot_whose_app_token_slack_does_not_take_says_so_and_deploys_what_is_merged(site: Installation) -> None:
    site.environ["SLACK_APP_TOKEN"] = "xapp-of-another-app"
    bot = site.starts("run")
    bot.wait_until_ready()
    site.subscribe()

    site.github.commit(REPOSITORY, "topic", "Add search")
    site.github.create_deployment(REPOSITORY, "topic", environment="production", by="jenkins")
    site.wait_for(site.parents, "the deployment that was told by a webhook")

    [line] = [line for line in bot.lines if "Slack is not heard" in line]
    assert "Slack does not accept the token for apps.connections.open (invalid_auth)" in line
    assert "Set it as SLACK_APP_TOKEN, and restart me. I keep trying." in line
    assert "Traceback" not in bot.printed
    assert bot.terminate() == 0


def test_a_database_that_does_not_answer_ends_the_process_with_a_sentence(site: Installation) -> None:
    site.environ["DATABASE_URL"] = f"sqlite:///{site.directory / 'nowhere' / 'bot.db'}"

    serving, migrating = site.starts("run"), site.starts("migrate")

    assert (serving.wait(), migrating.wait()) == (1, 1)
    nowhere = site.directory / "nowhere" / "bot.db"
    assert serving.lines[-1] == f"✗ The database does not answer: {nowhere}: No such file or directory."
    assert migrating.printed == ("✗ The database does not answer: unable to open database file. Compare DATABASE_URL.")


def test_a_second_process_on_the_same_sqlite_file_is_refused_and_the_first_goes_on(site: Installation) -> None:
    site.environ["DATABASE_URL"] = f"sqlite:///{site.directory / 'bot.db'}"
    first = site.runs("worker")

    second = site.starts("worker")

    assert second.wait() == 1
    assert second.lines[-1].startswith(f"✗ Another process uses {site.directory / 'bot.db'} already")
    site.deploys()
    site.ended("is live")
    assert first.terminate() == 0


def test_migrating_twice_leaves_a_database_that_the_bot_starts_on(site: Installation) -> None:
    first = site.starts("migrate")
    codes = [first.wait()]
    second = site.starts("migrate")
    codes.append(second.wait())

    bot = site.runs()

    assert codes == [0, 0]
    assert (first.printed, second.printed) == ("The database is up to date.", "The database is up to date.")
    assert bot.terminate() == 0
    with sqlite3.connect(site.directory / "shipmate.db") as database:
        found = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    database.close()
    assert {"deployments", "deliveries", "effects", "workflow_status"} <= found


def test_the_terminal_deploys_from_a_pipe_and_goes_on_in_the_same_folder(site: Installation) -> None:
    site.environ.clear()

    first = site.starts("talk", typed="deploy topic to production\n")
    code = first.wait()
    second = site.starts("talk", typed="status web production\n/quit\n")
    code_again = second.wait()

    assert (code, code_again) == (0, 0)
    assert first.lines[0] == "Shipmate is here. Three things worth typing:"
    for said in ("🚀 web → production  is under way", "✅ web → production  is live", "✅ @you live in "):
        assert any(said in line for line in first.lines), first.printed
    assert "\x1b" not in first.printed
    page = site.directory / ".shipmate" / "production" / "current" / "index.html"
    assert "Ahoy, crew" in page.read_text()
    assert "topic" in second.printed.split("status web production", 1)[1]
    assert not any("is under way" in line for line in second.lines)


def test_a_greeting_in_the_terminal_is_greeted_back_and_exit_leaves(site: Installation) -> None:
    site.environ.clear()

    ran = site.starts("talk", typed="hello\nexit\nstatus\n")
    code = ran.wait()

    assert code == 0
    assert ran.lines[-4:] == ["> hello", "(only you) 👋 “help” shows what I understand.", "", "> exit"]


def test_what_becomes_due_while_the_terminal_waits_happens_at_its_moment(site: Installation) -> None:
    site.environ.clear()

    said = "deploy topic to production in 2 hours\nfreeze staging until in 1 hour because release\n/wait 3h\nschedule\n"
    ran = site.starts("talk", typed=said)
    code = ran.wait()

    assert code == 0
    assert "☀️ web: staging is no longer frozen." in ran.lines
    assert any("topic@" in line and "scheduled by you" in line for line in ran.lines), ran.printed
    assert not any("was due" in line for line in ran.lines)
    assert any("Nothing is scheduled for web." in line for line in ran.lines)


def test_the_terminal_takes_what_programs_ask_for_with_a_token_of_whoever_sits_there(site: Installation) -> None:
    site.environ.clear()
    talk = site.starts("talk", typed=None)
    talk.types("/as maria\n/token ci\n")
    address = talk.said(lambda line: "curl -s " in line).split()[2].removesuffix("/board")
    secret = talk.said(lambda line: line.startswith("shp_"))

    board = asks(f"{address}/board", secret)
    made = asks(f"{address}/deployments", secret, {"ref": "topic", "environment": "production"})
    talk.said(lambda line: "web → production  is live" in line)
    shown = asks(f"{address}/deployments/{made[1]['id']}", secret)
    talk.types("/token ci\n")
    other = talk.said(lambda line: line.startswith("shp_") and line != secret)
    refused = asks(f"{address}/board", secret)[0], asks(f"{address}/board", other)[0]
    talk.ends()

    assert talk.wait() == 0
    assert (board[0], board[1]["apps"][0]["name"]) == (200, "web")
    assert (made[0], made[1]["requested_by"]["name"], shown[1]["state"]) == (201, "maria", "succeeded"), talk.printed
    assert refused == (401, 200)
    assert secret not in (site.directory / ".shipmate" / "talk.log").read_text()


def asks(address: str, secret: str, body: dict[str, str] | None = None) -> tuple[int, Any]:
    """The status and the answer of the API."""
    raw = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE)
    try:
        connection.request("GET" if raw is None else "POST", parts.path, raw, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_a_process_ends_however_early_it_is_told_to(site: Installation) -> None:
    told = site.starts(program="tests.end_to_end.stopping")

    assert told.wait() == 0, told.printed
    assert int(told.lines[-1]) > 10


def test_what_the_terminal_keeps_is_for_its_user_alone_whatever_the_umask(site: Installation) -> None:
    site.environ.clear()
    home = site.directory / ".shipmate"
    home.mkdir(mode=0o755)
    (home / "history").touch(0o644)
    before = os.umask(0)

    ran = site.starts("talk", typed="deploy topic to staging\n")
    code = ran.wait()
    os.umask(before)

    files = {entry.name: entry.stat().st_mode & 0o777 for entry in home.iterdir() if entry.is_file()}
    assert code == 0, ran.printed
    assert home.stat().st_mode & 0o777 == 0o700
    assert {"talk.db", "talk.log", "record.json", "record.json.lock", "settings.toml", "history"} <= set(files)
    assert {name for name, mode in files.items() if mode != 0o600} == set()
