"""What a deployment has waited for, how long, and what it says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.core.deployments.model import Deployment, Waited
from bot.core.gates.model import Answer


def waits_for(held: Deployment, answer: Answer, now: datetime) -> Deployment:
    """``held`` waits for what ``answer`` says: with the beginning of that, where it is another reason than before."""
    assert held.waits_for is not None
    current = held.waited[-1] if held.waited and held.waited[-1].until is None else None
    said = replace(held, news=answer.news, facts=answer.facts)
    if current is not None and current.reason is held.waits_for:
        failed = current.failed or answer.failed
        return replace(said, waited=(*held.waited[:-1], replace(current, failed=failed)))
    begun = Waited(held.waits_for, now, failed=answer.failed)
    return replace(said, waited=(*waits_no_more(held, now).waited, begun))


def waits_no_more(deployment: Deployment, now: datetime) -> Deployment:
    """Whatever it waited for is over."""
    waited = tuple(replace(one, until=one.until or now) for one in deployment.waited)
    return replace(deployment, waited=waited, held=(), news=(), facts=())
