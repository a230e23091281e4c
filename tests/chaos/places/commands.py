"""Commands of the ``shell`` provider, and the steps around any provider: each notes in a file that it was run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

from tests.chaos.places.place import Place
from tests.servers.web_site import WebSite

WORK = "echo Deploying; {noted}; sleep 0.$(($$ % 5)); {failing}"
NOTED = 'echo "$SHIPMATE_REQUEST_ID {stage}" >>{directory}/ran'
FAILING = 'if test "$(cat fails 2>/dev/null)" = {stage}; then exit 3; fi'
OPTIONAL = "optional"
"""The stage that fails now and then, and may."""


def command(stage: str) -> str:
    """In single quotes, as TOML has them: a stage notes that it was run, and fails where the commit says so."""
    filled = WORK.replace("{noted}", NOTED).replace("{failing}", FAILING).replace("{stage}", stage)
    return f"'{filled}'"


def ran(directory: Path) -> Counter[tuple[str, str]]:
    """How often each stage of each request was run."""
    file = directory / "ran"
    lines = file.read_text().splitlines() if file.exists() else []
    return Counter((request, stage) for request, stage in (line.split() for line in lines))


class Shell(Place):
    """A command, and nothing else."""

    def table(self) -> str:
        return f"provider = {{ type = 'shell', command = {command('work')}, directory = '{{directory}}/work' }}"

    def untrue(self, deployments: Sequence[Any]) -> Iterator[str]:
        yield from untrue_stages(self.here.directory, deployments, ("work",), self.fails)


class Staging(Shell):
    name = "staging"
    asked = False

    def table(self) -> str:
        return f'deploy_on_merge = ["main"]\n{super().table()}'


class Production(Shell):
    name = "production"


class Stepped(Place):
    """A place with steps around its provider."""

    stages: ClassVar[tuple[str, ...]] = ("before", "work", "after")

    def steps(self) -> str:
        optional = f"{{ name = 'Warm up', command = {command(OPTIONAL)}, allow_failure = true }}"
        return (
            f"before_deploy = [{{ name = 'Migrate', command = {command('before')} }}, {optional}]\n"
            f"after_deploy = [{{ name = 'Smoke test', command = {command('after')} }}]"
        )

    def untrue(self, deployments: Sequence[Any]) -> Iterator[str]:
        steps = ("before", OPTIONAL, "after")
        yield from untrue_stages(self.here.directory, deployments, steps, self.fails)


class Watched(Place):
    """A place with a health check, whose site is away for a moment now and then."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        stack: ExitStack = self.stack
        self.site = stack.enter_context(WebSite(200))

    def health(self) -> str:
        return f"health = {{ url = '{self.site.url}/up', for = '2s', every = '1s' }}"

    def hiccup(self) -> None:
        """One look alone finds it away: it has six seconds to have answered for two."""
        if len(self.site.answers) == 1 and not self.happened["health 503"]:
            self.site.answers.insert(0, 503)
            self.happened["health 503"] += 1

    def untrue(self, deployments: Sequence[Any]) -> Iterator[str]:
        if any(one.state == "succeeded" for one in deployments) and not self.site.asked:
            yield f"{self.name} has deployments that succeeded, and nobody asked its site"


def untrue_stages(
    directory: Path, deployments: Sequence[Any], stages: Sequence[str], fails: dict[str, str]
) -> Iterator[str]:
    """Stages are run once at most, in order, all of them where it succeeded, and none behind one that failed."""
    known, done = {one.request_id for one in deployments}, ran(directory)
    for (request, stage), count in done.items():
        if count > 1 and request in known:
            yield f"{request} ran {stage} {count} times"
    for one in deployments:
        own = [stage for stage in stages if done[one.request_id, stage]]
        if own != list(stages[: len(own)]):
            yield f"#{one.id} ran {own}"
        if one.state == "succeeded" and own != list(stages):
            yield f"#{one.id} has succeeded, and ran only {own}"
        bad = fails.get(one.sha)
        if bad in own and bad != OPTIONAL and own[-1] != bad:
            yield f"#{one.id} went on behind {bad}: {own}"
