"""One-time passwords among the words of a line: found wherever they stand, and cut out before anything is kept.

What a Yubikey types is nothing else: https://developers.yubico.com/OTP/OTPs_Explained.html. Six digits of an
authenticator may be a number that the command has a place for, and then they are that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.core.grammar.arguments import BECAUSE, FLAG, TO
from bot.core.grammar.deploy import IDLE, clause_begins
from bot.core.grammar.tokens import Token, TokenCursor

# a word of its own: ``web/…``, ``refs/heads/…`` and ``web@…`` are names of branches, ``deploy:…`` is one of a task
_YUBIKEY = re.compile(
    r"(?<![^\W_])(?<![/@.])(?<![^\W_]-)(?<!deploy:)(?P<mark>[\"'`]?)(?P<password>[cbdefghijklnrtuv]{32,64})(?P=mark)"
    r"(?![^\W_]|[/@#-]|[.:][^\W_])(?:[.,;:!?]+(?=\s|$))?",
    re.IGNORECASE,
)
_SIX_DIGITS = re.compile(r"(?P<password>[0-9]{6})[.,;:!?]*")
_LOOKS_LIKE_ONE = re.compile(r"[0-9]{6}|[cbdefghijklnrtuv]{32}", re.IGNORECASE)
_NUMBER = re.compile(r"#?[0-9]{1,9}")
_WANTS_A_WORD = TO | {"at", "every", "from", "until", "pr", "request", "deployment"}


def may_hold_one(line: str) -> bool:
    """Whether the line has anything in it that looks like a one-time password: most have not, and need no reading."""
    return _LOOKS_LIKE_ONE.search(line) is not None


def cut_yubikeys(line: str) -> tuple[str, list[str]]:
    """The line without what Yubikeys have typed into it, and that."""
    found = [one["password"] for one in _YUBIKEY.finditer(line)]
    return (" ".join(_YUBIKEY.sub(" ", line).split()), found) if found else (line, found)


def cut_six_digits(arguments: str, *, numbered: bool = False, goes_on: bool = False) -> tuple[str, list[str]]:
    """The arguments without six digits that stand there as a word of their own, and those.

    They stay where the command has a place for them: as the first word, where nothing but clauses follows (``deploy
    123456 to staging``), after ``to``, in a reason between quotes, and as the first number of a ``numbered`` command.
    ``goes_on`` says that the arguments began on a line before. ``#123456`` and ``web/123456`` are other words.
    """
    tokens = TokenCursor(arguments).left
    kept, found = [], []
    number_is_known = not numbered or goes_on
    for place, token in enumerate(tokens):
        password = None if token.key else _SIX_DIGITS.fullmatch(token.text)
        is_number = not number_is_known and _NUMBER.fullmatch(token.word) is not None
        number_is_known = number_is_known or is_number
        first = place == 0 and not goes_on and _is_all(arguments, tokens)
        if password and not is_number and not first and not (place and _wants(tokens[place - 1], token)):
            found.append(password["password"])
            continue
        end = tokens[place + 1].start if place + 1 < len(tokens) else len(arguments)
        kept.append(arguments[token.start : end].rstrip())
    return (" ".join(kept), found) if found else (arguments, found)


def _wants(before: Token, token: Token) -> bool:
    """Whether the word before has the digits for itself; a reason is one only where it is quoted."""
    return before.word in _WANTS_A_WORD or (token.quoted and before.word in BECAUSE | {FLAG})


def _is_all(arguments: str, tokens: Sequence[Token]) -> bool:
    """Whether the first word is all that says what is meant: clauses follow, passwords, or nothing."""
    after = next((one for one in tokens[1:] if one.key or not _SIX_DIGITS.fullmatch(one.text)), None)
    return after is None or after.word in IDLE or clause_begins(TokenCursor(arguments[after.start :]), first=False)
