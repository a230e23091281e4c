"""What people paste, in the words of the grammar: links to GitHub's pages, and repositories by their full names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from bot.core.grammar.arguments import TO, demand_one_app
from bot.core.grammar.tokens import Misread, shorten
from bot.core.grammar.vocabulary import Vocabulary
from bot.core.refs import TAGS

_TOKEN = re.compile(r"\S+")
_REASON = re.compile(r"--force|\bbecause\b|(?<!\w)[\"']|\s[-–—]\s", re.IGNORECASE)
"""From here on a line is somebody's reason, in which a link is a link."""
_END = "?.,;:!)>]"
_FULL_NAME = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+?)(?:(?P<mark>[@#])(?P<rest>#?\S+))?")
_ID = re.compile(r"[0-9a-fA-F]{7,40}")


@dataclass(frozen=True, slots=True)
class Named:
    """What a page is about: a ``ref`` of the repository, one of its environments, or the repository itself."""

    repository: str
    ref: str | None = None
    environment: str | None = None


def written_out(line: str, words: Vocabulary) -> str:
    """The line with what the grammar knows in the place of each link, up to the reason.

    Raises Misread where a link leads to a repository of no app, or of several.
    """
    reason = _REASON.search(line)
    said, after = (line[: reason.start()], line[reason.start() :]) if reason else (line, "")
    tokens = list(_TOKEN.finditer(said))
    for place in range(len(tokens) - 1, -1, -1):
        token, before = tokens[place], tokens[place - 1][0].lower() if place else ""
        meant = _meant(token[0], words, before)
        if meant is not None:
            asks = "?" if token[0].endswith("?") else ""
            said = said[: token.start()] + meant + asks + said[token.end() :]
    return said + after


def _meant(token: str, words: Vocabulary, before: str) -> str | None:
    bare = token.strip("<").rstrip(_END).partition("|")[0]
    named = page(bare, words.web_host) or _full_name(bare, words)
    if named is None:
        return None
    app = _app_of(named.repository, words)
    if named.environment is not None and before in TO and app == words.home:
        return named.environment
    if named.environment is not None:
        return f"{app} in {named.environment}"
    if named.ref is None:
        return app
    return f"{app}{named.ref}" if named.ref.startswith("#") else f"{app}@{named.ref}"


def _app_of(repository: str, words: Vocabulary) -> str:
    """The app whose code is there; the channel's own where it is one of several. Raises Misread."""
    demand_one_app(repository, words)
    app = words.app(repository)
    if app is None:
        raise Misread(f"{shorten(repository)} is the repository of no app that I know.")
    return app


def _full_name(token: str, words: Vocabulary) -> Named | None:
    """``acme/web@topic``, ``acme/web#12`` or ``acme/web``, where an app has its code there."""
    found = _FULL_NAME.fullmatch(token)
    if found is None or not words.apps_of(found["repository"]):
        return None
    rest = found["rest"]
    if rest is None:
        return Named(found["repository"])
    return Named(found["repository"], f"#{rest.lstrip('#')}" if found["mark"] == "#" else rest)


def page(token: str, host: str) -> Named | None:
    """What a page of the host is about. None for what is no link to it, and for pages about nothing of ours."""
    address = rf"(?:https?://)?(?:www\.)?{re.escape(host)}/([\w.-]+/[\w.-]+)(?:/(.*))?"
    found = re.fullmatch(address, token, re.IGNORECASE)
    if found is None:
        return None
    repository, (path, _, query) = found[1], (found[2] or "").partition("?")
    kind, _, rest = unquote(path.partition("#")[0].rstrip("/")).partition("/")
    match kind:
        case "":
            return Named(repository.removesuffix(".git"))
        case "pull":
            return _of_pull_request(repository, rest)
        case "commit" if _ID.match(rest):
            return Named(repository, rest.partition("/")[0].removesuffix(".patch").removesuffix(".diff"))
        case "tree" | "commits" if rest:
            return Named(repository, rest)
        case "compare" if rest:
            head = rest.rpartition("...")[2] or rest
            return Named(repository, head.rpartition(":")[2])
        case "releases" if rest.startswith("tag/"):
            return Named(repository, TAGS + rest.removeprefix("tag/"))
        case "deployments":
            return _of_deployments(repository, rest, query)
    return None


def _of_pull_request(repository: str, rest: str) -> Named | None:
    number, _, below = rest.partition("/")
    if not number.isdecimal() or len(number) > 9:
        return None
    commit = re.fullmatch(r"(?:commits|changes)/([0-9a-f]{7,40})", below)
    return Named(repository, commit[1] if commit else f"#{number}")


def _of_deployments(repository: str, rest: str, query: str) -> Named:
    """https://github.com/acme/web/deployments/production, or …/activity_log?environment=production."""
    asked = parse_qs(query)
    named = asked.get("environment", asked.get("environments_filter", [""]))[0]
    return Named(repository, environment=(named or ("" if rest == "activity_log" else rest)) or None)
