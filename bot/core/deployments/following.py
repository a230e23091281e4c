"""How a deployment follows what another tool reports of it.

All of it runs inside a decision's transaction, with the environment's row locked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import quote

from bot.core.deployments import messages as deployment_messages
from bot.core.deployments.ending import end
from bot.core.deployments.lifecycle import running
from bot.core.deployments.model import (
    ENDED,
    Deployment,
    State,
    Waited,
    Waiting,
    held_for_review,
    path_to,
)
from bot.core.deployments.steps import Progress, progressed, went_on
from bot.core.deployments.telling import draw, tell
from bot.core.deployments.waits import waits_no_more
from bot.core.effects import (
    PostStatus,
)
from bot.core.ports.transaction import Records


def report(
    records: Records,
    deployment: Deployment,
    goal: State,
    now: datetime,
    description: str,
    timeout: timedelta,
    *,
    copied: bool = False,
) -> Deployment:
    """Another tool reported a status: follow it, through the states that were skipped, never back.

    ``copied`` says that it was reported to another deployment on GitHub than ours, which is to show the same.
    """
    path = path_to(deployment.state, goal)
    for state in path or ():
        if state in ENDED:
            deployment = end(records, deployment, state, now, description, report=copied)
        elif state is State.RUNNING:
            # What the tool said of the end is not said of the way there.
            before = deployment if state is goal else replace(deployment, description="")
            deployment = running(records, before, now, timeout=timeout, ours=False)
            if copied and state is goal:
                records.emit(PostStatus(deployment.id, "in_progress", description))
    return deployment


def review_wanted(records: Records, deployment: Deployment, now: datetime) -> Deployment:
    """GitHub holds it until it is reviewed there: that is nobody's delay, and told once."""
    held = held_for_review(deployment, now)
    if not deployment.reviewed_elsewhere:
        held = replace(held, waited=(*held.waited, Waited(Waiting.REVIEW, now)))
    records.save(held)
    if not deployment.reviewed_elsewhere or held.log_url != deployment.log_url:
        draw(records, held)
        tell(records, held, deployment_messages.review_line(held), part="gates")
    return held


def review_page(repository: str, environment: str) -> str:
    """Where a review is given that is wanted nowhere else: the environment's page below that of the repository.

    >>> review_page("https://github.com/acme/web", "qa/eu")
    'https://github.com/acme/web/deployments/qa%2Feu'
    """
    return f"{repository}/deployments/{quote(environment, safe='')}"


def reviewed(records: Records, deployment: Deployment, now: datetime, timeout: timedelta | None) -> Deployment:
    """It goes on: the time that another tool may take begins anew, that of a provider of ours (None) goes on too."""
    due_at = now + timeout if timeout is not None else None
    led_to_review = (deployment.log_url or "").endswith(review_page("", deployment.environment))
    log_url = None if led_to_review else deployment.log_url  # there is nothing to be read there any more
    free = waits_no_more(replace(deployment, waits_since=None, due_at=due_at, log_url=log_url), now)
    records.save(free)
    draw(records, free)
    tell(records, free, deployment_messages.reviewed_line(free), part="gates")
    return free


def goes_on(records: Records, before: Deployment, now_is: Deployment, now: datetime, timeout: timedelta) -> Deployment:
    """Another tool reported the state that it is in already; told where it says something new."""
    if before.state is State.STARTING:
        # Somebody has picked it up: from now on only its timeout counts.
        description = deployment_messages.queued_elsewhere(now_is.description)
        now_is = replace(now_is, description=description, due_at=now + timeout)
    if now_is == before:
        return before
    now_is = went_on(now_is, now) if now_is.state is State.RUNNING else now_is
    records.save(now_is)
    if (now_is.description, now_is.log_url) == (before.description, before.log_url):
        return now_is
    draw(records, now_is)
    line = deployment_messages.queued_line if now_is.state is State.STARTING else deployment_messages.running_line
    tell(records, now_is, line(now_is), part="run")
    return now_is


def carried_on(records: Records, deployment: Deployment, progress: Progress, now: datetime) -> Deployment:
    """A provider of ours told how far it has got. GitHub hears of the log as soon as there is one."""
    told = progressed(deployment, progress)
    if not progress.steps.runs:
        told = went_on(told, now)
    if progress.review_url is not None:
        return review_wanted(records, told, now)
    if deployment.reviewed_elsewhere:
        return reviewed(records, told, now, None)
    if told == deployment:
        return deployment
    records.save(told)
    if told.state is State.RUNNING:
        draw(records, told)
        # Each percent is no news.
        if (told.steps, told.log_url) != (deployment.steps, deployment.log_url) or not told.description.endswith(" %"):
            tell(records, told, deployment_messages.running_line(told), part="run")
        if told.log_url != deployment.log_url:
            records.emit(PostStatus(told.id, "in_progress", told.description or "Shipmate is deploying"))
    return told
