"""Where the commit comes from: its review, where it has been before, and what it lacks."""

from __future__ import annotations

from bot.core.deployments.model import Waiting
from bot.core.gates import messages
from bot.core.gates.model import PATIENCE, Answer, Facts, if_patient
from bot.core.grammar.commands import Deploy
from bot.core.grammar.offers import offer


def review(facts: Facts) -> Answer | None:
    """The pull request of the commit has approving reviews; they are asked for where ``reviewed`` is known."""
    required, found = facts.environment.required_reviews, facts.reviewed
    if not required or found is None:
        return None
    is_open, line = messages.reviewed(found, required)
    waits_for, news = if_patient(facts, Waiting.REVIEW), ("waits for its review",)
    return Answer("review", is_open, line, waits_for, forcible=True, within=PATIENCE, news=news, facts=(line,))


def order(facts: Facts) -> Answer | None:
    """The commit has succeeded in the environment that comes before. What goes back has been let in already."""
    after, wanted = facts.environment.after, facts.wanted
    if after is None or wanted is None or facts.been_here:
        return None
    if facts.before_here is not None:
        return Answer("order", True, messages.has_this_commit(after))
    first = offer(f"Deploy to {after}", Deploy(wanted.app, wanted.sha, after))
    line = messages.lacks_this_commit(after)
    waits_for = if_patient(facts, Waiting.ORDER)
    news = ("waits until ", *messages.has_this_commit(after))
    return Answer("order", False, line, waits_for, forcible=True, buttons=first, within=PATIENCE, news=news)


def up_to_date(facts: Facts) -> Answer | None:
    """The commit has everything of the default branch. Time does not help one that has not."""
    if facts.behind is None:
        return None
    if facts.behind.behind_by == 0:
        return Answer("up to date", True, messages.up_to_date(facts.default_branch))
    return Answer("up to date", False, messages.behind_branch(facts.default_branch, facts.behind), forcible=True)
