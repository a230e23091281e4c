"""What may be said of a command that is run in a checkout: by the ``shell`` provider, and by the steps around one."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot.adapters.system.environment import VariableName, inherited

Argument = Annotated[str, Field(pattern=r"^[^\x00]*$")]


def _says_something(command: str | list[str]) -> str | list[str]:
    if not (command.strip() if isinstance(command, str) else command and command[0].strip()):
        raise ValueError("the command is empty")
    return command


CommandLine: TypeAlias = Annotated[Argument | list[Argument], AfterValidator(_says_something)]
"""A string is run by ``sh -c`` exactly as it is written, a list is a program with its arguments."""
Variables: TypeAlias = dict[VariableName, Argument]
Inherited: TypeAlias = Annotated[list[VariableName], AfterValidator(inherited)]
"""Names of variables that the command gets as the bot has them; secrets of the bot itself are not for it."""
UserName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*[$]?$")]


class Command(BaseModel):
    """A command, and how it is run.

    ``resume``: what to do when the machine was restarted meanwhile: end as an error, or run the command again.
    ``environment``: more variables for the command, beside those that it is to ``inherit``. ``directory``: where
    checkouts live, private to the bot's user. ``user``: whom the command runs as, where that is not to be the user who
    runs the bot. ``depth``: how many commits of history the checkout has, all where it is not said. ``submodules``:
    whether it has those too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: CommandLine
    resume: Literal["error", "rerun"] = "error"
    environment: Variables = {}
    inherit: Inherited = []
    directory: str | None = None
    user: UserName | None = None
    depth: Annotated[int, Field(strict=True, ge=1)] | None = None
    submodules: bool = False
