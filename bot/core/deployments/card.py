"""The card: the one message of a deployment, edited on each change, from ``card``.

It is drawn from the deployment and what is around it alone, so that it can be drawn again at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.deployments import ships
from bot.core.deployments.card_buttons import buttons, menu, roll_back
from bot.core.deployments.model import DEPLOY, Deployment, Shipped, State, StepRun, Waiting
from bot.core.deployments.steps import counted
from bot.core.deployments.wording import (
    DROPPED,
    after_all,
    begun,
    emoji,
    forced_line,
    full,
    name_of,
    sentence,
    spoken,
    where,
)
from bot.core.grammar.commands import Approve, Command, Promote, Retry, Rollback
from bot.core.grammar.offers import offer, written
from bot.core.names import listed
from bot.core.presses.model import drawn_for
from bot.core.rich_text import Bold, Button, Code, Line, Link, Message, Moment, Span, Step, plain, visible

LONGEST_OUTPUT = 100
"""So much of the last line of output stands in the card."""
_PERCENT = re.compile(r"(?<!\S)\d{1,3} %\Z")
_SEPARATOR = " · "
_TRIGGERS = {"merge": "merged by ", "schedule": "scheduled by ", "foreign": "by ", "promotion": "by "}


@dataclass(frozen=True, slots=True)
class Promotion:
    """Where one that is live in ``source`` may go on to, and ``what`` would go with it, in words; empty if unknown."""

    source: str
    environment: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What is around a deployment when it is drawn.

    ``production`` is whether people outside use the environment, ``live`` what is live there, ``ahead`` what runs there
    and what stands before it in the queue, ``before`` how many merges before it are part of the same card.
    ``approvers`` are whom the settings name, ``wait`` is when its turn comes, and ``progress`` how far each of those is
    that are ``ahead``, as far as that is known. ``last_line`` is the last one of its output, ``reason`` the one that
    says why it failed. ``locked_for`` is whose lock a rollback has left, ``held`` whether anybody has the place.
    ``promotion`` is where it may go on to, and ``promoted_from`` where it comes from. ``approved_for`` are the names of
    those whose approval an earlier request for the very same got, each with its number. ``dashboards`` are names with
    their addresses. ``page`` is the address of its page, on which stands what was ``written``, if that comes to us.
    """

    production: bool = False
    live: Deployment | None = None
    ahead: tuple[Deployment, ...] = ()
    before: int = 0
    approvers: tuple[Span, ...] = ()
    wait: str | None = None
    progress: tuple[str | None, ...] = ()
    last_line: str = ""
    reason: str = ""
    locked_for: str = ""
    held: bool = False
    promotion: Promotion | None = None
    promoted_from: str | None = None
    approved_for: tuple[tuple[str, int], ...] = ()
    dashboards: tuple[tuple[str, str], ...] = ()
    page: str | None = None
    written: bool = False


NOTHING = Around()


def card(deployment: Deployment, around: Around = NOTHING) -> Message:
    """The message as it is to be seen now."""
    place = Bold(f"{deployment.app} → {where(deployment)}")
    task: Line = (Code(deployment.task), " ") if deployment.task != DEPLOY else ()
    first: Line = (f"{emoji(deployment)} ", place, "  ", *task, *headline(deployment, around))
    asks = deployment.state is State.WAITING and deployment.approvals_missing > 0
    return Message(
        sentence=(said(deployment, around),),
        lines=(first,),
        context=(joined(_facts(deployment, around)), *_remarks(deployment)),
        buttons=(*_promote(deployment, around), *buttons(deployment, around.live, locked=bool(around.locked_for))),
        steps=steps(deployment) if deployment.busy else (),
        output=around.reason if deployment.state in {State.FAILED, State.ERROR} else "",
        fold=ships.fold(deployment, opened=asks),
        more=menu(deployment, held=around.held),
    )


def _promote(deployment: Deployment, around: Around) -> tuple[Button, ...]:
    """It may go on, while it is what is live here."""
    if around.promotion is None or deployment.replaced_by is not None:
        return ()
    there = around.promotion.environment
    question = f"{around.promotion.what or name_of(deployment)} to {deployment.app} → {there}."
    command = Promote(deployment.app, around.promotion.source, there)
    return offer(f"Promote to {there}", command, "primary", question, drawn_for(deployment))


