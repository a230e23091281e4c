"""What an answer of Heroku's Platform API outside 2xx means: one function from statuses to our errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

from bot.adapters.decoding import decode
from bot.core.errors import Conflict, NotAccepted, NotAllowed, NotThere, Rejected, ShipmateError, Unavailable

SERVICE = "Heroku"
KEY = "HEROKU_API_KEY"
UNSAID_WAIT = 20.0
"""Seconds to wait for tokens where Heroku does not say it: 75 are added to an account's every minute.
https://devcenter.heroku.com/articles/platform-api-reference#rate-limits"""
MEND = "Make a new one (heroku authorizations:create), set HEROKU_API_KEY anew, and restart me."
# https://devcenter.heroku.com/articles/platform-api-reference#error-responses
_WANTS_MONEY = {"delinquent", "verification_needed", "verification_required", "payment_required"}


class _Problem(msgspec.Struct, frozen=True):
    """Heroku's error object; proxies in between answer with pages of HTML, which say nothing to a person."""

    id: str = ""
    message: str = ""
    resource: str | None = None


def error_of(status: int, headers: Mapping[str, str], body: bytes, *, method: str, path: str) -> ShipmateError:
    """The error that an answer outside 2xx stands for; ``headers`` is read case-insensitively by its mapping."""
    problem = _problem(body)
    said = _sentence(problem.message or f"HTTP status {status}")
    subject, rest = parts(path)
    if status == 429:
        wait = _seconds(headers.get("Retry-After"))
        return Unavailable(
            "Heroku asks the bot to slow down: it has used up the requests of its account.",
            retry_after=UNSAID_WAIT if wait is None else wait,
        )
    if status == 408 or status >= 500:
        return Unavailable(
            f"Heroku has a problem of its own (status {status}).",
            retry_after=_seconds(headers.get("Retry-After")),
            uncertain=method != "GET",
        )
    if status == 401:
        return NotAccepted(f"{KEY} is not accepted by Heroku ({said.rstrip('.')}).", service=SERVICE, mend=MEND)
    if status == 402 or problem.id in _WANTS_MONEY:
        return Rejected(
            f"Heroku wants to be paid before it does more for {subject}: {said} Its owner has to look at Billing on "
            "Heroku; then deploy again."
        )
    return _refusal(status, problem, said, subject, rest)


def _refusal(status: int, problem: _Problem, said: str, subject: str, rest: str) -> ShipmateError:
    match status:
        case 403 if problem.id == "suspended":
            return NotAllowed(f"Heroku has suspended {subject} or its account: {said} Its owner has to ask Heroku why.")
        case 403:
            return NotAllowed(
                f"{KEY} may not do this with {subject} on Heroku: {said} Give its account access to deploy there."
            )
        case 404 | 410:
            return NotThere(_not_there(problem, subject, rest))
        case 409:
            return Conflict(f"Heroku is busy with something else in {subject}: {said} Deploy again when that is over.")
    return Rejected(f"Heroku does not take this for {subject}: {said}")


def parts(path: str) -> tuple[str, str]:
    """What people call it that a request is about, and which thing of it.

    >>> parts("/apps/acme-web/builds/0123"), parts("/pipelines/acme"), parts("/account")
    (('acme-web', 'build'), ('the pipeline acme', ''), ('the account', ''))
    """
    found = re.match(r"/(apps|pipelines)/([^/?]+)(?:/([a-z-]+?)s?(?:/|$))?", path)
    if found is None:
        return ("the pipeline", "promotion") if path.startswith("/pipeline-promotions/") else ("the account", "")
    name = unquote(found[2])
    return name if found[1] == "apps" else f"the pipeline {name}", (found[3] or "").replace("-", " ")


def _not_there(problem: _Problem, subject: str, rest: str) -> str:
    """``resource`` says what of it is missing, where Heroku says that."""
    if not rest or problem.resource == "app" or "that app" in problem.message:
        what = subject.removeprefix("the ") if " " in subject else f"app {subject}"
        return f"Heroku has no {what}, or {KEY} cannot see it: look at `provider` in the settings."
    return f"{subject} has no such {rest} on Heroku any more."


def _problem(body: bytes) -> _Problem:
    try:
        return decode(body, _Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Problem()


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and re.fullmatch(r"\d{1,6}", value.strip()) else None


def _sentence(text: str) -> str:
    text = " ".join(text.split())
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
