"""Whether the environment is free: locks, freezes, what runs there, and GitHub's own rules for it."""

from __future__ import annotations

from bot.core.deployments.model import Waiting
from bot.core.freezes import reasons as freeze_reasons
from bot.core.gates import messages
from bot.core.gates.model import Answer, Facts, if_patient
from bot.core.grammar.offers import offer
from bot.core.locks import messages as lock_messages
from bot.core.locks.model import lets_in


def lock(facts: Facts) -> Answer | None:
    """Nobody else holds the environment. A force does not help against that: the lock can be taken over instead."""
    held, wanted = facts.lock, facts.wanted
    if held is None or wanted is None or held.ended(facts.now):
        return None
    if lets_in(held, wanted.by, merge=wanted.trigger in {"merge", "promotion"}, now=facts.now):
        return Answer("lock", True, lock_messages.own_line(held))
    return Answer(
        "lock",
        False,
        lock_messages.held_line(held),
        waits_for=if_patient(facts, Waiting.LOCK),
        buttons=lock_messages.buttons_for_others(held),
        news=lock_messages.waits_for(held),
    )


def freeze(facts: Facts) -> Answer | None:
    """No freeze and no window keeps the environment closed. Who declared a freeze, and admins, may force their way."""
    active_window, force = facts.closed_by, facts.force
    if active_window is None:
        return None
    passes = force is not None and active_window.lets_pass(force) and (force.explained or not force.tried)
    return Answer(
        "freeze",
        False,
        freeze_reasons.closed(facts.environment.name, active_window, force),
        waits_for=if_patient(facts, Waiting.FREEZE),
        forcible=passes,
        buttons=offer("Schedule for its end", facts.later) if facts.later else (),
        news=freeze_reasons.waits_until(active_window),
        facts=freeze_reasons.whose(active_window),
    )


def soak(facts: Facts) -> Answer | None:
    """What goes on by itself has been long enough in the environment before; what goes back, could be stopped."""
    source, until = facts.soaks_in, facts.soaks_until
    if until is None:
        return None
    if until <= facts.now:
        return Answer("soak", True, messages.soaked(source))
    if source is None:
        news = messages.goes_back_at(until)
        return Answer("soak", False, news, waits_for=Waiting.MOMENT, look_again_at=until, news=news)
    return Answer(
        "soak",
        False,
        messages.soaks(source, until),
        waits_for=Waiting.MOMENT,
        forcible=True,
        look_again_at=until,
        news=messages.goes_on_at(until),
        facts=(messages.soaking(source),),
    )


def busy(facts: Facts) -> Answer | None:
    """One deployment at a time; the others queue in the order in which they were asked for."""
    if facts.busy:
        return Answer("busy", False, messages.in_line(facts.busy[0], facts.queued_before), waits_for=Waiting.QUEUE)
    if facts.queued_before:
        first = facts.queued_before[0]
        return Answer("busy", False, (f"#{first.id} ({first.ref}) comes first",), waits_for=Waiting.QUEUE)
    return Answer("busy", True, ("Nothing else is running",))


def protection(facts: Facts) -> Answer | None:
    """GitHub's rules for its own environment are told; they hold back what runs in Actions there, not us."""
    return Answer("protection", True, messages.protected(facts.protection)) if facts.protection else None