def said(deployment: Deployment, around: Around = NOTHING) -> str:
    """For those who only hear of it: the news and the place, and what is to be done, in whole sentences."""
    if deployment.state is State.WAITING:
        approve = _do("Approve", Approve(deployment.id)) if deployment.approvals_missing else ""
        return f"{full(begun(deployment))} {full(_it(plain(_waits(deployment, around))))}{approve}"
    if deployment.superseded_by is not None or deployment.replaced_by is not None:
        return sentence(deployment)
    if deployment.state in {State.FAILED, State.ERROR, State.TIMED_OUT}:
        return f"{_fell(deployment, around)}{_do('Try again', Retry(deployment.id))}"
    if deployment.state is State.SUCCEEDED and deployment.trigger == "rollback":
        locked = f" It is locked for {around.locked_for}, so that merges wait." if around.locked_for else ""
        return f"{sentence(deployment)}{locked}"
    if deployment.state is State.SUCCEEDED and roll_back(deployment):
        return f"{sentence(deployment)}{_do('Roll back', Rollback(deployment.app, deployment.environment))}"
    if is_untouched(deployment):
        return f"{sentence(deployment)} {NOT_PICKED_UP}."
    return sentence(deployment)


def _it(news: str) -> str:
    verbs = ("waits", "needs", "is ")
    return f"It {news}" if news.startswith(verbs) else f"It waits: {news}"


def _fell(deployment: Deployment, around: Around) -> str:
    """How it failed, with the step if that is all that is known, and what is live instead."""
    last = deployment.steps.runs[-1] if deployment.steps.runs else None
    told = sentence(deployment)
    if last is not None and last.failed and not deployment.description:
        told = full(f"{told.removesuffix('.')} at step {last.number}, {last.name}")
    live = around.live
    return f"{told} {live.short_sha} is still live." if live is not None and live.sha != deployment.sha else told


def _do(what: str, command: Command) -> str:
    text = written(command)
    return f" {what} with: {text}." if text else ""


def joined(facts: Iterable[Line]) -> Line:
    spans: list[Span] = []
    for fact in facts:
        if fact:
            spans += [_SEPARATOR, *fact] if spans else fact
    return tuple(spans)


# --- line 1 ------------------------------------------------------------------------------------------------------


def headline(deployment: Deployment, around: Around) -> Line:
    """What is new, behind the name of the place."""
    if deployment.reviewed_elsewhere:
        return ("waits for a review on GitHub",)
    match deployment.state:
        case State.REQUESTED:
            return ("is asked for",)
        case State.WAITING:
            return _waits(deployment, around)
        case State.STARTING | State.RUNNING:
            return (_runs(deployment),)
        case State.SUCCEEDED:
            return _succeeded(deployment, around)
        case State.FAILED | State.ERROR:
            return (_failed(deployment),)
        case State.TIMED_OUT:
            return (_timed_out(deployment),)
        case State.CANCELLED:
            return (_stopped(deployment),)
        case State.SUPERSEDED:
            how = "gave way to" if deployment.description.endswith(DROPPED) else "is part of"
            return (f"{how} #{deployment.superseded_by}",)
        case State.EXPIRED:
            unapproved = bool(deployment.waited) and deployment.waited[-1].reason is Waiting.APPROVAL
            return ("was not approved in time" if unapproved else lower(deployment.description) or "was given up",)


def _waits(deployment: Deployment, around: Around) -> Line:
    if deployment.waits_for is Waiting.QUEUE and around.ahead:
        wait = f", {around.wait}" if around.wait else ""
        return (f"is {ordinal(len(around.ahead))} in line{wait}" if len(around.ahead) > 1 else f"is next{wait}",)
    news = deployment.news or (lower(deployment.description.removeprefix("Waiting: ")) or "waits",)
    if not deployment.approvals_missing:
        return news
    wanted = _from(around.approvers)
    if deployment.waits_for is Waiting.APPROVAL:
        return (*news, *wanted)
    count = "an approval" if deployment.approvals_missing == 1 else f"{deployment.approvals_missing} approvals"
    return (*news, f" and needs {count}", *wanted)


def _from(approvers: Sequence[Span]) -> Line:
    spans: list[Span] = []
    for approver in approvers:
        spans += [" or " if spans else ", from ", approver]
    return tuple(spans)


def ordinal(number: int) -> str:
    """
    >>> [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 112)]
    ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '112th']
    """
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in {11, 12, 13} else ending}"


