"""A command in a clean checkout: what it is given, what it prints, how it ends."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bot.core.errors import Rejected
from bot.core.ports.provider import Outcome
from bot.providers import shell
from bot.settings import Secrets

BEGUN = "Running the command of web in production on 1a2b3c4"
SUCCEEDED = Outcome("succeeded", "The command succeeded")


PAGE = (Path(__file__).parents[2] / "docs" / "providers.md").read_text(encoding="utf-8")


@pytest.fixture
def deploy(run_with, tmp_path):
    def work(command: str | list[str], *, files=None, **changes):
        own = {key: changes.pop(key) for key in ("environment", "inherit") if key in changes}
        settings = shell.Settings(command=command, directory=str(tmp_path), **own)
        run = run_with(settings, files=files, **changes)
        return run, shell.follow(run, shell.start(run))

    return work


def test_the_command_runs_in_a_checkout_of_the_commit(deploy) -> None:
    run, outcome = deploy("ls; cat app.txt", files={"app.txt": "hello\n", "lib/more.txt": ""})

    assert outcome == SUCCEEDED
    assert run.lines == [BEGUN, "app.txt", "lib", "hello"]


def test_errors_are_shown_among_the_output_in_their_order(deploy) -> None:
    run, _ = deploy("echo one; echo two >&2; printf three")

    assert run.lines == [BEGUN, "one", "two", "three"]


def test_a_list_is_a_program_with_its_arguments_and_no_shell_reads_it(deploy) -> None:
    run, outcome = deploy(["echo", "$HOME", "; exit 3", "*"])

    assert outcome == SUCCEEDED
    assert run.lines == [BEGUN, "$HOME ; exit 3 *"]


def test_a_program_of_the_commit_can_be_the_command(deploy) -> None:
    run, outcome = deploy("sh bin/deploy", files={"bin/deploy": "echo deployed $SHIPMATE_REF\n"})

    assert outcome == SUCCEEDED
    assert run.lines == [BEGUN, "deployed topic"]


@pytest.mark.parametrize(
    ("command", "description"),
    [
        ("exit 3", "exit code 3"),
        ("no-such-program", "exit code 127: the command was not found"),
        (["no-such-program"], "exit code 127: the command was not found"),
        (["./app.txt"], "exit code 126: the command is not executable"),
        ("kill -KILL $$", "exit code 137: SIGKILL"),
        (["exit", "0"], "exit code 127: the command was not found"),
    ],
)
def test_a_failure_says_the_exit_code_and_what_it_means(deploy, command, description) -> None:
    _, outcome = deploy(command)

    assert outcome == Outcome("failed", description)


def test_links_that_the_command_prints_become_the_deployments(deploy) -> None:
    run, outcome = deploy(
        "echo SHIPMATE_ENVIRONMENT_URL=https://old.example.com;"
        "echo SHIPMATE_ENVIRONMENT_URL=https://web.example.com/a?b=c;"
        "echo SHIPMATE_LOG_URL=https://logs.example.com/1;"
        "echo SHIPMATE_LOG_URL=javascript:alert"
    )

    assert outcome.environment_url == "https://web.example.com/a?b=c"
    assert outcome.log_url == "https://logs.example.com/1"
    assert len(run.lines) == 5


def test_a_hostile_ref_arrives_as_it_is(deploy) -> None:
    hostile = "$(rm -rf /)`id`'\";\\n\n&& exit 3"

    run, outcome = deploy('printf "%s" "$SHIPMATE_REF"', ref=hostile, params={"why": hostile})

    assert outcome == SUCCEEDED
    assert "\n".join(run.lines[1:]) == hostile


def test_the_command_is_told_everything_about_the_deployment(deploy) -> None:
    run, _ = deploy(
        "env | grep ^SHIPMATE_ | grep -v ^SHIPMATE_RUN= | sort",
        hosts="fe",
        force=True,
        params={"dry-run": "yes", "größe": "7"},
        one_time_password="123456",
    )

    assert run.lines[1:] == [
        "SHIPMATE_APP=web",
        "SHIPMATE_DEPLOYMENT_ID=7",
        "SHIPMATE_ENVIRONMENT=production",
        "SHIPMATE_FORCE=true",
        "SHIPMATE_HOSTS=fe",
        "SHIPMATE_ONE_TIME_PASSWORD=••••",
        "SHIPMATE_PARAM_DRY_RUN=yes",
        "SHIPMATE_PARAM_GR__E=7",
        "SHIPMATE_REF=topic",
        "SHIPMATE_REPOSITORY=acme/web",
        "SHIPMATE_REQUESTED_BY=octocat",
        "SHIPMATE_REQUEST_ID=d3f4c8a0-7",
        f"SHIPMATE_SHA=1a2b3c4{'0' * 33}",
        "SHIPMATE_TASK=deploy",
    ]


def test_every_variable_is_described(deploy) -> None:
    run, _ = deploy("env | grep ^SHIPMATE_", one_time_password="123456", pull_request=12)

    names = {line.partition("=")[0] for line in run.lines[1:]}
    assert len(names) == 14
    assert not [name for name in names if f"`{name}`" not in PAGE]


def test_settings_add_variables_but_cannot_change_what_is_deployed(deploy) -> None:
    run, _ = deploy('echo "$RAILS_ENV $SHIPMATE_REF"', environment={"RAILS_ENV": "production", "SHIPMATE_REF": "other"})

    assert run.lines[1:] == ["production topic"]


def test_what_the_bot_knows_does_not_reach_the_command(deploy, monkeypatch) -> None:
    for name in ("SLACK_BOT_TOKEN", "GITHUB_TOKEN", "DATABASE_URL", "SOMETHING_ELSE", "SHIPMATE_SETTINGS"):
        monkeypatch.setenv(name, "hush-hush")
    monkeypatch.setenv("LC_TIME", "C")

    run, _ = deploy("env")
    names = {line.partition("=")[0] for line in run.lines[1:] if not line.startswith("SHIPMATE_")}

    assert "hush-hush" not in "\n".join(run.lines)
    assert {"PATH", "LC_TIME"} <= names
    assert names <= {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_TIME", "LC_ALL", "LC_CTYPE",
                     "TZ", "TMPDIR", "PWD", "OLDPWD", "SHLVL", "_"}  # fmt: skip


def test_an_inherited_variable_is_passed_on_and_hidden_in_the_output(deploy, monkeypatch) -> None:
    monkeypatch.setenv("DEPLOY_KEY", "correct horse")

    run, _ = deploy('test "$DEPLOY_KEY" = "correct horse" && echo "the key is $DEPLOY_KEY"', inherit=["DEPLOY_KEY"])

    assert run.lines[1:] == ["the key is ••••"]


def test_of_the_settings_what_is_called_a_secret_is_hidden_in_the_output(deploy) -> None:
    run, _ = deploy(
        'echo "$PGPASSWORD $SECRET_KEY_BASE $RAILS_ENV $KEYBOARD"',
        environment={
            "PGPASSWORD": "hush hush",
            "SECRET_KEY_BASE": "5e3a5e3a",
            "RAILS_ENV": "production",
            "KEYBOARD": "qwerty",
        },
    )

    assert run.lines[1:] == ["•••• •••• production qwerty"]


@pytest.mark.parametrize(
    "name",
    [field.upper() for field, info in Secrets.model_fields.items() if SecretStr.__name__ in str(info.annotation)],
)
def test_a_secret_of_the_bot_cannot_be_inherited(name) -> None:
    with pytest.raises(ValidationError) as refused:
        shell.Settings(command="true", inherit=[name])

    assert f"{name}: secrets of the bot are not handed to commands" in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"command": " "},
        {"command": []},
        {"command": ["", "x"]},
        {"command": "a\0b"},
        {"command": "true", "resume": "maybe"},
        {"command": "true", "environment": {"NOT A NAME": "x"}},
        {"command": "true", "comand": "x"},
        {},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong) -> None:
    with pytest.raises(ValidationError):
        shell.Settings(**wrong)


def test_a_repeated_follow_gives_the_same_outcome_and_runs_nothing(run_with, tmp_path) -> None:
    settings = shell.Settings(command=f"echo ran >> {tmp_path}/ran; exit 3", directory=str(tmp_path))
    first = run_with(settings)
    handle = shell.start(first)
    outcome = shell.follow(first, handle)
    later = run_with(settings)

    assert shell.start(later) == handle
    assert shell.follow(later, handle) == outcome == Outcome("failed", "exit code 3")
    assert later.lines == []
    assert later.checkouts == 0
    assert (tmp_path / "ran").read_text() == "ran\n"


def test_checkout_and_output_are_gone_afterwards(run_with, tmp_path) -> None:
    run = run_with(shell.Settings(command="mkdir a; touch a/b; chmod 500 a", directory=str(tmp_path)))
    handle = Path(shell.start(run))
    shell.follow(run, str(handle))

    assert not (handle / "1" / "checkout").exists()
    assert not (handle / "1" / "output.log").exists()
    assert sum(file.stat().st_size for file in handle.rglob("*") if file.is_file()) < 1000


def test_old_finished_runs_are_forgotten(run_with, tmp_path) -> None:
    for number in range(205):
        old = tmp_path / "runs" / f"old-{number}"
        old.mkdir(parents=True)
        (old / "outcome.json").write_text("{}")
    run = run_with(shell.Settings(command="true", directory=str(tmp_path)))

    shell.follow(run, shell.start(run))

    assert len(list((tmp_path / "runs").iterdir())) == 200
    assert (tmp_path / "runs" / run.job.request_id).is_dir()


def test_a_strange_request_id_stays_inside_the_directory(deploy, tmp_path) -> None:
    _, outcome = deploy("true", request_id="../../../etc/x y")

    assert outcome == SUCCEEDED
    assert [len(entry.name) for entry in (tmp_path / "runs").iterdir()] == [64]


def test_runs_live_in_the_temporary_directory_unless_the_settings_say_otherwise(
    run_with, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    run = run_with(shell.Settings(command="true"))

    handle = shell.start(run)
    shell.follow(run, handle)

    private = tmp_path / f"shipmate-{os.getuid()}"
    assert handle == str(private / "runs" / "d3f4c8a0-7")
    assert private.stat().st_mode & 0o777 == 0o700


def test_a_command_that_floods_the_disk_is_stopped(deploy) -> None:
    run, outcome = deploy("truncate -s 600M ../output.log; sleep 60")

    assert outcome == Outcome("failed", "Stopped: it printed more than 512 MB")
    assert run.lines[1] == "… 613,376 kB of output left out …"


def test_nobody_else_can_look_into_the_runs(deploy, tmp_path) -> None:
    deploy("true")

    assert (tmp_path / "runs").stat().st_mode & 0o777 == 0o700


def test_a_directory_that_is_a_link_is_refused(deploy, tmp_path) -> None:
    (tmp_path / "runs").symlink_to("/tmp")

    with pytest.raises(Rejected) as refused:
        deploy("true")

    assert str(refused.value) == f"{tmp_path}/runs must be a directory that belongs to the user who runs the bot."


@pytest.mark.parametrize(
    ("variable", "value", "secret"),
    [
        ("GH_TOKEN", "ghp_hush-hush", {"GITHUB_TOKEN": "ghp_hush-hush"}),
        ("NETRC", "login bot password ghp_hush-hush", {"GITHUB_TOKEN": "ghp_hush-hush"}),
        ("PGPASSWORD", "hush-hush", {"DATABASE_URL": "postgres://bot:hush-hush@db/bot"}),
    ],
)
def test_a_secret_under_another_name_is_not_handed_on(deploy, monkeypatch, variable, value, secret) -> None:
    for name, text in {variable: value, **secret}.items():
        monkeypatch.setenv(name, text)

    with pytest.raises(Rejected) as refused:
        deploy("true", inherit=["LANG", variable])

    assert str(refused.value) == f"{variable} of `inherit` holds a secret of the bot, which is not handed to commands."


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_whatever_the_umask_a_run_is_for_the_bots_user_alone(deploy, tmp_path, umask: int) -> None:
    before = os.umask(umask)
    try:
        run, outcome = deploy("umask; stat -c %a ../.. .. . ../claim ../output.log")
    finally:
        os.umask(before)

    left = {path.stat().st_mode & 0o777 for path in (tmp_path / "runs").rglob("*") if path.is_file()}
    assert outcome == SUCCEEDED
    assert int(run.lines[1], 8) == umask
    assert run.lines[2:] == ["700", "700", "700", "600", "600"]
    assert left == {0o600}
