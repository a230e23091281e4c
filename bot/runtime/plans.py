"""What is to happen around a provider, as the settings say when a run begins: kept with the run, as they may change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bot.core.errors import NotAccepted
from bot.core.ports.provider import Outcome, Provider, Run
from bot.providers import _command_runs as command_runs
from bot.providers._command import Command
from bot.providers._command_runs import CommandRun
from bot.runtime.health import HealthStage
from bot.runtime.stages import Stage, Stages
from bot.settings import EnvironmentSettings
from bot.settings.stages import HealthSettings, StepSettings

_NOTE = "stages"


@dataclass(frozen=True, slots=True)
class CommandStage:
    """A command before or after the provider."""

    key: str
    name: str
    command: Command
    may_fail: bool = False
    ours: bool = True

    def start(self, run: Run) -> str:
        return command_runs.start(self._of(run))

    def follow(self, run: Run, handle: str) -> Outcome:
        return command_runs.follow(self._of(run), handle)

    def _of(self, run: Run) -> CommandRun:
        return CommandRun(run, self.command, self.key, self.name)


@dataclass(frozen=True, slots=True)
class ProviderStage:
    """The provider's own work."""

    provider: Provider
    key: str = "provider"
    name: str = "Deploy"
    may_fail: bool = False
    ours: bool = False

    def start(self, run: Run) -> str:
        return self.provider.start(run)

    def follow(self, run: Run, handle: str) -> Outcome:
        return self.provider.follow(run, handle)


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens before the provider and after it, and what must hold in the end."""

    before: tuple[CommandStage, ...] = ()
    after: tuple[CommandStage, ...] = ()
    health: HealthStage | None = None

    @property
    def alone(self) -> bool:
        """Whether the provider is all that there is."""
        return not (self.before or self.after or self.health)

    def text(self) -> str:
        health = self.health
        looks = (health.url, health.expect, health.hold, health.every, health.private) if health else None
        before, after = map(_dumped, self.before), map(_dumped, self.after)
        return json.dumps({"before": [*before], "after": [*after], "health": looks})


def planned(environment: EnvironmentSettings) -> Plan:
    """What the settings say now. Where the provider is a command, the others are run as that is."""
    settings = environment.provider.settings
    like = settings if isinstance(settings, Command) else None
    return Plan(
        tuple(_stages("before", environment.before_deploy, like)),
        tuple(_stages("after", environment.after_deploy, like)),
        _health(environment.health) if environment.health else None,
    )


def keep(run: Run, plan: Plan) -> Plan:
    """The plan that counts: the one with which the run began first."""
    earlier = kept(run)
    if earlier is None:
        run.keep(_NOTE, plan.text())
    return earlier or plan


def kept(run: Run) -> Plan | None:
    text = run.note(_NOTE)
    if not text:
        return None
    read = json.loads(text)
    before, after, health = (read[key] for key in ("before", "after", "health"))
    looks = HealthStage(health[0], tuple(health[1]), *health[2:]) if health else None
    return Plan(tuple(map(_loaded, before)), tuple(map(_loaded, after)), looks)


def forget(run: Run) -> None:
    """Nothing of it has begun."""
    run.keep(_NOTE, "")


def work(plan: Plan, provider: Provider, refused: Callable[[NotAccepted], None]) -> Provider | Stages:
    """What is begun and followed: the provider, or all the stages with it among them."""
    if plan.alone:
        return provider
    stages: list[Stage] = [*plan.before, ProviderStage(provider), *plan.after]
    stages += [plan.health] if plan.health else []
    return Stages(stages, refused)


def _stages(when: str, steps: Iterable[StepSettings], like: Command | None) -> Iterable[CommandStage]:
    for number, step in enumerate(steps, 1):
        yield CommandStage(f"{when}-{number}", step.name, _command(step, like), step.allow_failure)


def _command(step: StepSettings, like: Command | None) -> Command:
    above = like or Command(command=step.command)
    own = {
        "command": step.command,
        "environment": {**above.environment, **step.environment},
        "inherit": list(dict.fromkeys([*above.inherit, *step.inherit])),
        "user": step.user or above.user,
    }
    return Command.model_validate({**above.model_dump(), **own})


def _health(wanted: HealthSettings) -> HealthStage:
    hold, every = wanted.length.total_seconds(), wanted.every.total_seconds()
    return HealthStage(wanted.url, wanted.expect, hold, every, wanted.private)


def _dumped(stage: CommandStage) -> dict[str, Any]:
    return {
        "key": stage.key,
        "name": stage.name,
        "may_fail": stage.may_fail,
        "command": stage.command.model_dump(mode="json"),
    }


def _loaded(kept: dict[str, Any]) -> CommandStage:
    return CommandStage(kept["key"], kept["name"], Command(**kept["command"]), kept["may_fail"])
