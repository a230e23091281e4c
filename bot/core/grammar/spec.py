"""What is declared of a command: one by one, or by the kinds whose members are alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.core.grammar import commands as c
from bot.core.grammar import queries
from bot.core.grammar.locks import read_of_lock, show_of_lock
from bot.core.grammar.tokens import TokenCursor
from bot.core.grammar.vocabulary import Vocabulary

_Numbered: TypeAlias = c.Cancel | c.Retry | c.Approve
_Alone: TypeAlias = c.Locks | c.Freezes | c.WhoAmI | c.Mute | c.Unmute | c.Version
_OfApp: TypeAlias = c.Undeployed | c.Figures | c.WhereCanIDeploy | c.ShowSchedule | c.NotToday
_OfLock: TypeAlias = c.AskToRelease | c.NotifyMe | c.KeepLock


@dataclass(frozen=True, slots=True)
class Spec:
    """What there is to know about one command.

    ``examples`` hold ``{app}`` and ``{environment}`` in the places of real names. ``aliases`` are other words for
    ``name``, and ``phrasings`` patterns of sentences that mean it (``bot.core.grammar.phrasing`` says how they are
    written). ``parse`` reads the words after the name, and raises Misread; ``show`` writes the command as it is read. A
    ``read_only`` one decides nothing, so nothing of it is kept in the audit.
    """

    name: str
    usage: str
    help: str
    examples: tuple[str, ...]
    makes: type[c.Command]
    read_only: bool
    parse: Callable[[TokenCursor, Vocabulary], c.Command]
    show: Callable[[Any], str]
    aliases: tuple[str, ...] = ()
    phrasings: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)

    def example(self, words: Vocabulary) -> str:
        """The first example with a real app and a real environment of this place."""
        app, environment = words.named_app(), words.named_environment()
        return self.examples[0].replace("{app}", app).replace("{environment}", environment)


def numbered(
    name: str,
    make: type[_Numbered],
    help_: str,
    aliases: tuple[str, ...] = (),
    phrasings: tuple[str, ...] = (),
    *,
    read_only: bool,
) -> Spec:
    return Spec(
        name=name,
        usage=f"{name} [#<id>|[<app>] [<env>]]",
        help=help_,
        examples=(name, f"{name} #12", f"{name} {{app}} {{environment}}"),
        makes=make,
        read_only=read_only,
        parse=queries.numbered(make),
        show=lambda command: queries.show_numbered(name, command),
        aliases=aliases,
        phrasings=phrasings,
    )


def alone(
    name: str,
    make: type[_Alone],
    help_: str,
    aliases: tuple[str, ...] = (),
    phrasings: tuple[str, ...] = (),
    *,
    read_only: bool,
) -> Spec:
    return Spec(
        name=name,
        usage=name,
        help=help_,
        examples=(name,),
        makes=make,
        read_only=read_only,
        parse=queries.alone(make),
        show=lambda _: name,
        aliases=aliases,
        phrasings=phrasings,
    )


def of_app(
    name: str,
    make: type[_OfApp],
    help_: str,
    aliases: tuple[str, ...] = (),
    phrasings: tuple[str, ...] = (),
    *,
    read_only: bool,
) -> Spec:
    return Spec(
        name=name,
        usage=f"{name} [<app>]",
        help=help_,
        examples=(f"{name} {{app}}", name),
        makes=make,
        read_only=read_only,
        parse=queries.of_app(make),
        show=lambda command: queries.show_place(name, command.app, None),
        aliases=aliases,
        phrasings=phrasings,
    )


def of_lock(
    name: str,
    make: type[_OfLock],
    help_: str,
    aliases: tuple[str, ...] = (),
    phrasings: tuple[str, ...] = (),
    *,
    read_only: bool,
) -> Spec:
    return Spec(
        name=name,
        usage=f"{name} <env> [on <app>]",
        help=help_,
        examples=(f"{name} {{environment}} on {{app}}", f"{name} {{environment}}"),
        makes=make,
        read_only=read_only,
        parse=read_of_lock(make),
        show=lambda command: show_of_lock(name, command.environment, command.app),
        aliases=aliases,
        phrasings=phrasings,
    )
