"""What an answer of GitHub's REST API outside 2xx means: one function from statuses to our errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias
from urllib.parse import unquote

import msgspec

from bot.adapters.http_dates import asked_wait, date_in
from bot.core.errors import Conflict, NotAccepted, NotAllowed, NotThere, Rejected, ShipmateError, Unavailable
from bot.core.ports.forge_types import JSON

# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api: "wait for at least one minute"
UNSAID_WAIT = 60.0
LONGEST_WAIT = 3600.0
"""Every limit begins anew within an hour, so whoever says more is asked once more by then."""
Object: TypeAlias = "dict[str, JSON]"

# Limits that come without a header, in the words of the answer.
_LIMIT = re.compile(r"rate[ -]limit|abuse detection|submitted too quickly|wait a few minutes before you try", re.I)
# What a proxy on the way answers with; the API itself answers in JSON.
_PAGE = re.compile(rb"\s*<(?:!doctype html|html)", re.I)
# Whom GitHub knows and all the same lets in nowhere, or not before a while:
# https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api#failed-login-limit
_NOBODY = re.compile(r"account (?:was|has been) suspended|number of login attempts|integration not found", re.I)
# What an owner keeps out as such, whatever permissions it has; the help of each says how to let it in:
# a suspended App, single sign-on, addresses that are allowed, and rules about tokens and OAuth apps.
_KEPT_OUT = re.compile(
    r"suspended|SAML enforcement|IP allow list|forbids access via|appear to have the correct authorization", re.I
)
# Which permission a path of a repository needs: the first that matches.
# https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
_NEEDED = (
    (r"deployments\b", "deployments"),
    (r"commits/.+/(?:check-runs|check-suites)$|check-(?:runs|suites)\b", "checks"),
    (r"commits/.+/status(?:es)?$|statuses/", "statuses"),
    (r"commits/.+/pulls$", "pull_requests"),
    (r"pulls/\d+/merge$|releases\b|git/|commits\b|branches\b|compare/|contents/|tarball/|merges$", "contents"),
    (r"pulls\b", "pull_requests"),
    (r"issues\b|labels\b", "issues"),
    (r"actions/|environments\b", "actions"),
    (r"hooks\b", "repository_hooks"),
)
_ARCHIVED = re.compile(r"was archived", re.I)
# One conversation takes no more comments, whatever the permissions are.
_LOCKED = re.compile(r"issue is locked|conversation (?:is|was|has been) locked", re.I)


def error_of(
    status: int, headers: Mapping[str, str], body: bytes, *, method: str, url: str, named: str, now: datetime
) -> ShipmateError:
    """The error that an answer outside 2xx stands for.

    ``headers`` is read case-insensitively by the caller's mapping; ``named`` is what people call our credentials
    (``GITHUB_TOKEN``); ``now`` is aware and turns the moment at which a rate limit ends into seconds, unless
    GitHub says what its own clock shows.
    """
    problem = _problem(body)
    message = _text(problem.get("message")) or f"HTTP status {status}"
    if asks_for_time(status, headers, body):
        return Unavailable("GitHub asks the bot to slow down.", retry_after=_wait(headers, now))
    if status == 401 or (status in (403, 404) and _NOBODY.search(message)):
        return refused(message, named)
    if status == 403 and _PAGE.match(body):
        return Unavailable("Something on the way to GitHub does not let the bot through (status 403, with a web page).")
    match status:
        case 403:
            return _forbidden(headers, message, method, url, named)
        case 404 | 410 | 451:
            return NotThere(_not_there(url, named))
        case 409:
            return Conflict(_conflict(problem, message))
        case 408 | 500 | 501 | 502 | 503 | 504:
            return Unavailable(
                f"GitHub has a problem of its own (status {status}).",
                retry_after=_asked(headers, now),
                uncertain=method != "GET",
            )
    if status > 504:
        return Unavailable(f"GitHub has a problem of its own (status {status}).", uncertain=method != "GET")
    return Rejected(_with_details(problem, message))


def refused(message: str, named: str) -> NotAccepted:
    """The credentials as such are refused everywhere, for this reason."""
    return not_accepted(f"{starting(named)} is not accepted by GitHub ({message.rstrip('.')}).", named)


def not_accepted(sentence: str, named: str) -> NotAccepted:
    mend = f"Make new credentials on GitHub, set {named} anew, and restart me."
    return NotAccepted(sentence, service="GitHub", mend=mend)


def kept_out(sentence: str, named: str, owner: str) -> NotAccepted:
    """One owner refuses them."""
    mend = f"An owner of {owner} can let {named} in again, in its settings on GitHub; I need no restart for that."
    return NotAccepted(sentence, service="GitHub", mend=mend, owner=owner.lower())


def _not_signed_on(sentence: str, sso: str, named: str, owner: str) -> NotAccepted:
    """An owner who wants single sign-on: whoever has made the token lets it in, at an address that holds for an hour.

    https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api#authorizing-a-personal-access-token
    """
    page = re.search(r"\burl=(https://[^\s;,]+)", sso)
    address = f" ({page[1]} leads there for an hour)" if page else ""
    mend = (
        f"Whoever has made {named} can authorize it for the single sign-on of {owner}, under “Configure SSO” of their "
        f"tokens on GitHub{address}; I need no restart for that."
    )
    return NotAccepted(sentence, service="GitHub", mend=mend, owner=owner.lower())


def _forbidden(headers: Mapping[str, str], message: str, method: str, url: str, named: str) -> ShipmateError:
    repository, rest = _parts(url)
    if _LOCKED.search(message):
        return Rejected(f"{repository} {rest} is locked on GitHub: {_sentence(message)}")
    if _ARCHIVED.search(message):
        return Rejected(
            f"{repository or 'The repository'} is archived on GitHub: nothing can be deployed from it until somebody "
            "unarchives it."
        )
    owner = _owner(url)
    if "X-GitHub-SSO" in headers or _KEPT_OUT.search(message):
        if not owner:
            return refused(message, named)
        sentence = f"{starting(named)} is not accepted by {owner} on GitHub ({message.rstrip('.')})."
        sso = headers.get("X-GitHub-SSO", "")
        if sso or "SAML" in message:
            return _not_signed_on(sentence, sso, named, owner)
        return kept_out(sentence, named, owner)
    wanted = _permissions(headers, message, method, rest)
    return NotAllowed(_missing_permission(wanted, headers, message, f" on {repository}" if repository else "", named))


def starting(sentence: str) -> str:
    """With a capital letter, as sentences begin.

    >>> starting("the GitHub App")
    'The GitHub App'
    """
    return sentence[:1].upper() + sentence[1:]


def _problem(body: bytes) -> Object:
    """GitHub's error object; proxies in between answer with pages of HTML, which say nothing to a person."""
    try:
        problem = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return problem if isinstance(problem, dict) else {}


