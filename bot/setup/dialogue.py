"""The person at the terminal: what is said to them, asked of them and opened for them."""

from __future__ import annotations

import getpass
import sys
import webbrowser
from collections.abc import Callable
from typing import Protocol

from bot.core.errors import ShipmateError


class Stopped(ShipmateError):
    """The person has gone; what they gave so far is kept."""


class Dialogue(Protocol):
    """Each question may raise Stopped."""

    def say(self, text: str = "") -> None: ...

    def ask(self, question: str, default: str = "") -> str:
        """The answer without spaces around it; ``default`` where it is empty."""

    def secret(self, question: str) -> str:
        """The same, and nothing of it is shown."""

    def confirm(self, question: str, *, default: bool = True) -> bool: ...

    def open(self, url: str) -> None:
        """Show a link, and open it where there is a browser."""


class Terminal:
    """Standard input and output; ``browser`` says whether links are opened too."""

    def __init__(self, *, browser: bool) -> None:
        self._browser = browser

    def say(self, text: str = "") -> None:
        print(text, flush=True)

    def ask(self, question: str, default: str = "") -> str:
        hint = f" [{default}]" if default else ""
        return self._read(lambda: input(f"  {question}{hint}: ")) or default

    def secret(self, question: str) -> str:
        if not sys.stdin.isatty():
            return self._read(lambda: input(f"  {question}: "))
        return self._read(lambda: getpass.getpass(f"  {question}, which is not shown: "))

    def confirm(self, question: str, *, default: bool = True) -> bool:
        while True:
            answer = self.ask(f"{question} {'[Y/n]' if default else '[y/N]'}").lower()
            if answer in {"", "y", "yes", "n", "no"}:
                return default if not answer else answer.startswith("y")

    def open(self, url: str) -> None:
        self.say(f"  {url}")
        if self._browser:
            webbrowser.open(url)

    def _read(self, read: Callable[[], str]) -> str:
        try:
            return read().strip()
        except (EOFError, KeyboardInterrupt) as gone:
            self.say()  # the question has no end of line yet
            raise Stopped("The set-up is not finished. What you gave is kept: run it again to go on.") from gone
