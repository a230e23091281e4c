"""How people hear of a deployment: its card, its thread, and the mark on what asked for it."""

from __future__ import annotations

from dataclasses import replace

from bot.core.deployments import messages as deployment_messages
from bot.core.deployments import thread
from bot.core.deployments.model import (
    DEPLOY,
    Deployment,
    State,
    Waiting,
)
from bot.core.effects import (
    Occasion,
    Part,
    PostInThread,
    PostStatus,
    React,
    RenderParent,
    TellAsker,
    WorksAgain,
)
from bot.core.ports.transaction import Records
from bot.core.rich_text import Line, Message

SEEN = "👀"
"""The reaction on a command that asks for a deployment, until that has ended."""


def draw(records: Records, deployment: Deployment) -> None:
    """Bring its message up to date, and the reply that stands for it where it was asked for, if that is elsewhere."""
    records.emit(RenderParent(deployment.id, deployment.card))
    if deployment.asked_channel and deployment.asked_thread and deployment.thread is None:
        records.emit(TellAsker(deployment.id))


def note(
    records: Records,
    deployment: Deployment,
    message: Message,
    *,
    occasion: Occasion | None = None,
    part: Part | None = None,
) -> None:
    """Something for the thread that changes nothing about how the deployment stands."""
    tell(records, deployment, message, occasion=occasion, part=part)


def tell(
    records: Records,
    deployment: Deployment,
    message: Message,
    *,
    occasion: Occasion | None = None,
    part: Part | None = None,
) -> None:
    """In its thread; and whoever asked for it where there is none, and nothing is to be brought up to date there."""
    records.emit(PostInThread(deployment.id, message, occasion=occasion, part=part))
    if deployment.asked_channel and not deployment.asked_thread and part in {"end", "after_all"}:
        records.emit(TellAsker(deployment.id))


def said_to_wait(records: Records, deployment: Deployment, text: str) -> Deployment:
    """With what it waits for, in the message and, where another tool has created it, on GitHub."""
    held = replace(deployment, description=text)
    records.save(held)
    draw(records, held)
    if held.remote_id is not None and text != deployment.description:
        records.emit(PostStatus(held.id, "queued" if held.waits_for is Waiting.QUEUE else "pending", text))
    return held


def waits_on(records: Records, deployment: Deployment, text: str, news: Line) -> None:
    """It waits as before, for something that no gate has said: what the gates said before is true no longer."""
    if text != deployment.description:
        said_to_wait(records, replace(deployment, news=news, facts=()), text)


def react(records: Records, ended: Deployment, instead: str | None = SEEN) -> None:
    """On the message that asked for it, in the place of the mark that was there before."""
    emoji = deployment_messages.reaction(ended)
    if ended.asked_message is not None and ended.asked_channel is not None and emoji != instead:
        records.emit(React(ended.asked_channel, ended.asked_message, emoji, instead=instead))


def tell_where_it_failed(records: Records, ended: Deployment) -> None:
    """Whoever reads of the last failure there reads that it works again; a rollback is no such news."""
    if ended.task != DEPLOY or ended.trigger == "rollback":
        return
    for one in records.history(app=ended.app, environment=ended.environment, ref=None, limit=10, task=DEPLOY):
        if one.id == ended.id or not one.ended or one.started_at is None:
            continue
        if one.state in thread.FAILED:
            records.emit(WorksAgain(one.id, ended.id))
        if one.state in {*thread.FAILED, State.SUCCEEDED}:
            return
