"""When two logins or e-mail addresses are the same, and which logins belong to no person."""

from __future__ import annotations

APP = "[bot]"
DELETED = "ghost"
"""As GitHub calls whoever has deleted their account."""


def in_lower_case(text: str) -> str:
    """A login or an address as it is compared: GitHub and mail ignore the case of ASCII letters.

    Unicode has letters whose lower case, folded case or normal form is an ASCII letter (ſ, K, ı, full-width ones). They
    are other letters to GitHub and to mail, and would let one person pass for another.

    >>> in_lower_case("OctoCat"), in_lower_case("bo\u017f\u017f@example.com")
    ('octocat', 'boſſ@example.com')
    """
    return text.lower() if text.isascii() else text


def same_login(one: str | None, other: str | None) -> bool:
    """Whether both are known, and the same."""
    return one is not None and other is not None and in_lower_case(one) == in_lower_case(other)


def is_app(login: str) -> bool:
    """Whether it is an app on GitHub: no person's login has a bracket in it."""
    return login.endswith(APP)


def is_nobody(login: str) -> bool:
    """Whether no person in the chat can be this login: an app's, or that of a deleted account."""
    return is_app(login) or login == DELETED
