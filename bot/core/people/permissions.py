"""Who may do what: rules over the parties that settings name and the permission that GitHub gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from bot.core.people.logins import is_app, same_login
from bot.core.rich_text import Code, Line, Mention, Span

WRITES = frozenset({"write", "maintain", "admin"})
"""What GitHub's permission on the repository must be at least for somebody to deploy it."""
READS = WRITES | {"triage", "read"}
"""What it must be at least for somebody to be told what the repository holds."""

NO_NAMES: Mapping[str, str] = MappingProxyType({})


class Kind(StrEnum):
    """What the settings may name: somebody or a group of the chat, somebody or a team of GitHub."""

    PERSON = "person"
    GROUP = "group"
    LOGIN = "login"
    TEAM = "team"


def kind_of(party: str) -> Kind:
    """What a party in the settings is.

    >>> [kind_of(party).value for party in ("U012AB3CD", "B012AB3CD", "@oncall", "S012AB3CD", "octocat", "acme/devs")]
    ['person', 'person', 'group', 'group', 'login', 'team']
    """
    if "/" in party:
        return Kind.TEAM
    if party.startswith("@") or re.fullmatch(r"S[A-Z0-9]{2,}", party):
        return Kind.GROUP
    # A bot's id is longer than most logins, and has a digit where few have one.
    return Kind.PERSON if re.fullmatch(r"[UW][A-Z0-9]{2,}|B0[A-Z0-9]{6,}", party) else Kind.LOGIN


def on_github(party: str) -> bool:
    """Whether only a person's GitHub login tells whether they belong to it: an app is nobody in the chat."""
    return kind_of(party) in {Kind.LOGIN, Kind.TEAM} and not is_app(party)


def is_named(party: str, chat_id: str, login: str | None) -> bool:
    """Whether the party is this very person, by chat id or by GitHub login; groups and teams are not looked into."""
    match kind_of(party):
        case Kind.PERSON:
            return party == chat_id
        case Kind.LOGIN:
            return same_login(party, login)
        case Kind.GROUP | Kind.TEAM:
            return False


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether somebody may do something, and the line that says why or why not. True where they may."""

    allowed: bool
    line: Line

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True, slots=True)
class Membership:
    """Whether somebody belongs to the parties that were asked about.

    ``by`` is the first party that they belong to. ``needs_login`` is true where they belong to none, but GitHub decides
    about some and their login is not known. ``problems`` are sentences about parties that could not be looked into.
    """

    by: str | None = None
    needs_login: bool = False
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks, for what. ``login`` is their GitHub login where known; ``can_link`` whether ``link`` could prove one.

    ``does`` is what they want to do: ``deploy to production``, ``approve for production``.
    """

    name: str
    login: str | None
    does: str
    can_link: bool = True


def by_parties(
    subject: Subject, parties: tuple[str, ...], membership: Membership, names: Mapping[str, str] = NO_NAMES
) -> Permission:
    """The settings name who may; ``names`` are what people are called whom they name by their ids."""
    if membership.by is not None:
        return Permission(True, (f"{subject.name} may {subject.does} (", *_party(membership.by, names), ")"))
    line: list[Span] = [f"{subject.name} may not {subject.does}: that is for ", *_parties(parties, names)]
    if membership.needs_login:
        line += [". I do not know their GitHub login; ", *_how_to_link(subject)]
    elif not membership.problems:
        line.append("; ask one of them" if len(parties) > 1 or kind_of(parties[0]) is not Kind.PERSON else "; ask them")
    for problem in membership.problems:
        line.append(f". {problem.rstrip('.')}")
    return Permission(False, tuple(line))


def by_repository(subject: Subject, repository: str, level: str | None) -> Permission:
    """GitHub's permission on the repository decides; ``level`` is None where the login is not known."""
    if level in WRITES:
        return Permission(True, (f"{subject.name} may {subject.does} ({level} permission on {repository})",))
    if level is None:
        why = f"write permission on {repository} decides, and I do not know their GitHub login; "
        return Permission(False, (f"{subject.name} may not {subject.does}: {why}", *_how_to_link(subject)))
    has = "no" if level == "none" else f"only {level}"
    why = f"{subject.login} has {has} permission on {repository}, and it takes write; its admins can give it"
    return Permission(False, (f"{subject.name} may not {subject.does}: {why}",))


def untold(subject: Subject, problem: str) -> Permission:
    """GitHub would not say; then nobody may."""
    why = f"it cannot be told whether they may: {problem.rstrip('.')}"
    return Permission(False, (f"{subject.name} may not {subject.does}, because {why}",))


def everybody(subject: Subject) -> Permission:
    """There is nobody to keep out."""
    return Permission(True, (f"{subject.name} may {subject.does}",))


def _how_to_link(subject: Subject) -> Line:
    if subject.can_link:
        return ("tell me with ", Code("link <your GitHub login>"))
    return ("whoever runs me can add it to [people] in settings.toml",)


def _parties(parties: tuple[str, ...], names: Mapping[str, str]) -> Line:
    spans: list[Span] = []
    for n, party in enumerate(parties):
        if n:
            spans.append(" and " if n == len(parties) - 1 else ", ")
        spans += _party(party, names)
    return tuple(spans)


def _party(party: str, names: Mapping[str, str]) -> Line:
    """By name: nobody is called because somebody else may not. The chat alone knows those who are not named."""
    if kind_of(party) is not Kind.PERSON:
        return (party,)
    return (names[party],) if party in names else (Mention(party, party),)
