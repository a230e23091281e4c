"""What is said in the thread of a deployment: three replies at most, each changed where it stands.

``gates`` is what it had to wait for, ``run`` how it went, ``end`` what came of it; ``asked`` is the one reply where the
command was given, if that was elsewhere, and ``again`` what the thread of one that failed hears when it works again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core.deployments.card import (
    NOTHING,
    Around,
    approvers,
    card,
    headline,
    is_untouched,
    joined,
    links,
    logs,
    lower,
    minute,
    said,
    usual_causes,
)
from bot.core.deployments.model import DEPLOY, Deployment, State, StepRun, Waited, Waiting
from bot.core.deployments.wording import WAITS, deed, emoji, full, sentence, spoken, where
from bot.core.grammar.commands import Retry, Rollback
from bot.core.grammar.offers import written
from bot.core.names import listed
from bot.core.notices.model import Concerned
from bot.core.rich_text import Bold, Button, Code, CodeBlock, Line, Link, Mention, Message, Span, plain

FAILED = frozenset({State.FAILED, State.ERROR, State.TIMED_OUT})
SHOWN_OUTPUT = 20
"""So many lines of output say why it failed."""
_OVER: dict[Waiting, str] = {
    Waiting.CHECKS: "all green",
    Waiting.REVIEW: "reviewed",
    Waiting.ORDER: "the environment before has it",
    Waiting.QUEUE: "its turn came",
    Waiting.APPROVAL: "approved",
    Waiting.LOCK: "nobody else holds it",
    Waiting.FREEZE: "open again",
    Waiting.MOMENT: "its moment came",
    Waiting.MERGE: "merged",
}
_GIVEN_UP: dict[Waiting, str] = {
    Waiting.CHECKS: "its checks",
    Waiting.REVIEW: "its review",
    Waiting.ORDER: "the environment before",
    Waiting.QUEUE: "its turn",
    Waiting.APPROVAL: "approval",
    Waiting.LOCK: "the lock",
    Waiting.FREEZE: "the end of the freeze",
    Waiting.MOMENT: "its moment",
    Waiting.MERGE: "the merge",
}
_SILENT = frozenset({Waiting.CHECKS, Waiting.QUEUE, Waiting.MOMENT, Waiting.MERGE})
"""What passes by itself, and stands on the card: nobody is told of it."""


# --- gates -------------------------------------------------------------------------------------------------------


def has_gates(deployment: Deployment) -> bool:
    """Whether it waited for something that somebody wants to read of afterwards."""
    told = any(one.failed or one.reason not in _SILENT for one in deployment.waited)
    return told or bool(deployment.approved_by) or deployment.approvals_missing > 0


def gates(deployment: Deployment, around: Around) -> Message:
    lines = [_gate(deployment, around, one) for one in deployment.waited]
    if deployment.approved_by:
        lines.append((f"👍 {approvers(deployment, around)}",))
    return Message((said(deployment),), tuple(lines) or (headline(deployment, around),))


def _gate(deployment: Deployment, around: Around, waited: Waited) -> Line:
    if waited.until is None and (deployment.state is State.WAITING or deployment.reviewed_elsewhere):
        return _open_gate(deployment, around, waited)
    over = waited.until or deployment.finished_at or waited.since
    after = f" after {spoken(over - waited.since)}"
    in_vain = deployment.started_at is None or (
        deployment.state is not State.SUCCEEDED and over == deployment.finished_at
    )
    if deployment.ended and waited is deployment.waited[-1] and in_vain:
        so_long = f" {spoken(over - waited.since)}" if over > waited.since else ""
        if waited.reason is Waiting.REVIEW and deployment.state in FAILED:
            return (f"{emoji(deployment)} failed{' after' if so_long else ''}{so_long} in review",)
        return (f"{emoji(deployment)} waited{so_long} for {_GIVEN_UP[waited.reason]}",)
    merged_by = deployment.shipment.merged_by if deployment.shipment and waited.reason is Waiting.MERGE else None
    return (f"✅ {_OVER[waited.reason]}{f' by {merged_by}' if merged_by else ''}{after}",)


def _open_gate(deployment: Deployment, around: Around, waited: Waited) -> Line:
    """What it waits for now; a check that runs again has failed no longer."""
    facts = deployment.facts
    if deployment.reviewed_elsewhere:
        mark, facts = emoji(deployment), links(deployment)
    elif waited.failed and plain(deployment.news).endswith(" failed"):
        mark = "❌"
    else:
        mark = WAITS.get(waited.reason, "⏳")
    return (f"{mark} ", *joined([headline(deployment, replace(around, approvers=())), *facts]))


# --- run ---------------------------------------------------------------------------------------------------------


def run(deployment: Deployment, around: Around = NOTHING) -> Message:
    """When it started, its steps with their times, what becomes of stopping it, and where it is written in full."""
    assert deployment.started_at is not None
    if is_untouched(deployment):
        news: Line = ("🚀 Nobody has picked it up yet",)
        text = f"{deed(deployment)} has been picked up by nobody yet. Is the tool running that carries it out?"
        return Message((text,), (joined([news, usual_causes(deployment)]),))
    times: list[Span] = ["🚀 Started ", minute(deployment.started_at)]
    facts: list[Line] = [tuple(times), *((_step(one),) for one in deployment.steps.runs)]
    if deployment.cancel_by and deployment.state is State.RUNNING and deployment.description:
        facts.append((deployment.description,))
    if not deployment.reviewed_elsewhere:
        facts.append(logs(deployment, around))
    return Message((f"{deed(deployment)} has started.",), (joined(facts),))


def with_page(message: Message, deployment: Deployment, around: Around) -> Message:
    """A reply for one change of state, with where its page is, as the card has it; before it begins there is none."""
    if around.page is None or deployment.started_at is None:
        return message
    *before, last = message.lines
    logs_there = bool(last) and isinstance(last[-1], Link) and last[-1].url == deployment.log_url
    joint, name = (", ", "page") if logs_there else (" · ", "logs" if around.written else "page")
    return replace(message, lines=(*before, (*last, joint, Link(around.page, name))))


def named(message: Message, deployment: Deployment) -> Message:
    """In a thread of several: with the place, where the reply does not name it already."""
    place = Bold(f"{deployment.app} → {where(deployment)}")
    first, *rest = message.lines
    return message if place in first else replace(message, lines=((place, "  ", *first), *rest))


def _step(one: StepRun) -> str:
    if one.ended_at is None:
        return f"{one.name} …"
    return f"{'❌ ' if one.failed else ''}{one.name} {spoken(one.ended_at - one.started_at)}"


# --- end ---------------------------------------------------------------------------------------------------------


def end(
    deployment: Deployment,
    concerned: Concerned,
    *,
    output: Sequence[str] = (),
    runbook: Sequence[str] = (),
    page: str | None = None,
    offers: tuple[Button, ...] = (),
) -> Message:
    """What came of it, for those whom it concerns. ``runbook`` are the next steps after a failure, a line each.

    ``page`` is where it is read in full, if nobody else has told where.
    """
    if deployment.state in FAILED:
        return _failure(deployment, concerned, output, _next_steps(deployment, runbook, deployment.log_url or page))
    called: Line = (*_called([concerned.deployer]), " ") if concerned.deployer else ()
    line = (f"{emoji(deployment)} ", *called, _outcome(deployment))
    return Message((said(deployment),), (line,), buttons=offers)


def _outcome(deployment: Deployment) -> str:
    took = f" in {spoken(deployment.took)}" if deployment.took is not None else ""
    if deployment.state is not State.SUCCEEDED:
        return lower(deployment.description) or str(deployment.state)
    failed = [one.name for one in deployment.steps.runs if one.failed]
    but = f", but {listed(failed)} failed" if failed else ""
    if deployment.task != DEPLOY:
        return f"{deployment.task} is done{took}{but}"
    back = deployment.trigger == "rollback"
    return f"back on {deployment.short_sha}{took}{but}" if back else f"live{took}{but}"


def _failure(deployment: Deployment, concerned: Concerned, output: Sequence[str], steps: Sequence[Line]) -> Message:
    place = Bold(f"{deployment.app} → {where(deployment)}")
    people = [*([concerned.deployer] if concerned.deployer else []), *concerned.authors]
    more = concerned.total - len(concerned.authors)
    called = (*_called(people), *((f" and {more} more",) if more > 0 else ()))
    first: Line = (f"{emoji(deployment)} ", place, " ", *headline(deployment, Around()))
    lines: list[Line] = [first, *([called] if people else [])]
    # What to do next is read after what was written: so that stands among the lines, and not below them all.
    written_ = "\n".join(output[-SHOWN_OUTPUT:])
    lines += [(CodeBlock(written_),)] if written_.strip() else []
    lines += [(f"{number}. ", *step) for number, step in enumerate(steps, 1)]
    return Message((said(deployment),), tuple(lines))


def _called(people: Sequence[Mention]) -> Line:
    spans: list[Span] = []
    for one in people:
        spans += [" " if spans else "", one if one.chat_id else one.name]
    return tuple(span for span in spans if span)


def _next_steps(deployment: Deployment, runbook: Sequence[str], log: str | None) -> list[Line]:
    if runbook:
        return [(step,) for step in runbook]
    steps: list[Line] = [(Link(log, "Look at the log"),)] if log else []
    back = Rollback(deployment.app, deployment.environment)
    commands = [Retry(deployment.id), *([back] if deployment.changes.base and deployment.task == DEPLOY else [])]
    return [*steps, *((Code(text),) for command in commands if (text := written(command)))]


def after_all(deployment: Deployment, live: Deployment | None) -> Message:
    """It was given up, and its end was reported late; ``live`` may be another one that started later."""
    assert deployment.after_all is not None
    late = f"reported {spoken(deployment.after_all)} after it was given up"
    succeeded, deploys = deployment.state is State.SUCCEEDED, deployment.task == DEPLOY
    overtaken = live is not None and live.id != deployment.id and succeeded and deploys
    how = "Succeeded" if overtaken or not deploys else "Live"
    if not succeeded:
        how = "Failed"
    why = f": {deployment.description}" if deployment.description and not succeeded else ""
    instead = f", and #{live.id}, which started later, is live" if live and overtaken else ""
    text = f"{emoji(deployment)} {how} after all{why}{', ' if not why else ' · '}{late}{instead}"
    return Message((f"{full(sentence(deployment))} It was {late}.",), ((text,),))


def again(newer: Deployment, failed: Deployment) -> Message:
    """In the thread of one that failed: what came after it works."""
    ended = newer.finished_at or newer.created_at
    later = spoken(ended - (failed.finished_at or failed.created_at))
    text = f"Works again with #{newer.id} ({later} later)."
    return Message((f"{newer.app} → {where(newer)}: {text[:1].lower()}{text[1:]}",), ((f"✅ {text}",),))


# --- elsewhere ---------------------------------------------------------------------------------------------------


def asked(
    deployment: Deployment, around: Around, link: str | None, place: str | None, *, remarks: Sequence[Line] = ()
) -> Message:
    """Where the command was given, if that is not where it is announced: how it stands, and where it goes on.

    ``place`` is None where it could be announced nowhere; ``remarks`` say why it is not where it belongs.
    """
    shown = card(deployment, around)
    follow: Line = (Link(link, f"#{deployment.id} in {place}" if place else f"#{deployment.id}"),)
    context = (joined([*shown.context[:1], follow]), *shown.context[1:], *remarks)
    return Message(shown.sentence, shown.lines, context)
