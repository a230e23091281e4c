"""Commit statuses and check runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.core.deployments.model import Waiting
from bot.core.deployments.wording import spoken
from bot.core.gates.model import Answer, Facts, if_patient
from bot.core.gates.wanted_checks import WantedChecks, meant_by, wanted_checks
from bot.core.ports.forge_types import Check
from bot.core.rich_text import Code, Line, Link, Span

CLOCKS_DIFFER = timedelta(minutes=1)
"""A report that is from later than this lies in a future that nobody should wait for."""


def checks(facts: Facts) -> Answer | None:
    """All that are wanted must be reported and green, and who waits for them waits until no more can come."""
    rules = facts.environment
    if rules.required_checks == "none" or facts.checks is None:
        return None
    required, ignored = rules.required_checks, rules.ignored_checks
    wanted = wanted_checks(required, ignored, facts.checks, facts.expected_checks, facts.checks_of_branch)
    failing, pending = wanted.in_state("failure"), _pending(wanted)
    if failing:
        spans: list[Span] = ["Checks failed: ", *_named(failing)]
        if pending:
            spans += ["; still pending: ", *_named(pending)]
        return Answer(
            "checks",
            False,
            tuple(spans),
            if_patient(facts, Waiting.CHECKS),
            forcible=True,
            news=(*_named(failing, 2), " failed"),
            facts=_left(wanted),
            failed=True,
        )
    if pending:
        return _not_yet(facts, wanted, pending)
    if wanted.unfinished:
        line = ("More checks may come of ", *_named(wanted.unfinished))
        news = ("waits for the checks of ", *_named(wanted.unfinished, 2))
        return Answer("checks", False, line, waits_for=Waiting.CHECKS, forcible=True, news=news)
    return _green(facts, wanted)


def _pending(wanted: WantedChecks) -> list[Check]:
    return [*wanted.in_state("pending"), *(Check(name, "pending") for name in wanted.missing)]


def _not_yet(facts: Facts, wanted: WantedChecks, pending: Sequence[Check]) -> Answer:
    line: Line = ("Checks are pending: ", *_named(pending), *_asked_about(facts, wanted))
    what = _left(wanted)
    count = len(wanted.reported) + len(wanted.missing)
    news = _waits_for(len(pending), count)
    if not wanted.reported and facts.environment.required_checks == "all" and not facts.checks_of_branch:
        line, news, what = ("No check has been reported for this commit yet",), "waits for its first check", ()
    due = _missed_from(facts, wanted)
    return Answer(
        "checks",
        False,
        line,
        waits_for=Waiting.CHECKS,
        forcible=True,
        look_again_at=due if due is not None and due > facts.now else None,
        missed=wanted.missing if due is not None and due <= facts.now else (),
        meant=_meant(facts, wanted),
        news=(news,),
        facts=what,
    )


def _left(wanted: WantedChecks) -> tuple[Line, ...]:
    """What has begun is told from what nobody has reported yet, and may never come."""
    running, missing = wanted.in_state("pending"), [Check(name, "pending") for name in wanted.missing]
    told = (("still running: ", running), ("not reported yet: ", missing))
    return tuple((said, *_named(checks, 3)) for said, checks in told if checks)


def _waits_for(pending: int, count: int) -> str:
    checks = "its check" if count == 1 else f"{pending} of {count} checks"
    return f"waits for {checks}"


def _missed_from(facts: Facts, wanted: WantedChecks) -> datetime | None:
    """When what never came is worth a word, None while it may still come of a run, or where nobody waits."""
    if not facts.waits_for_checks or not wanted.missing or wanted.unfinished:
        return None
    return max(_since(facts), _last(facts, wanted)) + facts.checks_missing_after


def _since(facts: Facts) -> datetime:
    """Since when it waits for its checks."""
    waiting = facts.wanted
    since = waiting.waits_since if waiting and waiting.waits_for is Waiting.CHECKS else None
    return since or facts.now


def _last(facts: Facts, wanted: WantedChecks) -> datetime:
    """When the last of them was reported, by the forge's clock, as far as that can be believed."""
    return wanted.last if wanted.last and wanted.last <= facts.now + CLOCKS_DIFFER else _since(facts)


def _green(facts: Facts, wanted: WantedChecks) -> Answer:
    found = len(wanted.reported)
    if not found:
        return Answer("checks", True, ("No checks are reported for this commit",))
    settle = facts.checks_settle
    if facts.waits_for_checks and wanted.open_ended and wanted.last is not None:
        settled = _last(facts, wanted) + settle
        if settled > facts.now:
            many = "The only check so far is" if found == 1 else f"All {found} checks so far are"
            line = (f"{many} green; more may come within {spoken(settle)}",)
            news = (f"waits a moment: {many[:1].lower()}{many[1:]} green",)
            return Answer("checks", False, line, Waiting.CHECKS, True, look_again_at=settled, settling=True, news=news)
    return Answer("checks", True, (f"{found} {'check is' if found == 1 else 'checks are'} green",))


def _asked_about(facts: Facts, wanted: WantedChecks) -> Line:
    spans: list[Span] = []
    for one in _meant(facts, wanted):
        spans += [" or " if spans else "; did you mean ", Code(one)]
    return (*spans, "?") if spans else ()


def _meant(facts: Facts, wanted: WantedChecks) -> tuple[str, ...]:
    """What somebody may have meant who requires what is missing; what only was there before is nobody's mistake."""
    rules = facts.environment.required_checks
    required = facts.checks_of_branch if isinstance(rules, str) else rules
    there = [check for check in facts.checks or () if check.name not in {one.name for one in wanted.reported}]
    meant = (meant_by(name, there) for name in wanted.missing if name in required)
    return tuple(dict.fromkeys(one for one in meant if one))


def _named(found: Sequence[Check], most: int = 10) -> list[Span]:
    spans: list[Span] = []
    for check in found[:most]:
        if spans:
            spans.append(", ")
        spans.append(Link(check.url, check.name) if check.url else Code(check.name))
    if len(found) > most:
        spans.append(f" and {len(found) - most} more")
    return spans
