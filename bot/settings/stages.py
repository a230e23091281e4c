"""What happens around a provider: the steps before and after it, as tables of settings.toml."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Self, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from bot.providers._command import CommandLine, Inherited, UserName, Variables
from bot.settings.fields import Duration, Flag, HealthUrl, Pause, Statuses, StepName
from bot.settings.table import Table

MOST_STEPS = 20
MOST_LOOKS = 1_000


class StepSettings(Table):
    """One entry of ``before_deploy`` or ``after_deploy``: a command that is run in a checkout of the commit."""

    name: StepName = Field(description="What it is called where it is shown.", examples=["Migrate"])
    command: CommandLine = Field(
        description="What is run: text by `sh -c`, exactly as it is written; a list is a program with its arguments.",
        examples=[["bin/migrate"]],
    )
    allow_failure: Flag = Field(default=False, description="Whether the deployment goes on when it fails.")
    environment: Variables = Field(
        default={},
        description="More variables for the command, over those of a `shell` provider.",
        examples=[{"RAILS_ENV": "production"}],
    )
    inherit: Inherited = Field(
        default=[],
        description="Names of variables that the command gets as the bot has them, beside those of a `shell` provider; "
        "the bot's own secrets are refused.",
        examples=[["DEPLOY_KEY"]],
    )
    user: UserName | None = Field(
        default=None,
        description="The user of the worker's machine as whom it runs; default: that of a `shell` provider, else who "
        "runs the bot.",
        examples=["deploy"],
    )


def _few(steps: tuple[StepSettings, ...]) -> tuple[StepSettings, ...]:
    if len(steps) > MOST_STEPS:
        raise ValueError(f"must not be more than {MOST_STEPS} steps: let a command do several things")
    return steps


Steps: TypeAlias = Annotated[tuple[StepSettings, ...], AfterValidator(_few)]


class HealthSettings(Table):
    """``health``: what must hold before a success counts."""

    url: HealthUrl = Field(
        description="The address that is asked, without credentials.", examples=["https://web.example.com/up"]
    )
    expect: Statuses = Field(default=(200,), description="The status that it must answer, or a list of them.")
    length: Pause = Field(
        alias="for",
        default=timedelta(seconds=60),
        description='How long it must answer so without a break; it has three times as long to get there. "0s" looks '
        "once.",
    )
    every: Duration = Field(default=timedelta(seconds=5), description="How often it is asked.")
    private: Flag = Field(
        default=False,
        description="Whether the name in the address may stand for a host in a network of your own. An IP address and "
        "`localhost` are asked in any case.",
    )

    @model_validator(mode="after")
    def _not_too_often(self) -> Self:
        if self.length / self.every > MOST_LOOKS:
            raise ValueError(f"must not ask more than {MOST_LOOKS} times: let `every` be longer, or `for` shorter")
        return self
