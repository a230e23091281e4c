"""Commit statuses and check runs."""

from __future__ import annotations

from bot.core.deployments.model import Waiting
from bot.core.gates.model import Answer, Facts, if_patient
from bot.core.ports.forge_types import Check
from bot.core.rich_text import Code, Link, Span


def checks(facts: Facts) -> Answer | None:
    """Required commit statuses and check runs must be green; a required name that never came is pending."""
    required = facts.environment.required_checks
    if required == "none" or facts.checks is None:
        return None
    reported = {check.name: check for check in facts.checks}
    wanted = list(reported) if required == "all" else list(required)
    found = [reported.get(name, Check(name, "pending", description="not reported yet")) for name in wanted]
    failing = [check for check in found if check.state == "failure"]
    pending = [check for check in found if check.state == "pending"]
    if failing:
        spans: list[Span] = ["Checks failed: ", *_named(failing)]
        if pending:
            spans += ["; still pending: ", *_named(pending)]
        return Answer("checks", False, tuple(spans), if_patient(facts, Waiting.CHECKS), forcible=True)
    if pending:
        line = ("Checks are pending: ", *_named(pending))
        return Answer("checks", False, line, waits_for=Waiting.CHECKS, forcible=True)
    if not found and facts.expects_checks:
        line = ("No check has been reported for this commit yet",)
        return Answer("checks", False, line, waits_for=Waiting.CHECKS, forcible=True)
    if not found:
        return Answer("checks", True, ("No checks are reported for this commit",))
    return Answer("checks", True, (f"{len(found)} {'check is' if len(found) == 1 else 'checks are'} green",))


def _named(found: list[Check]) -> list[Span]:
    spans: list[Span] = []
    for check in found[:10]:
        if spans:
            spans.append(", ")
        spans.append(Link(check.url, check.name) if check.url else Code(check.name))
    if len(found) > 10:
        spans.append(f" and {len(found) - 10} more")
    return spans
