"""Lines typed at a terminal: with a history, completion, and messages that arrive above the line being typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.shortcuts import CompleteStyle

from bot.core.grammar.parser import split_one_time_password

_PROMPT = "> "


def without_password(line: str) -> str:
    """The line with its one-time passwords made unreadable.

    >>> without_password("deploy topic to production 123456")
    'deploy topic to production ••••••'
    """
    kept, password = split_one_time_password(line)
    return line if password is None else f"{kept} ••••••".lstrip()


def above_the_line() -> AbstractContextManager[None]:
    """While this is open, what is printed appears above the line being typed."""
    return patch_stdout(raw=True)


class Keyboard:
    """Somebody at a terminal. ``words`` complete what a line begins with; the file ``history`` remembers lines."""

    def __init__(
        self, history: Path, words: Iterable[str], *, keys: Input | None = None, screen: Output | None = None
    ) -> None:
        self._session: PromptSession[str] = PromptSession(
            _PROMPT,
            history=_History(str(history)),
            completer=FirstWords(sorted(words)),
            complete_while_typing=False,
            # Below the prompt nothing is kept free: the words are listed above it.
            complete_style=CompleteStyle.READLINE_LIKE,
            reserve_space_for_menu=0,
            input=keys,
            output=screen,
        )

    def lines(self) -> Iterator[str]:
        """Each line as it is entered, until Ctrl-D, or Ctrl-C twice; once clears the line."""
        interrupted = False
        while True:
            try:
                line = self._session.prompt()
            except EOFError:
                return
            except KeyboardInterrupt:
                if interrupted:
                    return
                interrupted = True
                continue
            interrupted = False
            yield line


class _History(FileHistory):
    """Remembers everything but one-time passwords."""

    def store_string(self, string: str) -> None:
        if without_password(string) == string:
            super().store_string(string)


class FirstWords(Completer):
    """Completes what lines begin with."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002
        typed = document.text_before_cursor.lstrip()
        for word in self._words:
            if word.lower().startswith(typed.lower()):
                yield Completion(f"{word} ", start_position=-len(typed), display=word)