def _runs(deployment: Deployment) -> str:
    if is_untouched(deployment):
        return "nobody has picked it up yet"
    steps_ = deployment.steps
    # That it begins is no change that anybody has to see: it is told, and edited, once.
    doing = counted(steps_) if steps_.runs and steps_.total != 1 else "is under way"
    return f"{doing}, usually {spoken(deployment.usual_seconds)}" if deployment.usual_seconds else doing


NOT_PICKED_UP = "Nobody has picked it up yet"
"""For the ``description`` of one that another tool should carry out."""


def is_untouched(deployment: Deployment) -> bool:
    """Whether nobody has picked it up although that takes longer than it should."""
    return deployment.state is State.STARTING and deployment.description.startswith(NOT_PICKED_UP)


def _succeeded(deployment: Deployment, around: Around) -> Line:
    if deployment.task != DEPLOY:
        return ("is done",)
    if deployment.trigger == "rollback":
        return ("is back on ", Link(deployment.url, deployment.short_sha), *((" 🔒",) if around.locked_for else ()))
    if around.production or not deployment.changes.shipped:
        return ("is live",)
    first, more = deployment.changes.shipped[0], len(deployment.changes.shipped) - 1
    return ("is live: ", *ships.line(first, by="")[:1], f" {ships.cut(first.title)}", f" +{more}" if more else "")


def _failed(deployment: Deployment) -> str:
    last = deployment.steps.runs[-1] if deployment.steps.runs else None
    if last is not None and last.failed:
        # Where the step says why it failed, that is said with it.
        why = deployment.description.removeprefix(last.name)
        return f"failed at step {last.number}, {last.name}{why if why.startswith(': ') and last.name else ''}"
    how = "failed" if deployment.state is State.FAILED else "did not work"
    # What another tool says is left as it is; that nobody was there to say anything is said by us.
    why = lower(deployment.description) if deployment.given_up_at else deployment.description
    return f"{how}: {why}" if why else how


def _timed_out(deployment: Deployment) -> str:
    if deployment.given_up_at:
        return "has not reported its end in time"
    last = deployment.steps.runs[-1] if deployment.steps.runs else None
    if last is not None and last.failed:
        why = lower(deployment.description.removeprefix(f"{last.name}: "))
        return f"timed out at step {last.number}, {last.name}{f': {why}' if why else ''}"
    why = lower(deployment.description)
    return why if why.startswith("timed out") else f"timed out{f': {why}' if why else ''}"


def _stopped(deployment: Deployment) -> str:
    why = deployment.description
    if deployment.started_at is not None and deployment.steps.runs and deployment.steps.total != 1:
        why = f"{why} at {counted(deployment.steps)}"
    return lower(why) or "stopped"


def lower(text: str) -> str:
    """As it goes on in the middle of a sentence; what has more capitals than the first is a name.

    >>> lower("Cancelled by maria"), lower("GitHub merged it"), lower("CI is red")
    ('cancelled by maria', 'GitHub merged it', 'CI is red')
    """
    is_name = any(letter.isupper() for letter in text.partition(" ")[0][1:])
    return text if is_name else f"{text[:1].lower()}{text[1:]}"


# --- line 2 ------------------------------------------------------------------------------------------------------


def _facts(deployment: Deployment, around: Around) -> list[Line]:
    """What there is to know, the most important first, seven at most."""
    rolled_back = deployment.trigger == "rollback" and deployment.state is State.SUCCEEDED
    facts: list[Line] = [] if rolled_back else [_what(deployment)]
    facts += [usual_causes(deployment)] if is_untouched(deployment) else []
    facts += [_who(deployment, around), *([(f"promoted from {around.promoted_from}",)] if around.promoted_from else [])]
    facts += _only_one(deployment, around)
    facts += _of_shipment(deployment)
    if deployment.state is State.WAITING:
        facts += _of_waiting(deployment, around)
    elif not deployment.ended:
        facts += [("since ", minute(deployment.started_at))] if deployment.started_at else []
    else:
        facts += _of_ended(deployment, around)
    facts += [_last_line(deployment, around)] if deployment.busy else []
    facts += links(deployment, around)
    return [fact for fact in facts if fact][:7]


