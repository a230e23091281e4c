"""One declaration per command, in the order in which help lists them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.core import commands as c
from bot.core import forms
from bot.core.deploy_form import read_deploy, show_deploy
from bot.core.line import Line
from bot.core.lock_forms import (
    read_freeze,
    read_lock,
    read_unfreeze,
    read_unlock,
    show_freeze,
    show_lock,
    show_unfreeze,
    show_unlock,
)
from bot.core.release_forms import read_promote, read_rollback, read_ship, show_promote, show_rollback, show_ship
from bot.core.words import Words

_Numbered: TypeAlias = c.Cancel | c.Retry | c.Approve
_Alone: TypeAlias = c.Locks | c.Freezes | c.WhoAmI | c.Mute | c.Unmute | c.Version
_OfApp: TypeAlias = c.Undeployed | c.WhereCanIDeploy | c.ShowSchedule


@dataclass(frozen=True, slots=True)
class Spec:
    """What there is to know about one command.

    ``examples`` hold ``{app}`` and ``{environment}`` in the places of real names. ``aliases`` are other words for
    ``name``. ``parse`` reads the words after the name, and raises Misread; ``show`` writes the command as it is read.
    ``since`` is the version of the bot that first had it.
    """

    name: str
    usage: str
    help: str
    examples: tuple[str, ...]
    makes: type
    parse: Callable[[Line, Words], c.Command]
    show: Callable[[Any], str]
    aliases: tuple[str, ...] = ()
    since: str = "0.1.0"

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)

    def example(self, words: Words) -> str:
        """The first example with a real app and a real environment of this place."""
        app, environment = words.named_app(), words.named_environment()
        return self.examples[0].replace("{app}", app).replace("{environment}", environment)


def find(name: str) -> Spec | None:
    """The command called ``name``, by any of its names, in any case."""
    wanted = " ".join(name.lower().split())
    return next((spec for spec in COMMANDS if wanted in (known.lower() for known in spec.names)), None)


def _read_help(line: Line, _words: Words) -> c.Help:
    topic = line.take_rest().rstrip("?! ")
    spec = find(topic)
    return c.Help(spec.name if spec else topic or None)


def _numbered(name: str, make: type[_Numbered], help_: str, aliases: tuple[str, ...] = ()) -> Spec:
    return Spec(
        name=name,
        usage=f"{name} [#<id>]",
        help=help_,
        examples=(name, f"{name} #12"),
        makes=make,
        parse=forms.numbered(make),
        show=lambda command: forms.show_number(name, command.deployment),
        aliases=aliases,
    )


def _alone(name: str, make: type[_Alone], help_: str, aliases: tuple[str, ...] = ()) -> Spec:
    return Spec(
        name=name,
        usage=name,
        help=help_,
        examples=(name,),
        makes=make,
        parse=forms.alone(make),
        show=lambda _: name,
        aliases=aliases,
    )


def _of_app(name: str, make: type[_OfApp], help_: str, aliases: tuple[str, ...] = ()) -> Spec:
    return Spec(
        name=name,
        usage=f"{name} [<app>]",
        help=help_,
        examples=(f"{name} {{app}}", name),
        makes=make,
        parse=forms.of_app(make),
        show=lambda command: forms.show_place(name, command.app, None),
        aliases=aliases,
    )


DEPLOY = Spec(
    name="deploy",
    usage="deploy[:task][!] [<app>[/<ref>|@<ref>] | <ref>] [to <env>[/<hosts>]] [key=value …] [when green]"
    ' [at <moment>] [--force "why"]',
    help="Deploy a branch, a tag, a commit or a pull request.",
    examples=(
        "deploy {app}/topic to {environment}",
        "deploy {app} #123 to {environment} when green",
        "deploy {app} to {environment} at 17:00",
        "deploy {app} to {environment} every weekday at 9:00",
        'deploy {app}/hotfix to {environment} --force "the site is down"',
    ),
    makes=c.Deploy,
    parse=read_deploy,
    show=show_deploy,
)

HELP = Spec(
    name="help",
    usage="help [<command>]",
    help="Show all commands, or one with its examples.",
    examples=("help", "help deploy"),
    makes=c.Help,
    parse=_read_help,
    show=lambda help_: f"help {help_.topic}" if help_.topic else "help",
    aliases=("?", "commands", "usage"),
)

COMMANDS: tuple[Spec, ...] = (
    DEPLOY,
    Spec(
        name="ship",
        usage="ship #<pr> [to <env>]",
        help="Merge a pull request when its checks are green, and deploy the merge commit.",
        examples=("ship #123", "ship #123 to {environment}"),
        makes=c.Ship,
        parse=read_ship,
        show=show_ship,
    ),
    Spec(
        name="rollback",
        usage='rollback [<app>] [on <env>] [to <sha>|#<id>] ["why"]',
        help="Deploy again what ran before, or an earlier commit or deployment.",
        examples=("rollback {app} on {environment}", 'rollback {app} on {environment} to #12 "errors in checkout"'),
        makes=c.Rollback,
        parse=read_rollback,
        show=show_rollback,
        aliases=("roll back", "undo"),
    ),
    Spec(
        name="promote",
        usage="promote <app> [from <env>] to <env>",
        help="Deploy to one environment what runs in another.",
        examples=("promote {app} to {environment}", "promote {app} from staging to {environment}"),
        makes=c.Promote,
        parse=read_promote,
        show=show_promote,
    ),
    _numbered("cancel", c.Cancel, "Stop a deployment that waits or runs.", aliases=("abort", "stop")),
    _numbered("retry", c.Retry, "Deploy the same commit to the same environment once more."),
    _numbered("approve", c.Approve, "Approve a deployment that waits for it."),
    Spec(
        name="reject",
        usage='reject [#<id>] ["why"]',
        help="Refuse a deployment that waits for approval.",
        examples=('reject #12 "the migration is missing"', "reject"),
        makes=c.Reject,
        parse=forms.read_reject,
        show=forms.show_reject,
    ),
    Spec(
        name="queue",
        usage="queue [<app>] [<env>]",
        help="Show what runs and what waits its turn.",
        examples=("queue {app} {environment}", "queue"),
        makes=c.Queue,
        parse=forms.of_place(c.Queue),
        show=lambda queue: forms.show_place("queue", queue.app, queue.environment),
    ),
    Spec(
        name="lock",
        usage="lock <env>|all [on <app>] [for 2h|until fri 9:00] [because <reason>]",
        help="Keep an environment to yourself.",
        examples=(
            "lock {environment} on {app} for 2h because testing the migration",
            "lock all until fri 9:00",
            "lock {environment}",
        ),
        makes=c.Lock,
        parse=read_lock,
        show=show_lock,
        aliases=("deploy:lock",),
    ),
    Spec(
        name="unlock",
        usage="unlock <env>|all|mine [on <app>]",
        help="Release a lock.",
        examples=("unlock {environment} on {app}", "unlock mine"),
        makes=c.Unlock,
        parse=read_unlock,
        show=show_unlock,
        aliases=("deploy:unlock",),
    ),
    _alone("locks", c.Locks, "Show who holds what."),
    Spec(
        name="freeze",
        usage="freeze <env>|all [until <moment>] because <reason>",
        help="Stop all deployments to an environment for a while.",
        examples=("freeze {environment} until mon 9:00 because of the holidays", "freeze all because of an incident"),
        makes=c.Freeze,
        parse=read_freeze,
        show=show_freeze,
    ),
    Spec(
        name="unfreeze",
        usage="unfreeze [<env>|all]",
        help="End a freeze.",
        examples=("unfreeze {environment}", "unfreeze all"),
        makes=c.Unfreeze,
        parse=read_unfreeze,
        show=show_unfreeze,
    ),
    _alone("freezes", c.Freezes, "Show what is frozen, and closed windows to come."),
    Spec(
        name="deploys",
        usage="deploys [<app>[/<ref>]] [in <env>]",
        help="Show the latest deployments; with a number, one of them and its log.",
        examples=("deploys {app} in {environment}", "deploys #12"),
        makes=c.Deploys,
        parse=forms.read_deploys,
        show=forms.show_deploys,
        aliases=("deployments", "history"),
    ),
    Spec(
        name="status",
        usage="status [<app>] [<env>]",
        help="Show what is deployed where.",
        examples=("status {app} {environment}", "status"),
        makes=c.Status,
        parse=forms.of_place(c.Status),
        show=lambda status: forms.show_place("status", status.app, status.environment),
    ),
    Spec(
        name="diff",
        usage="diff [<app>] [<env>] [<ref>|<env>]",
        help="Show what a deployment would change.",
        examples=("diff {app} {environment} topic", "diff {environment}"),
        makes=c.Diff,
        parse=forms.read_diff,
        show=forms.show_diff,
    ),
    _of_app("undeployed", c.Undeployed, "Show what was merged and is not deployed yet."),
    _of_app(
        "where can I deploy", c.WhereCanIDeploy, "Show the environments and who may deploy there.", aliases=("wcid",)
    ),
    _of_app("schedule", c.ShowSchedule, "Show the deployments that wait for their moment."),
    Spec(
        name="unschedule",
        usage="unschedule #<id>",
        help="Take a deployment off the schedule.",
        examples=("unschedule #12",),
        makes=c.Unschedule,
        parse=forms.read_unschedule,
        show=lambda unschedule: forms.show_number("unschedule", unschedule.deployment),
    ),
    Spec(
        name="link",
        usage="link <github-login>",
        help="Tell the bot who you are on GitHub.",
        examples=("link octocat",),
        makes=c.LinkLogin,
        parse=forms.read_login,
        show=lambda link: f"link {link.login}",
    ),
    _alone("whoami", c.WhoAmI, "Show who you are to the bot, and what you may do.", aliases=("who am i",)),
    _alone("mute", c.Mute, "Stop being mentioned."),
    _alone("unmute", c.Unmute, "Be mentioned again."),
    _alone("version", c.Version, "Show which version of the bot this is.", aliases=("deploy:version",)),
    HELP,
)
