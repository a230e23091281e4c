"""A deployment that a person in the chat asks for, and the answer they get."""

from __future__ import annotations

import uuid
from dataclasses import replace

from bot.context import Context
from bot.core import lifecycle, sentences
from bot.core.deploys import By, Deployment, State, Waiting
from bot.core.errors import Refused
from bot.core.gates import judge
from bot.core.messages import Message
from bot.core.ports import Commit
from bot.facts import CheckFacts, changes, checks_of, facts, usual_seconds
from bot.targets import Target


def wanted(context: Context, target: Target, commit: Commit) -> Deployment:
    """A new request by the person who speaks, for this commit and with all defaults."""
    where = context.where
    return Deployment(
        id=0,
        request_id=str(uuid.uuid4()),
        app=target.app.name,
        environment=target.environment.name,
        repository=target.app.repository,
        ref=commit.ref,
        sha=commit.sha,
        title=commit.title,
        url=commit.url or None,
        state=State.REQUESTED,
        trigger="chat",
        by=By(context.asker.name, context.asker.id, context.asker.forge_login),
        created_at=context.now,
        pull_request=commit.pull_request,
        environment_url=target.environment.url,
        changes=changes(context, target, commit),
        usual_seconds=usual_seconds(context.reads, target.app.name, target.environment.name),
        asked_channel=where.channel,
        asked_thread=where.thread or where.message,
        password_key=context.event_id,
    )


def request(
    context: Context, target: Target, new: Deployment, *, retyped: str, waits: bool, unchecked: bool = False
) -> Message | None:
    """Ask the gates and let it start, wait or be refused; all requests from the chat come through here.

    ``retyped`` is the command that asks for the same, for buttons and hints; ``waits`` lets it wait for its checks;
    ``unchecked`` does not ask for them.
    """
    found = CheckFacts(None) if unchecked else checks_of(context, target, new.sha)
    place = context.chat.channel_names(context.where.channel)
    announced_in = context.chat.channel_id(target.app.channel) or target.app.channel
    records = context.begin(target.app.name, target.environment.name)
    view = replace(facts(records, context, target, found), place=place, patient=waits)
    verdict = judge(view, force=new.force)
    if verdict.closed or (not waits and any(answer.waits_for is not Waiting.QUEUE for answer in verdict.waits)):
        raise Refused(sentences.gates_closed(new, verdict, retyped))
    deployment = records.add(new)
    lifecycle.proceed(records, deployment, verdict, context.now)
    if announced_in == context.where.channel and deployment.asked_thread is None:
        return None  # the parent message appears right here and says it all
    elsewhere = target.app.channel if announced_in != context.where.channel else None
    return sentences.on_it(deployment, elsewhere)