def _what(deployment: Deployment) -> Line:
    """The commit; of what is still to be merged the pull request."""
    if deployment.shipment is None or not deployment.unmerged:
        return (Link(deployment.url, name_of(deployment)),)
    shipment = deployment.shipment
    return (Link(shipment.url or None, f"#{deployment.pull_request}"), f" {ships.cut(shipment.title)}")


def usual_causes(deployment: Deployment) -> Line:
    """Why nobody may have picked it up, with the pages of GitHub that tell."""
    home = deployment.url.partition("/commit/")[0] if deployment.url else None
    webhook = Link(f"{home}/settings/hooks" if home else None, "webhook")
    workflow = Link(f"{home}/actions" if home else None, "workflow")
    return ("usual causes: no ", webhook, " or ", workflow, " takes deployment events up")


def _of_shipment(deployment: Deployment) -> list[Line]:
    """That it is merged yet, or who was faster."""
    if deployment.shipment is None:
        return []
    if deployment.unmerged:
        return [("ships when merged",)] if deployment.state is State.WAITING else []
    return [(f"merged by {deployment.shipment.merged_by}",)] if deployment.shipment.merged_by else []


def minute(at: datetime) -> Moment:
    """Nobody is shown seconds, so they make no difference."""
    return Moment(at.replace(second=0, microsecond=0), short=True)


def approvers(deployment: Deployment, around: Around) -> str:
    """Who has approved it, or an earlier request for the very same."""
    earlier = dict(around.approved_for)
    names = (one.name for one in deployment.approved_by)
    return listed([f"{name} (for #{earlier[name]})" if name in earlier else name for name in names])


def _who(deployment: Deployment, around: Around) -> Line:
    by = deployment.by.name
    approved = f", approved by {approvers(deployment, around)}" if deployment.approved_by else ""
    if deployment.trigger == "rollback":
        why = f": “{deployment.reason}”" if deployment.reason else ""
        return (f"by {by}{why}{approved}",)
    if deployment.state is State.WAITING or deployment.waits_for is not None or _was_only_asked(deployment):
        asked = _TRIGGERS.get(deployment.trigger, "asked by ")
        return (f"{asked}{by}",)
    return (f"{_TRIGGERS.get(deployment.trigger, '')}{by}{approved}",)


def _was_only_asked(deployment: Deployment) -> bool:
    return deployment.ended and deployment.started_at is None


def _only_one(deployment: Deployment, around: Around) -> list[Line]:
    """Where one change is all that moves, it has no list of its own."""
    them = ships.moved(deployment)
    if deployment.task != DEPLOY:
        return []
    above = deployment.state is State.SUCCEEDED and not around.production and not ships.goes_back(deployment)
    is_first = deployment.changes.first and not around.ahead and not _was_only_asked(deployment)
    first: list[Line] = [("first deployment here",)] if is_first else []
    if len(them) == 1:
        back = ("takes back ",) if ships.goes_back(deployment) else ()
        return [*([] if above else [(*back, *_change(deployment, them[0]))]), *ships.notes(deployment), *first]
    return [(f"goes back by {_commits(deployment.changes.behind)}",)] if _goes_back_blindly(deployment) else first


def _change(deployment: Deployment, one: Shipped) -> Line:
    """Whoever has merged or asked for their own is named once."""
    own = one.author in {deployment.by.name, deployment.by.login} and deployment.trigger != "rollback"
    return ships.line(replace(one, author="") if own else one)


def _goes_back_blindly(deployment: Deployment) -> bool:
    return ships.goes_back(deployment) and not deployment.changes.taken_back and deployment.changes.behind > 0


def _of_waiting(deployment: Deployment, around: Around) -> list[Line]:
    facts: list[Line] = [(f"+{around.before} before it",)] if around.before else []
    if deployment.waits_for is Waiting.QUEUE and around.ahead:
        facts.append(("behind ", *_ahead(around)))
    if deployment.approved_by:
        facts.append((f"👍 {approvers(deployment, around)}",))
    if deployment.waits_for is Waiting.APPROVAL and deployment.due_at is not None:
        facts.append(("until ", Moment(deployment.due_at, short=True), ", then it is given up"))
    return [*facts, *deployment.facts]


def _ahead(around: Around) -> Line:
    far = [*around.progress, *[None] * len(around.ahead)]
    names = [
        f"#{one.id} ({one.by.name}{f', {said_}' if said_ else ''})"
        for one, said_ in zip(around.ahead[: ships.SHOWN], far, strict=False)
    ]
    more = len(around.ahead) - ships.SHOWN
    return (listed([*names, *([f"{more} more"] if more > 0 else [])]),)


