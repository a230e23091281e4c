"""Tells authors, directly and once, that their pull requests are live in production, and when they are taken back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

import structlog

from bot.context import Context
from bot.core.approvals.model import is_same
from bot.core.deployments.model import DEPLOY, Actor, Deployment, Shipped, State
from bot.core.effects import TellAuthor
from bot.core.errors import NotAllowed, NotThere, NotYet, Rejected
from bot.core.events import Event
from bot.core.events.external import Place
from bot.core.events.internal import DeploymentEnded
from bot.core.notices import messages
from bot.core.notices.model import MOST_TOLD, Notice, authors_of, shipped_by
from bot.core.people.logins import in_lower_case
from bot.core.ports.forge_types import Commit
from bot.core.ports.transaction import Records
from bot.router import Router
from bot.services.gate_facts import target_of
from bot.services.reaching import chat_ids_of, is_muted

router = Router()
log = structlog.get_logger(__name__)

LOOKED_UP = 20
"""How many commits are asked for their pull request where the title does not tell: each costs a request."""
UNDELIVERED = ""
"""Stands for a message that the chat refused for good, or that nobody wants."""
_MERGE_TITLE = re.compile(r"^Merge pull request #(\d+)|\(#(\d+)\)$")
_UNTOLD = (NotAllowed, NotThere, Rejected)
Numbers = frozenset[int]


@router.on(DeploymentEnded, name="notices.ended")
def ended(context: Context, event: DeploymentEnded) -> None:
    """What went live is news to its authors, and so is what is live no longer because of it."""
    deployment = context.reads.deployment(event.deployment_id)
    if deployment is None or not _is_news(context, deployment):
        return
    live = context.reads.last_success(deployment.app, deployment.environment)
    if live is None or not _contains(context, live, deployment):
        return
    people = _authors(context, deployment)
    back, gone = _moved(context, deployment) if live.id == deployment.id else (frozenset(), frozenset())
    if not (people or back or gone):
        return
    records = context.begin(deployment.app, deployment.environment)
    now_live = records.last_success(deployment.app, deployment.environment)
    if now_live is None or now_live.id != live.id:
        raise NotYet("Something else has gone live meanwhile, which may have all of it, or not.")
    _tell(records, deployment, people, back, gone)


def _is_news(context: Context, deployment: Deployment) -> bool:
    target = target_of(context, deployment)
    went_live = deployment.state is State.SUCCEEDED and deployment.task == DEPLOY
    return went_live and target is not None and target.environment.production


def _contains(context: Context, live: Deployment, deployment: Deployment) -> bool:
    """Whether what is live has all of it. What was reported late may have been overtaken, or taken back."""
    if deployment.sha == live.sha:
        return True
    try:
        return context.forge.compare(deployment.repository, deployment.sha, live.sha).behind_by == 0
    except _UNTOLD:
        return False


def _authors(context: Context, deployment: Deployment) -> list[tuple[str, Shipped]]:
    """Who is told of which pull request, by chat id: neither whoever deployed it, nor who is muted."""
    shipped = [one for one in shipped_by(deployment) if one.number is not None]
    by = deployment.by
    authors = [login for login in authors_of(shipped) if not is_same(Actor(login, login=login), by)]
    if not authors:
        return []
    asked = [*authors, *([by.login] if by.login and by.chat_id is None else [])]
    known = chat_ids_of(context, deployment.repository, asked)
    deployer = by.chat_id or known.get(by.login or "")
    told = [login for login in authors if login in known and known[login] != deployer]
    people = dict.fromkeys(known[login] for login in told if not is_muted(context, known[login]))
    heard = set(list(people)[:MOST_TOLD])
    by_login = {in_lower_case(login): known[login] for login in told if known[login] in heard}
    return [(by_login[login], one) for one in shipped if (login := in_lower_case(one.author)) in by_login]


# --- what went and what came back -------------------------------------------------------------------------------


def _moved(context: Context, deployment: Deployment) -> tuple[Numbers, Numbers]:
    """The pull requests that it has and what was live before had not, and the other way round."""
    shipped = frozenset(one.number for one in shipped_by(deployment) if one.number is not None)
    lately = context.reads.successes(deployment.app, deployment.environment, 2)
    before = next((one for one in lately if one.id != deployment.id), None)
    changes, repository = deployment.changes, deployment.repository
    if before is None or before.sha == deployment.sha:
        return shipped, frozenset()
    if changes.base == before.sha and not changes.behind:
        return shipped, frozenset()
    try:
        # What was live when it was asked for is not what was live when it went.
        came = context.forge.compare(repository, before.sha, deployment.sha)
        lost = context.forge.compare(repository, deployment.sha, before.sha) if came.behind_by else None
        back = shipped | _numbers(context, repository, came.commits) if changes.base != before.sha else shipped
        return back, _numbers(context, repository, lost.commits) if lost else frozenset()
    except _UNTOLD as error:
        log.warning("not told what was taken back", deployment=deployment.id, reason=str(error))
        return shipped, frozenset()


def _numbers(context: Context, repository: str, commits: Sequence[Commit]) -> Numbers:
    """The pull requests behind the commits, as titles tell, else GitHub, which is asked for the newest of them."""
    found: set[int] = set()
    covered: set[str] = set()
    untold: list[Commit] = []
    for commit in reversed(commits):
        if titled := _MERGE_TITLE.search(commit.title):
            found.add(int(titled[1] or titled[2]))
            covered.update(commit.parents[1:])
        elif commit.sha not in covered and len(commit.parents) < 2:
            untold.append(commit)
    for commit in untold[:LOOKED_UP]:
        found.update(one.number for one in context.forge.pull_requests_of(repository, commit.sha, fresh=False))
    return frozenset(found)


# --- telling it -------------------------------------------------------------------------------------------------


def _tell(
    records: Records, deployment: Deployment, people: Sequence[tuple[str, Shipped]], back: Numbers, gone: Numbers
) -> None:
    """Each change of a message is drawn once, whatever it consists of."""
    drawn: dict[tuple[int, str], None] = {}
    changed = {True: back - gone, False: gone - back}
    for live, numbers in changed.items():
        for known in records.notices.of(deployment.app, deployment.environment, numbers):
            if known.live is not live:
                records.notices.save(replace(known, live=live, changed_by=deployment.id))
                drawn[known.deployment_id, known.person] = None
    for person, one in people:
        if records.notices.add(_notice(deployment, person, one)):
            drawn[deployment.id, person] = None
    records.emit(*(TellAuthor(number, person) for number, person in drawn))


def _notice(deployment: Deployment, person: str, one: Shipped) -> Notice:
    return Notice(
        app=deployment.app,
        environment=deployment.environment,
        pull_request=one.number or 0,
        person=person,
        deployment_id=deployment.id,
        changed_by=deployment.id,
        title=one.title,
        url=one.url or None,
    )


@router.performs(TellAuthor)
def tell_author(context: Context, effect: TellAuthor) -> Iterable[Event]:
    """Post the message, or draw it anew: that tells nobody. Whoever cannot be reached is not told."""
    notices = context.reads.notices.message(effect.deployment_id, effect.person)
    if not notices or notices[0].message_id == UNDELIVERED:
        return []
    first = context.reads.deployment(effect.deployment_id)
    changed = [context.reads.deployment(number) for number in {one.changed_by for one in notices}]
    by = max((one for one in changed if one), key=lambda one: (one.started_at or one.created_at, one.id), default=None)
    if first is None or by is None:
        return []
    posted = notices[0].message_id
    if posted is None and not any(one.live for one in notices):
        return []  # taken back before anybody has read of it
    message = messages.notice(notices, by, _card(context, by))
    key, place = f"author:{first.request_id}:{effect.person}", Place(effect.person, direct=True)
    try:
        if posted is not None:
            context.chat.edit(effect.person, posted, message, key=key, tag=messages.tag(by))
        elif is_muted(context, effect.person):
            context.notices.posted(first.id, effect.person, UNDELIVERED)
        else:
            maybe_sent = context.repeated or by.id != first.id
            posted = context.chat.post(place, message, key=key, maybe_sent=maybe_sent, tag=messages.tag(by))
            context.notices.posted(first.id, effect.person, posted)
    except _UNTOLD as error:
        log.warning("author not told", deployment=first.id, person=effect.person, reason=str(error))
        context.notices.posted(first.id, effect.person, UNDELIVERED)
    return []


def _card(context: Context, by: Deployment) -> str | None:
    """A link to the deployment's message, which has to be there first."""
    if by.parent is None or by.channel is None:
        raise NotYet("The parent message is not there yet.")
    with suppress(*_UNTOLD):
        return context.chat.link_to(by.channel, by.parent) if by.parent else None
    return None
