"""What every provider keeps, whatever it works with. One of your own joins by a harness and a name in ``HARNESSES``.

A harness stands for the place that is deployed to: it makes runs of one and the same deployment, each as a process that
has just been started has it, and counts how often the work was begun there.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import providers
from bot.core.deployments.steps import Progress
from bot.core.errors import Unavailable
from bot.core.ports.provider import Outcome, Provider
from bot.providers import github_actions, heroku, http, local, shell
from tests.providers import example
from tests.providers.conftest import ModelRun
from tests.providers.http_runs import hook_server, polled, stopped_at
from tests.servers.github import actions
from tests.servers.github.pair import REPO, pair
from tests.servers.heroku.server import HerokuServer

MOST_STEPS = 60
LONGEST = 140
"""Characters of a status on GitHub."""


class BotKilled(Exception):
    """Stands for kill -9: nothing after this line of the bot is carried out."""


class Harness(ABC):
    """``stops``: whether what runs can be stopped; ``fails``: whether it can fail once it has begun.

    ``sure``: whether a bot that was killed always finds out whether it had begun; else it says that it does not know.
    """

    provider: Provider
    stops = True
    fails = True
    sure = True

    def __init__(self, run_with: Callable[..., ModelRun], folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.stack = stack
        self._run_with = run_with
        self._first: ModelRun | None = None
        self.way = "well"

    def run(self) -> ModelRun:
        """With what earlier ones have kept, and with their clock."""
        run = self.furnished(self._run_with(self.settings(), **self.job()))
        if self._first is not None:
            run.notes, run.memory, run.clock = self._first.notes, self._first.memory, self._first.clock
        self._first = self._first or run
        return run

    def job(self) -> dict[str, Any]:
        """What of the job is to be otherwise."""
        return {}

    def furnished(self, run: ModelRun) -> ModelRun:
        """With what this provider needs of a run."""
        return run

    @abstractmethod
    def settings(self) -> object:
        """Of a deployment that goes ``well``, ``badly``, or that ``lasts`` until it is stopped: see ``way``."""

    @abstractmethod
    def begun(self) -> int:
        """How often the work was really begun."""


class Shell(Harness):
    provider = shell

    def settings(self) -> object:
        os.mkfifo(self.folder / "pipe") if not (self.folder / "pipe").exists() else None
        goes_on = {"well": "echo done", "badly": "echo no disk; exit 3", "lasts": f"read line <{self.folder}/pipe"}
        command = f"echo one >>{self.folder}/begun; {goes_on[self.way]}"
        return shell.Settings(command=command, directory=str(self.folder / "runs"))

    def begun(self) -> int:
        file = self.folder / "begun"
        return len(file.read_text().splitlines()) if file.exists() else 0


class Local(Harness):
    provider = local
    # What it does is done in an instant, and what stands in its way is told before it begins.
    stops = fails = False

    def settings(self) -> object:
        return local.Settings(directory=str(self.folder / "web"))

    def begun(self) -> int:
        return len([one for one in (self.folder / "web" / "releases").glob("*") if not one.name.startswith(".")])


class Http(Harness):
    provider = http

    def __init__(self, run_with: Callable[..., ModelRun], folder: Path, stack: ExitStack) -> None:
        super().__init__(run_with, folder, stack)
        self.hook = stack.enter_context(hook_server(stack.enter_context(pytest.MonkeyPatch.context())))

    def settings(self) -> object:
        ends = {"well": "live", "badly": "build_failed", "lasts": "building"}
        self.hook.state = {"status": ends[self.way]}
        given = {"url": f"{self.hook.url}/deploy", "poll": polled(self.hook), "cancel": stopped_at(self.hook)}
        return http.Settings(**given)

    def begun(self) -> int:
        return sum(self.hook.begun.values())


class Heroku(Harness):
    provider = heroku

    def __init__(self, run_with: Callable[..., ModelRun], folder: Path, stack: ExitStack) -> None:
        super().__init__(run_with, folder, stack)
        self.server = stack.enter_context(HerokuServer())
        self.server.add_app("acme-web")
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        environment.setenv("HEROKU_API_URL", self.server.url)
        environment.setenv("HEROKU_API_KEY", self.server.key)

    def settings(self) -> object:
        ends = {"well": {}, "badly": {"result": "failed"}, "lasts": {"looks": None}}
        self.server.slow("acme-web", **ends[self.way])
        return heroku.Settings(app="acme-web")

    def begun(self) -> int:
        return len(self.server.apps["acme-web"].builds)


class GitHubActions(Harness):
    provider = github_actions
    sure = False

    def __init__(self, run_with: Callable[..., ModelRun], folder: Path, stack: ExitStack) -> None:
        super().__init__(run_with, folder, stack)
        self.github = stack.enter_context(pair())
        actions.add_workflow(self.github.server, REPO, "deploy.yml")

    def job(self) -> dict[str, Any]:
        sha = self.github.server.repository(REPO).branches["main"]
        return {"ref": "main", "sha": sha, "repository": REPO, "request_id": "0f7c1e52-8a0b-4c33-9d6e-2f1a7b3c4d5e"}

    def furnished(self, run: ModelRun) -> ModelRun:
        run.workflows = self.github.client.workflows
        return run

    def settings(self) -> object:
        ends: dict[str, Any] = {"well": actions.succeed, "badly": actions.fail, "lasts": lambda *_: None}
        end, server = ends[self.way], self.github.server
        server.on_dispatch = lambda run: end(server, REPO, run.id)
        return github_actions.Settings(workflow="deploy.yml")

    def begun(self) -> int:
        return len(actions.dispatched(self.github.server, REPO))


class Spool(Harness):
    """The example of CONTRIBUTING.md, with a program that takes what is left whenever the provider tells something."""

    provider = example.provider()

    def settings(self) -> object:
        (self.folder / "spool").mkdir(exist_ok=True)
        return self.provider.Settings(directory=str(self.folder / "spool"))

    def furnished(self, run: ModelRun) -> ModelRun:
        tell = run.tell

        def told(progress: Progress) -> None:
            self._works(run.job.request_id)
            tell(progress)

        run.tell = told  # type: ignore[method-assign]
        return run

    def _works(self, request_id: str) -> None:
        ends = {"well": "succeeded Copied", "badly": "failed No space", "lasts": "running Copying"}
        wanted, taken, stop = (self.folder / "spool" / f"{request_id}.{name}" for name in ("json", "taken", "stop"))
        if wanted.exists():
            with (self.folder / "begun").open("a") as begun:
                begun.write("one\n")
            wanted.rename(taken)
            taken.with_suffix(".state").write_text(ends[self.way])
        elif stop.exists():
            taken.with_suffix(".state").write_text("failed Stopped")

    def begun(self) -> int:
        file = self.folder / "begun"
        return len(file.read_text().splitlines()) if file.exists() else 0


HARNESSES: dict[str, type[Harness]] = {
    "github_actions": GitHubActions,
    "heroku": Heroku,
    "http": Http,
    "local": Local,
    "shell": Shell,
}


EXAMPLES: dict[str, type[Harness]] = {"spool": Spool}
"""They are in no package of the bot."""


@pytest.fixture(params=sorted(HARNESSES | EXAMPLES))
def place(request: pytest.FixtureRequest, run_with: Callable[..., ModelRun], tmp_path: Path) -> Iterator[Harness]:
    with ExitStack() as stack:
        yield (HARNESSES | EXAMPLES)[request.param](run_with, tmp_path, stack)


def started(place: Harness, run: ModelRun) -> str:
    """As the bot does it: what is to be tried later is, when its time has come."""
    for _ in range(100):
        try:
            return place.provider.start(run)
        except Unavailable as error:
            run.clock.at += timedelta(seconds=error.retry_after or 5)
    raise AssertionError("it never starts")


def carried_out(place: Harness, run: ModelRun) -> Outcome:
    return place.provider.follow(run, started(place, run))


def killed_at(run: ModelRun, step: int, *, after: bool) -> None:
    """Dies at the n-th thing that it asks of its run, before that is done or just after."""
    left = iter(range(step))

    def mortal(work: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*given: Any) -> Any:
            if next(left, None) is not None:
                return work(*given)
            if after:
                work(*given)
            raise BotKilled

        return asked

    for name in ("note", "keep", "claim", "tarball", "checkout", "write", "pause", "remembered", "remember", "remote"):
        setattr(run, name, mortal(getattr(run, name)))


def test_all_that_carry_deployments_out_are_tested() -> None:
    assert set(HARNESSES) == {name for name in providers.names() if providers.load(name).carries_out}


def test_it_is_carried_out_once_and_ends_the_same_for_whoever_looks(place: Harness) -> None:
    handle = started(place, place.run())

    outcome = place.provider.follow(place.run(), handle)
    again = place.provider.follow(place.run(), handle)

    assert outcome.result == again.result == "succeeded"
    assert place.begun() == 1


def test_what_fails_says_why_in_a_line_that_fits_a_status(place: Harness) -> None:
    if not place.fails:
        pytest.skip("it does not fail once it has begun")
    place.way = "badly"

    outcome = carried_out(place, place.run())

    assert outcome.result == "failed"
    assert 0 < len(outcome.description) <= LONGEST
    assert outcome.description == " ".join(outcome.description.split()).removesuffix(".")


def test_a_start_that_is_repeated_begins_nothing(place: Harness) -> None:
    first, second = started(place, place.run()), started(place, place.run())

    assert first == second
    assert place.provider.follow(place.run(), second).result == "succeeded"
    assert place.begun() == 1


@pytest.mark.parametrize("after", [False, True])
def test_killed_at_whatever_it_asks_of_its_run_it_is_begun_once(
    place: Harness, after: bool, run_with: Callable[..., ModelRun], tmp_path_factory: pytest.TempPathFactory
) -> None:
    for step in range(MOST_STEPS):
        with ExitStack() as stack:
            anew = type(place)(run_with, tmp_path_factory.mktemp("place"), stack)
            mortal = anew.run()
            killed_at(mortal, step, after=after)
            try:
                carried_out(anew, mortal)
                ended = True
            except BotKilled:
                ended = False

            result = carried_out(anew, anew.run()).result
            assert (result, anew.begun()) in {("succeeded", 1), *([] if anew.sure else [("error", 0)])}
        if ended:
            return
    raise AssertionError(f"it asks for more than {MOST_STEPS} things")


@pytest.mark.parametrize("why", ["cancelled", "timed_out"])
def test_it_ends_when_it_is_cancelled_or_out_of_time(place: Harness, why: str) -> None:
    if not place.stops:
        pytest.skip("it is done before anybody could stop it")
    place.way = "lasts"
    run = place.run()
    handle = started(place, run)
    stop = run.cancel if why == "cancelled" else run.run_out_of_time
    # A command that is stopped before it has come up has begun nothing.
    run.on_pause = lambda: stop() if place.begun() else None

    outcome = place.provider.follow(run, handle)

    assert outcome.result == why
    assert place.begun() == 1