def _of_ended(deployment: Deployment, around: Around) -> list[Line]:
    facts: list[Line] = [(f"+{around.before} before it",)] if around.before and not around.production else []
    if deployment.state is State.EXPIRED and deployment.approvals_missing:
        facts.append((_approvals(deployment),))
    if deployment.took is not None:
        after = "" if deployment.state is State.SUCCEEDED else "after "
        facts.append((f"{after}{spoken(deployment.took)}",))
    live = around.live
    # What is part of a later one leaves it to that to say what is live.
    silent = deployment.state in {State.SUCCEEDED, State.SUPERSEDED}
    if not silent and live is not None and live.sha != deployment.sha:
        facts.append(("still live: ", Link(live.url, live.short_sha)))
    if around.locked_for and deployment.trigger == "rollback":
        facts.append((f"locked for {around.locked_for}, merges wait",))
    return facts


def _approvals(deployment: Deployment) -> str:
    """How many of those that were wanted, and whose."""
    names = [one.name for one in deployment.approved_by]
    count = f"{len(names)} of {len(names) + deployment.approvals_missing} approvals"
    return f"{count}, {listed(names)}" if names else count


def _last_line(deployment: Deployment, around: Around) -> Line:
    """How far it has got, where that is no step of several; what becomes of stopping it, where somebody wants that."""
    if deployment.cancel_by and deployment.state is State.RUNNING and deployment.description:
        return (deployment.description,)
    if deployment.state is State.RUNNING and (percent := _PERCENT.search(deployment.description)):
        return (percent[0],)
    if deployment.steps.runs and len(steps(deployment)) > 1:
        return ()
    said = around.last_line or (deployment.description if deployment.state is State.RUNNING else "")
    said = " ".join(visible(said).split())
    return (Code(said if len(said) <= LONGEST_OUTPUT else f"{said[: LONGEST_OUTPUT - 1]}…"),) if said else ()


def links(deployment: Deployment, around: Around = NOTHING) -> tuple[Line, ...]:
    """Where there is more to see; the dashboards of what is live are one fact together."""
    found: list[Line] = []
    dashboards = around.dashboards
    if deployment.environment_url and deployment.state is State.SUCCEEDED:
        found.append((Link(deployment.environment_url, "open"),))
    if dashboards and deployment.state is State.SUCCEEDED:
        shown = [Link(address, name) for name, address in dashboards]
        found.append((shown[0], *(span for one in shown[1:] for span in (", ", one))))
    if deployment.log_url and deployment.reviewed_elsewhere:
        found.append((Link(deployment.log_url, "open the review"),))
    elif written_at := logs(deployment, around):
        found.append(written_at)
    return tuple(found)


def logs(deployment: Deployment, around: Around) -> Line:
    """Where it is written what happens: with whoever carries it out, and on its page; before it begins nowhere."""
    page = around.page if deployment.started_at is not None else None
    if deployment.log_url:
        return (Link(deployment.log_url, "logs"), *((", ", Link(page, "page")) if page else ()))
    return (Link(page, "logs" if around.written else "page"),) if page else ()


def _remarks(deployment: Deployment) -> list[Line]:
    """What is grey below the facts, on a line of its own."""
    found: list[Line] = [(forced_line(deployment),)] if deployment.force else []
    if deployment.reason and deployment.trigger != "rollback":
        found.append((f"because {deployment.reason}",))
    if deployment.params:
        found.append(("with ", Code(" ".join(f"{key}={value}" for key, value in deployment.params))))
    late = after_all(deployment)
    return [*found, (late,)] if late else found


# --- steps -------------------------------------------------------------------------------------------------------


def steps(deployment: Deployment) -> tuple[Step, ...]:
    """What is done, what goes on, and what is still to come; of that only the number is known."""
    runs = deployment.steps.runs
    return tuple(_step(one) for one in runs) if len(runs) > 1 or deployment.steps.total > 1 else ()


def _step(run: StepRun) -> Step:
    if run.ended_at is None:
        return Step(run.name, "running")
    return Step(run.name, "failed" if run.failed else "done", spoken(run.ended_at - run.started_at))


def _commits(count: int) -> str:
    return "1 commit" if count == 1 else f"{count} commits"
