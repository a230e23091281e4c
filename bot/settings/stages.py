"""What happens around a provider: the steps before and after it, as tables of settings.toml."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from bot.providers._command import CommandLine, Inherited, UserName, Variables
from bot.settings.fields import Flag, StepName
from bot.settings.table import Table

MOST_STEPS = 20


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
