"""The first person: who sets the bot up is known to it at once, so that their first command is not refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

from bot.adapters.slack.chat import Slack
from bot.core.errors import ShipmateError
from bot.core.ports.chat import Person
from bot.settings import SettingsProblems, read
from bot.setup.dialogue import Dialogue
from bot.setup.env_file import EnvFile
from bot.setup.first_app import replace

_LOGIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38}")
_HEADING = re.compile(r"^\[people\][^\n]*\n?", re.MULTILINE)


def introduce(dialogue: Dialogue, env: EnvFile, file: Path, slack: Slack) -> None:
    """Ask who it is in Slack and on GitHub, and write it into the settings; Enter leaves it for later."""
    dialogue.say("\nGitHub says who may deploy, so the bot has to know who is who there. You may tell it who you are:")
    person = _in_slack(dialogue, slack)
    if person is None:
        return
    while (login := dialogue.ask("Your login on GitHub (Enter: later)").lstrip("@")) and not _LOGIN.fullmatch(login):
        dialogue.say("  It is what stands behind @ on GitHub: letters, digits and single hyphens.")
    if not login:
        return
    text = written_into(file.read_text(encoding="utf-8"), person.id, login)
    try:
        read(text, env.variables(), file)
    except SettingsProblems as error:
        dialogue.say(f"  ✗ {error.problems[0]}")
        return
    replace(file, text)
    dialogue.say(f"  ✓ {person.name} is {login} on GitHub: {file} says so, under [people]")


def written_into(text: str, person: str, login: str) -> str:
    """The settings' text with who that is; comments stay.

    >>> written_into('[people]\\n#U012AB3CD = "octocat"\\n', "U1", "maria")
    '[people]\\nU1 = "maria"\\n#U012AB3CD = "octocat"\\n'
    """
    line = f"{person} = {json.dumps(login)}\n"
    if found := _HEADING.search(text):
        return f"{text[: found.end()].rstrip()}\n{line}{text[found.end() :]}"
    return f"{text.rstrip()}\n\n[people]\n{line}"


def _in_slack(dialogue: Dialogue, slack: Slack) -> Person | None:
    """Until somebody has that address, or the question is passed over."""
    while email := dialogue.ask("Your e-mail address in Slack (Enter: later)"):
        try:
            person = slack.person_by_email(email)
        except ShipmateError as error:
            dialogue.say(f"  ✗ {error}")
            return None
        if person is not None:
            return person
        dialogue.say("  Nobody in this workspace has it.")
    return None
