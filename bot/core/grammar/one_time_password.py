"""One-time passwords at the end of a deploy command's arguments."""

from __future__ import annotations

import re

# six digits of an authenticator, or what a Yubikey types: https://developers.yubico.com/OTP/OTPs_Explained.html
_PASSWORD = re.compile(r"[0-9]{6}|[cbdefghijklnrtuv]{32,64}", re.IGNORECASE)
_WANTS_A_WORD = frozenset({"to", "in", "on", "at", "every"})


def take_password(arguments: str) -> tuple[str, str | None]:
    """The arguments without the password at their end, and the password, None where there is none.

    The last word is a password only if another stands before it that does not want it for itself: ``123456`` alone is a
    commit, and ``to 123456`` an environment.
    """
    words = arguments.split()
    if len(words) < 2 or not _PASSWORD.fullmatch(words[-1]) or words[-2].lower() in _WANTS_A_WORD:
        return arguments, None
    return arguments[: arguments.rindex(words[-1])].rstrip(), words[-1]