def asks_for_time(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether an answer says that the bot asks too much."""
    if status != 403:
        return status == 429
    if "Retry-After" in headers or headers.get("X-RateLimit-Remaining") == "0":
        return True
    problem = _problem(body)
    said = (_text(problem.get("message")), _text(problem.get("documentation_url")))
    return any(map(_LIMIT.search, said if problem else [body[:4096].decode("utf-8", "replace")]))


def quota_in(headers: Mapping[str, str], now: datetime) -> tuple[int, float | None] | None:
    """How many requests are left of the limit that all questions but searches count against, and for how many seconds.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#checking-the-status-of-your-rate-limit
    """
    remaining = _seconds(headers.get("X-RateLimit-Remaining"))
    if remaining is None or headers.get("X-RateLimit-Resource", "core") != "core":
        return None
    reset = _seconds(headers.get("X-RateLimit-Reset"))
    here = (date_in(headers.get("Date")) or now).timestamp()
    return int(remaining), None if reset is None else max(0.0, reset - here)


def _wait(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds to wait: what GitHub says, else until its window ends, else a minute."""
    said = _asked(headers, now)
    if said is not None:
        return said
    reset = _seconds(headers.get("X-RateLimit-Reset"))
    if headers.get("X-RateLimit-Remaining") == "0" and reset is not None:
        # By GitHub's own clock, where it says what that shows: ours may be another one.
        return min(max(1.0, reset - (date_in(headers.get("Date")) or now).timestamp()), LONGEST_WAIT)
    return UNSAID_WAIT


def _asked(headers: Mapping[str, str], now: datetime) -> float | None:
    return asked_wait(headers.get("Retry-After", ""), date_in(headers.get("Date")) or now, LONGEST_WAIT)


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and re.fullmatch(r"\d{1,12}", value.strip()) else None


def _permissions(headers: Mapping[str, str], message: str, method: str, rest: str) -> str:
    """What GitHub says that is needed, and where it says nothing what its documentation says.

    ``deployments=write,contents=read; administration=write``: all of a group, or one of the groups.
    """
    accepted = headers.get("X-Accepted-GitHub-Permissions", "")
    if not accepted and "not accessible by" in message:
        access = "read" if method == "GET" else "write"
        accepted = next((f"{name}={access}" for path, name in _NEEDED if re.match(path, rest)), "")
    groups = [
        " and ".join(part.strip().replace("=", ": ") for part in group.split(",") if part.strip())
        for group in accepted.split(";")
    ]
    return ", or ".join(f"“{group}”" for group in groups if group)


def _missing_permission(permission: str, headers: Mapping[str, str], message: str, where: str, named: str) -> str:
    said = message.rstrip(".")
    if permission:
        return f"{starting(named)} lacks the permission {permission}{where}: {said}."
    scopes = headers.get("X-Accepted-OAuth-Scopes", "").strip()
    if scopes:
        return f"{starting(named)} lacks a permission{where}: {said}. One of these scopes is needed: {scopes}."
    return f"{starting(named)} lacks a permission{where}: {said}."


def _not_there(url: str, named: str) -> str:
    repository, rest = _parts(url)
    if not repository:
        return f"GitHub has no such page, or {named} cannot see it."
    if not rest:
        return f"{repository} does not exist on GitHub, or {named} cannot see it."
    return f"{repository} has no {rest} on GitHub, or {named} cannot see it."


def _conflict(problem: Object, message: str) -> str:
    """The message, with the contexts that stand in the way by name.

    GitHub lists every context it looked at, the successful ones too, and repeats names.
    """
    blocking: dict[str, None] = {}
    for error in _objects(problem.get("errors")):
        for context in _objects(error.get("contexts")):
            name, state = _text(context.get("context")), _text(context.get("state"))
            if name and state != "success":
                blocking[f"{name} ({state})" if state else name] = None
    if not blocking:
        return _sentence(message)
    return f"{_sentence(message)} Not successful: {', '.join(blocking)}."


def _with_details(problem: Object, message: str) -> str:
    """``Validation Failed: description is too long``: the message, then what is wrong with which field."""
    errors = problem.get("errors")
    details = [error for error in errors if isinstance(error, str)] if isinstance(errors, list) else []
    for error in _objects(errors):
        said = _text(error.get("message"))
        details.append(said or " ".join(filter(None, map(_text, (error.get("field"), error.get("code"))))))
    shown = "; ".join(detail for detail in details if detail)
    return _sentence(f"{message.rstrip('.:')}: {shown}" if shown else message)


def _objects(value: JSON) -> list[Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: JSON) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _parts(url: str) -> tuple[str, str]:
    """``acme/web`` and ``deployments/7`` of ``…/repos/acme/web/deployments/7?page=2``."""
    found = re.search(r"/repos/([^/?]+/[^/?]+)/?([^?]*)", url)
    return (unquote(found[1]), unquote(found[2])) if found else ("", "")


def _owner(url: str) -> str:
    """``acme`` of ``…/repos/acme/web`` and of ``…/orgs/acme/teams``."""
    found = re.search(r"/(?:repos|orgs)/([^/?]+)", url)
    return unquote(found[1]) if found else ""
