"""Steps around a provider: in which order they run, what their failure means, and that each runs once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.core.deployments.steps import Progress
from bot.core.errors import NotAccepted, Rejected, Unavailable
from bot.core.ports.provider import Outcome, Run
from bot.providers import shell
from bot.providers._command import Command
from bot.runtime import plans
from bot.runtime.plans import CommandStage, Plan
from bot.runtime.stages import ASK_AGAIN, Stages
from bot.settings import read
from tests.providers.conftest import T0, ModelRun

RELEASED = Outcome("succeeded", "Released", "https://web.example")


class KeptRun(ModelRun):
    """Its notes outlive the process."""

    directory: Path

    def note(self, name: str) -> str | None:
        file = self.directory / name
        return file.read_text() if file.exists() else None

    def keep(self, name: str, value: str) -> None:
        fresh = self.directory / f"{name}.fresh"
        fresh.write_text(value)
        fresh.rename(self.directory / name)


class Forgetful(ModelRun):
    """Every other time its notes cannot be reached."""

    away = False

    def _come_and_go(self, name: str) -> None:
        self.away = not self.away and name.startswith("stage:")
        if self.away:
            raise Unavailable("The database does not answer.")

    def note(self, name: str) -> str | None:
        self._come_and_go(name)
        return super().note(name)

    def keep(self, name: str, value: str) -> None:
        self._come_and_go(name)
        super().keep(name, value)


class Model:
    """A provider that ends as it is told; ``troubles`` are raised one after another before it begins."""

    carries_out = True
    Settings = shell.Settings

    def __init__(self, outcome: Outcome = RELEASED) -> None:
        self.outcome = outcome
        self.troubles: list[BaseException] = []
        self.on_trouble: Callable[[], None] = lambda: None
        self.begun = 0
        self.on_follow: Callable[[Run], None] = lambda _: None

    def start(self, run: Run) -> str:
        if self.troubles:
            self.on_trouble()
            raise self.troubles.pop(0)
        self.begun += 1
        run.write("released")
        return "handle"

    def follow(self, run: Run, handle: str) -> Outcome:
        assert handle == "handle"
        self.on_follow(run)
        return self.outcome


@pytest.fixture
def around(tmp_path: Path) -> Callable[..., Plan]:
    def make(before: dict[str, str], after: dict[str, str], **settings: Any) -> Plan:
        return Plan(
            tuple(stage("before", n, name, command) for n, (name, command) in enumerate(before.items(), 1)),
            tuple(stage("after", n, name, command) for n, (name, command) in enumerate(after.items(), 1)),
        )

    def stage(when: str, number: int, name: str, command: str) -> CommandStage:
        may_fail = name.endswith("?")
        run_as = Command(command=command, directory=str(tmp_path))
        return CommandStage(f"{when}-{number}", name.rstrip("?"), run_as, may_fail)

    return make


def carried_out(
    run: Run, plan: Plan, provider: Any, refused: Callable[[NotAccepted], None] = lambda _: None
) -> Outcome:
    """As two processes would do it, one after the other."""
    handle = plans.work(plans.keep(run, plan), provider, refused).start(run)
    return plans.work(plans.kept(run) or Plan(), provider, refused).follow(run, handle)


def printed(run: ModelRun) -> list[str]:
    return [line for line in run.lines if not line.startswith("Running ")]


def shown(progress: Progress) -> list[str]:
    """The steps as they are told, each with how it stands."""
    signs = {(False, False): "…", (True, False): "", (True, True): "!"}
    runs = progress.steps.runs
    return [f"{one.number} {one.name}{signs[one.ended_at is not None, one.failed]}" for one in runs]


def test_steps_run_in_their_order_around_the_provider_and_are_numbered_with_its_own(run_with, around) -> None:
    run, provider = run_with(None), Model()
    plan = around({"Build": "echo build", "Migrate": "echo migrate"}, {"Smoke test": "cat app.txt"})

    outcome = carried_out(run, plan, provider)

    assert outcome == Outcome("succeeded", "Released", "https://web.example")
    assert printed(run) == ["build", "migrate", "released", "hello"]
    assert run.lines[0] == "Running Build of web in production on 1a2b3c4"
    assert shown(run.told[0]) == ["1 Build…"]
    assert shown(run.told[-1]) == ["1 Build", "2 Migrate", "3 Deploy", "4 Smoke test"]
    assert {progress.steps.total for progress in run.told} == {4}
    assert [progress.description for progress in run.told if progress.description] == [
        *("Build", "Migrate", "Deploy", "Smoke test"),
    ]


def test_the_providers_own_steps_stand_among_the_others(run_with, around, tmp_path) -> None:
    run, provider = run_with(None), Model()
    told = "echo SHIPMATE_STEP=Upload; echo SHIPMATE_STEP=Restart"
    own = run_with(shell.Settings(command=told, directory=str(tmp_path)))
    plan = around({"Migrate": "echo SHIPMATE_STEP=Copy; echo SHIPMATE_PROGRESS=40"}, {"Purge": "true"})

    def tells(inner: Run) -> None:
        shell.follow(own, shell.start(own))
        for progress in own.told:
            inner.tell(progress)

    provider.on_follow = tells
    carried_out(run, plan, provider)

    assert shown(run.told[-1]) == ["1 Migrate: Copy", "2 Upload", "3 Restart", "4 Purge"]
    assert "Migrate: Copy: 40 %" in [progress.description for progress in run.told]
    assert run.told[-1].steps.total == 4


def test_a_step_that_fails_ends_it_before_the_provider_begins(run_with, around) -> None:
    run, provider = run_with(None), Model()

    outcome = carried_out(
        run, around({"Build": "true", "Migrate": "echo no table; exit 3"}, {"Purge": "true"}), provider
    )

    assert outcome == Outcome("failed", "Migrate: exit code 3")
    assert provider.begun == 0
    assert printed(run) == ["no table"]
    assert shown(run.told[-1]) == ["1 Build", "2 Migrate…"]


def test_a_step_after_the_provider_fails_what_was_released(run_with, around) -> None:
    run, provider = run_with(None), Model()

    outcome = carried_out(run, around({}, {"Smoke test": "exit 1", "Purge": "true"}), provider)

    assert outcome == Outcome("failed", "Smoke test: exit code 1")
    assert shown(run.told[-1]) == ["1 Deploy", "2 Smoke test…"]


def test_a_step_that_may_fail_is_marked_and_it_goes_on(run_with, around) -> None:
    run, provider = run_with(None), Model()

    outcome = carried_out(run, around({"Warm up?": "exit 2"}, {"Purge?": "exit 1"}), provider)

    assert outcome == Outcome("succeeded", "Released; Warm up and Purge failed", "https://web.example")
    assert shown(run.told[-1]) == ["1 Warm up!", "2 Deploy", "3 Purge!"]
    assert "Warm up failed (exit code 2), and may: the deployment goes on" in run.lines


def test_where_the_provider_fails_no_step_comes_after_it_and_its_word_stays(run_with, around) -> None:
    run, provider = run_with(None), Model(Outcome("failed", "exit code 9"))

    assert carried_out(run, around({"Build": "true"}, {"Purge": "echo purged"}), provider) == Outcome(
        "failed", "exit code 9"
    )
    assert printed(run) == ["released"]


@pytest.mark.parametrize(
    ("when", "stop", "outcome"),
    [
        ("before", "cancel", Outcome("cancelled", "Cancelled")),
        ("after", "cancel", Outcome("cancelled", "Cancelled: it had been deployed by then")),
        ("before", "run_out_of_time", Outcome("timed_out", "Wait: Stopped at the timeout of 15 min")),
        (
            "after",
            "run_out_of_time",
            Outcome("timed_out", "Wait: Stopped at the timeout of 15 min; it had been deployed by then"),
        ),
    ],
)
def test_a_step_is_stopped_and_nothing_comes_after_it(run_with, around, when, stop, outcome) -> None:
    run, provider = run_with(None), Model()
    steps = {"Wait?": "echo ready; sleep 60", "Next": "echo next"}
    run.on_line["ready"] = getattr(run, stop)

    ended = carried_out(run, around(*((steps, {}) if when == "before" else ({}, steps))), provider)

    assert ended == outcome
    assert "next" not in run.lines
    assert provider.begun == (when == "after")


def test_what_is_cancelled_between_two_stages_does_not_begin_the_next(run_with, around) -> None:
    run, provider = run_with(None), Model()
    provider.on_follow = lambda _: run.cancel()

    outcome = carried_out(run, around({}, {"Purge": "echo purged"}), provider)

    # What is live must not be taken for something that never was.
    assert outcome == Outcome("cancelled", "Cancelled: it had been deployed by then")
    assert printed(run) == ["released"]


def test_a_provider_that_cannot_begin_yet_is_waited_for(run_with, around) -> None:
    run, provider = run_with(None), Model()
    refused = NotAccepted("Heroku does not take the key.", service="Heroku", mend="Set HEROKU_API_KEY.")
    provider.troubles = [Unavailable("Heroku does not answer.", retry_after=3), refused]
    heard: list[NotAccepted] = []

    outcome = carried_out(run, around({"Build": "true"}, {}), provider, heard.append)

    assert outcome.result == "succeeded"
    assert (provider.begun, heard) == (1, [refused])
    assert "Heroku does not answer." in [progress.description for progress in run.told]


def test_what_never_can_begin_is_told_when_the_time_is_up(run_with, around) -> None:
    run, provider = run_with(None), Model()
    provider.troubles = [Unavailable("Heroku does not answer.")] * 50
    run.on_pause = lambda: run.run_out_of_time() if len(provider.troubles) < 49 else None

    outcome = carried_out(run, around({"Build": "true"}, {}), provider)

    assert outcome == Outcome("timed_out", "the time was up before it was seen to begin: Heroku does not answer.")


@pytest.mark.parametrize("late", [False, True], ids=["", "late"])
def test_a_stage_whose_notes_are_out_of_reach_is_followed_again_and_not_begun(run_with, around, late) -> None:
    run, provider = run_with(None), Model()
    troubles = [Unavailable("The database is away.", uncertain=True)]

    def away(_: Run) -> None:
        if troubles:
            if late:
                run.run_out_of_time()
            raise troubles.pop()

    provider.on_follow = away
    plan = around({"Build": "echo build"}, {})

    with pytest.raises(Unavailable):
        carried_out(run, plan, provider)
    outcome = carried_out(run, plan, provider)

    assert (outcome, provider.begun) == (RELEASED, 1)
    assert printed(run) == ["build", "released"]


class Killed(BaseException):
    """The process dies, which nothing may take for an error."""


@pytest.mark.parametrize("stop", ["cancel", "run_out_of_time"])
@pytest.mark.parametrize("lost", [Killed("after it was asked for"), Unavailable("No answer came.", uncertain=True)])
def test_what_may_have_begun_is_looked_for_before_it_counts_as_never_begun(run_with, around, stop, lost) -> None:
    run, provider = run_with(None), Model(Outcome("cancelled", "Stopped on Heroku"))
    provider.troubles = [lost]
    provider.on_trouble = getattr(run, stop)
    plan = around({"Build": "true"}, {})

    try:
        outcome = carried_out(run, plan, provider)
    except Killed:
        outcome = plans.work(plans.kept(run) or Plan(), provider, lambda _: None).follow(run, "")

    assert (outcome, provider.begun) == (provider.outcome, 1)
    assert isinstance(lost, Killed) or run.clock.now() - T0 >= timedelta(seconds=ASK_AGAIN)


def test_what_is_not_known_to_have_begun_is_not_looked_for_for_ever(run_with, around) -> None:
    run, provider = run_with(None), Model()
    provider.troubles = [Unavailable("No answer came.", uncertain=True)] * 400
    provider.on_trouble = lambda: setattr(run, "_seconds", run.remaining() - 100.0)

    outcome = carried_out(run, around({"Build": "true"}, {}), provider)

    unknown = "No answer came; it may have begun, so look before you retry"
    assert outcome == Outcome("timed_out", f"the time was up before it was seen to begin: {unknown}")
    assert run.remaining() == -300.0


def test_what_may_have_begun_and_was_cancelled_is_asked_about_until_that_can_be_told(run_with, around) -> None:
    run, provider = run_with(None), Model(Outcome("cancelled", "Stopped on Heroku"))
    provider.troubles = [Unavailable("Heroku does not answer.")] * 7
    provider.on_trouble = run.cancel

    outcome = carried_out(run, around({"Build": "true"}, {}), provider)

    assert (outcome, provider.begun) == (provider.outcome, 1)
    # It is waited for between two looks, although it is cancelled by then.
    assert run.clock.now() - T0 >= 6 * timedelta(seconds=ASK_AGAIN)


def test_what_is_late_between_the_provider_and_the_next_stage_says_that_it_is_live(run_with, around) -> None:
    run, provider = run_with(None), Model()
    provider.on_follow = lambda _: run.run_out_of_time()

    outcome = carried_out(run, around({}, {"Purge": "echo purged"}), provider)

    assert outcome == Outcome("timed_out", "Purge: the time was up before it began; it had been deployed by then")
    assert printed(run) == ["released"]


@pytest.mark.parametrize("name", ["Purge", "Purge?"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_step_that_cannot_be_run_has_failed_like_others(run_with, around, when, name) -> None:
    run, provider = run_with(None), Model()
    plan = around(*(({name: "true"}, {}) if when == "before" else ({}, {name: "true"})))
    [*before], [*after] = plan.before, plan.after
    broken = [replace(one, command=Command(command="true", user="nobody-of-this-name")) for one in (*before, *after)]
    plan = Plan(tuple(broken), ()) if when == "before" else Plan((), tuple(broken))

    outcome = carried_out(run, plan, provider)

    if name.endswith("?"):
        assert outcome.description == "Released; Purge failed"
    else:
        assert outcome.result == "error"
        assert outcome.description.startswith("Purge: There is no user nobody-of-this-name")
    assert provider.begun == (when == "after" or name.endswith("?"))


def test_a_provider_that_refuses_ends_it_with_its_sentence(run_with, around) -> None:
    run, provider = run_with(None), Model()
    provider.troubles = [Rejected("There is no such app.")]

    assert carried_out(run, around({"Build": "true"}, {}), provider) == Outcome("error", "There is no such app.")


def test_a_database_that_is_away_between_two_stages_is_waited_for(run_with, around, tmp_path) -> None:
    made, provider = run_with(None), Model()
    run = Forgetful(made.job, made.files)

    outcome = carried_out(run, around({"Build": "true"}, {"Purge": "true"}), provider)

    assert outcome == RELEASED
    assert provider.begun == 1
    assert shown(run.told[-1]) == ["1 Build", "2 Deploy", "3 Purge"]


def test_killed_at_any_step_each_stage_still_runs_once(run_with, killed_at_step, tmp_path) -> None:
    step, killed = 0, True
    while killed and step < 900:
        directory = tmp_path / str(step)
        directory.mkdir()

        def command(name: str, directory: Path = directory) -> Command:
            return Command(command=f"echo {name} >> {directory}/ran; test {name} != purge", directory=str(directory))

        own = shell.Settings(**command("provider").model_dump())

        def run_of(directory: Path = directory, own: shell.Settings = own) -> KeptRun:
            made = run_with(own)
            kept = KeptRun(made.job, made.files)
            kept.directory = directory
            return kept

        before = CommandStage("before-1", "Build", command("before"))
        after = (
            CommandStage("after-1", "Purge", command("purge"), True),
            CommandStage("after-2", "Test", command("test")),
        )
        plan = Plan((before,), after)

        killed = killed_at_step(step, lambda run_of=run_of, plan=plan: carried_out(run_of(), plan, shell) and None)
        again = run_of()
        outcome = carried_out(again, plan, shell)

        assert (step, outcome) == (step, Outcome("succeeded", "The command succeeded; Purge failed"))
        assert (step, (directory / "ran").read_text().split()) == (step, ["before", "provider", "purge", "test"])
        assert (step, shown(again.told[-1])) == (step, ["1 Build", "2 Deploy", "3 Purge!", "4 Test"])
        step += 1 if step < 40 else 7

    assert not killed
    assert step > 150


# --- the plan --------------------------------------------------------------------------------------------------------


def environment(text: str) -> Any:
    head = '[slack]\nchannel = "#d"\n[apps.web]\nrepository = "acme/web"\n[apps.web.environments.staging]\n'
    return read(head + text, {}).apps["web"].environments["staging"]


def test_steps_are_run_as_the_command_of_the_provider_is() -> None:
    plan = plans.planned(
        environment(
            """
        provider = { type = "shell", command = "bin/deploy", user = "deploy", inherit = ["A"], resume = "rerun",
                     directory = "/srv/runs", environment = { ONE = "1", TWO = "2" } }
        before_deploy = [{ name = "Migrate", command = "bin/migrate", inherit = ["A", "B"],
                            environment = { TWO = "3" } }]
        after_deploy = [{ name = "Purge", command = "bin/purge", user = "web", allow_failure = true }]
    """.replace(",\n   ", ", ")
        )
    )

    command = Command(
        command="bin/migrate",
        user="deploy",
        inherit=["A", "B"],
        environment={"ONE": "1", "TWO": "3"},
        directory="/srv/runs",
        resume="rerun",
    )
    assert plan.before == (CommandStage("before-1", "Migrate", command),)
    [purge] = plan.after
    assert (purge.command.user, purge.may_fail, purge.key) == ("web", True, "after-1")


def test_beside_another_provider_steps_have_only_what_they_say_themselves() -> None:
    plan = plans.planned(
        environment("""
        provider = { type = "local", directory = "/srv/web" }
        before_deploy = [{ name = "Migrate", command = "bin/migrate" }]
    """)
    )

    assert plan.before == (CommandStage("before-1", "Migrate", Command(command="bin/migrate")),)


def test_a_run_goes_on_as_it_has_begun_whatever_the_settings_have_become(run_with, around) -> None:
    run, provider = run_with(None), Model()
    handle = plans.work(
        plans.keep(run, around({"Build": "echo build"}, {"Test": "echo test"})), provider, lambda _: None
    ).start(run)

    assert plans.keep(run, Plan()) == plans.kept(run) != Plan()
    outcome = plans.work(plans.kept(run) or Plan(), provider, lambda _: None).follow(run, handle)

    assert outcome.result == "succeeded"
    assert printed(run) == ["build", "released", "test"]


def test_a_provider_alone_is_left_alone(run_with) -> None:
    run, provider = run_with(None), Model()

    assert plans.work(plans.keep(run, Plan()), provider, lambda _: None) is provider
    assert plans.work(plans.kept(run) or Plan(), provider, lambda _: None) is provider
    assert isinstance(
        plans.work(Plan((CommandStage("before-1", "A", Command(command="true")),)), provider, lambda _: None), Stages
    )
