"""One declaration per command, in the order in which help lists them."""

from __future__ import annotations

from bot.core.grammar import commands as c
from bot.core.grammar import queries, spec
from bot.core.grammar.deploy import read_deploy, show_deploy
from bot.core.grammar.locks import (
    read_freeze,
    read_lock,
    read_take_over,
    read_unfreeze,
    read_unlock,
    show_freeze,
    show_lock,
    show_take_over,
    show_unfreeze,
    show_unlock,
)
from bot.core.grammar.releases import read_promote, read_rollback, read_ship, show_promote, show_rollback, show_ship
from bot.core.grammar.spec import Spec
from bot.core.grammar.tokens import TokenCursor
from bot.core.grammar.vocabulary import Vocabulary

__all__ = ["COMMANDS", "DEPLOY", "HELP", "Spec", "find", "spec_of"]


def find(name: str) -> Spec | None:
    """The command called ``name``, by any of its names, in any case."""
    return _BY_NAME.get(" ".join(name.lower().split()))


def spec_of(command: c.Command) -> Spec:
    """The declaration of a command."""
    return next(one for one in COMMANDS if isinstance(command, one.makes))


def _read_help(cursor: TokenCursor, _words: Vocabulary) -> c.Help:
    topic = cursor.take_rest().rstrip("?! ")
    found = find(topic)
    return c.Help(found.name if found else topic or None)


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
    read_only=False,
    parse=read_deploy,
    show=show_deploy,
)

HELP = Spec(
    name="help",
    usage="help [<command>]",
    help="Show all commands, or one with its examples.",
    examples=("help", "help deploy"),
    makes=c.Help,
    read_only=True,
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
        read_only=False,
        parse=read_ship,
        show=show_ship,
    ),
    Spec(
        name="rollback",
        usage='rollback [<app>] [on <env>] [to <sha>|#<id>] ["why"]',
        help="Deploy again what ran before, or an earlier commit or deployment.",
        examples=("rollback {app} on {environment}", 'rollback {app} on {environment} to #12 "errors in checkout"'),
        makes=c.Rollback,
        read_only=False,
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
        read_only=False,
        parse=read_promote,
        show=show_promote,
    ),
    spec.numbered(
        "cancel", c.Cancel, "Stop a deployment that waits or runs.", aliases=("abort", "stop"), read_only=False
    ),
    spec.numbered("retry", c.Retry, "Deploy the same commit to the same environment once more.", read_only=False),
    spec.numbered("approve", c.Approve, "Approve a deployment that waits for it.", read_only=False),
    Spec(
        name="reject",
        usage='reject [#<id>] ["why"]',
        help="Refuse a deployment that waits for approval.",
        examples=('reject #12 "the migration is missing"', "reject"),
        makes=c.Reject,
        read_only=False,
        parse=queries.read_reject,
        show=queries.show_reject,
    ),
    Spec(
        name="queue",
        usage="queue [<app>] [<env>]",
        help="Show what runs and what waits its turn.",
        examples=("queue {app} {environment}", "queue"),
        makes=c.Queue,
        read_only=True,
        parse=queries.of_place(c.Queue),
        show=lambda queue: queries.show_place("queue", queue.app, queue.environment),
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
        makes=c.TakeLock,
        read_only=False,
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
        read_only=False,
        parse=read_unlock,
        show=show_unlock,
        aliases=("deploy:unlock",),
    ),
    spec.alone("locks", c.Locks, "Show who holds what.", read_only=True),
    Spec(
        name="take over",
        usage="take over <env> [on <app>] because <reason>",
        help="Take somebody's lock over; they are told.",
        examples=("take over {environment} on {app} because a hotfix must go out", "take over {environment}"),
        makes=c.TakeOver,
        read_only=False,
        parse=read_take_over,
        show=show_take_over,
        aliases=("takeover",),
    ),
    spec.of_lock(
        "ask for",
        c.AskToRelease,
        "Ask whoever holds an environment to release it.",
        aliases=("ask to release",),
        read_only=False,
    ),
    spec.of_lock(
        "notify me about", c.NotifyMe, "Be told when a lock is released.", aliases=("notify me",), read_only=False
    ),
    spec.of_lock("keep", c.KeepLock, "Keep your lock; the next reminder comes later.", read_only=False),
    Spec(
        name="freeze",
        usage="freeze <env>|all [until <moment>] because <reason>",
        help="Stop all deployments to an environment for a while.",
        examples=("freeze {environment} until mon 9:00 because of the holidays", "freeze all because of an incident"),
        makes=c.DeclareFreeze,
        read_only=False,
        parse=read_freeze,
        show=show_freeze,
    ),
    Spec(
        name="unfreeze",
        usage="unfreeze [<env>|all]",
        help="End a freeze.",
        examples=("unfreeze {environment}", "unfreeze all"),
        makes=c.Unfreeze,
        read_only=False,
        parse=read_unfreeze,
        show=show_unfreeze,
    ),
    spec.alone("freezes", c.Freezes, "Show what is frozen, and closed windows to come.", read_only=True),
    Spec(
        name="deploys",
        usage="deploys [<app>[/<ref>]] [in <env>]",
        help="Show the latest deployments; with a number, one of them and its log.",
        examples=("deploys {app} in {environment}", "deploys #12"),
        makes=c.Deploys,
        read_only=True,
        parse=queries.read_deploys,
        show=queries.show_deploys,
        aliases=("deployments", "history"),
    ),
    Spec(
        name="status",
        usage="status [<app>] [<env>]",
        help="Show what is deployed where.",
        examples=("status {app} {environment}", "status"),
        makes=c.Status,
        read_only=True,
        parse=queries.of_place(c.Status),
        show=lambda status: queries.show_place("status", status.app, status.environment),
    ),
    Spec(
        name="diff",
        usage="diff [<app>] [<env>] [<ref>|<env>]",
        help="Show what a deployment would change.",
        examples=("diff {app} {environment} topic", "diff {environment}"),
        makes=c.Diff,
        read_only=True,
        parse=queries.read_diff,
        show=queries.show_diff,
    ),
    spec.of_app("undeployed", c.Undeployed, "Show what was merged and is not deployed yet.", read_only=True),
    spec.of_app(
        "where can I deploy",
        c.WhereCanIDeploy,
        "Show the environments and who may deploy there.",
        aliases=("wcid",),
        read_only=True,
    ),
    spec.of_app("schedule", c.ShowSchedule, "Show the deployments that wait for their moment.", read_only=True),
    Spec(
        name="unschedule",
        usage="unschedule #<id>",
        help="Take a deployment off the schedule.",
        examples=("unschedule #12",),
        makes=c.Unschedule,
        read_only=False,
        parse=queries.read_unschedule,
        show=lambda unschedule: queries.show_number("unschedule", unschedule.deployment),
    ),
    Spec(
        name="link",
        usage="link <github-login>",
        help="Tell the bot who you are on GitHub.",
        examples=("link octocat",),
        makes=c.LinkLogin,
        read_only=False,
        parse=queries.read_link,
        show=lambda link: f"link {link.login}",
    ),
    Spec(
        name="hand over",
        usage="hand over <github-login> to @<person>",
        help="Agree that a GitHub login of yours belongs to somebody else, who has proved it.",
        examples=("hand over octocat to @U012AB3CD",),
        makes=c.HandOver,
        read_only=False,
        parse=queries.of_claim(c.HandOver),
        show=lambda claim: f"hand over {claim.login} to @{claim.person}",
    ),
    Spec(
        name="withhold",
        usage="withhold <github-login> from @<person>",
        help="Keep a GitHub login that somebody else claims.",
        examples=("withhold octocat from @U012AB3CD",),
        makes=c.Withhold,
        read_only=False,
        parse=queries.of_claim(c.Withhold),
        show=lambda claim: f"withhold {claim.login} from @{claim.person}",
    ),
    spec.alone(
        "whoami", c.WhoAmI, "Show who you are to the bot, and what you may do.", aliases=("who am i",), read_only=True
    ),
    spec.alone("mute", c.Mute, "Stop being mentioned.", read_only=False),
    spec.alone("unmute", c.Unmute, "Be mentioned again.", read_only=False),
    spec.alone(
        "version", c.Version, "Show which version of the bot this is.", aliases=("deploy:version",), read_only=True
    ),
    HELP,
)

_BY_NAME = {name.lower(): one for one in reversed(COMMANDS) for name in one.names}
