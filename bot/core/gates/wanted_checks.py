"""Which checks of a commit an environment wants to be green, by what its settings name and by what is known of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias
from unicodedata import normalize

from bot.core.ports.forge_types import Check, EarlierCheck

EVENT = re.compile(r" \((push|pull_request|pull_request_target|merge_group|dynamic)\)$")
Required: TypeAlias = Literal["all", "none"] | tuple[str, ...]
"""What an environment's ``required_checks`` says."""


@dataclass(frozen=True, slots=True)
class WantedChecks:
    """``missing`` was never reported; ``unfinished`` are runs that may report more of what is wanted.

    ``open_ended`` says that not all of them are known by name, so that more may come. ``last`` is when the last of
    those that are there was reported.
    """

    reported: tuple[Check, ...]
    missing: tuple[str, ...]
    unfinished: tuple[Check, ...]
    open_ended: bool
    last: datetime | None

    def in_state(self, state: Literal["success", "pending", "failure"]) -> list[Check]:
        return [check for check in self.reported if check.state == state]


def wanted_checks(
    required: Required,
    ignored: Sequence[str],
    checks: Sequence[Check],
    expected: Sequence[EarlierCheck] = (),
    by_branch: Sequence[str] = (),
) -> WantedChecks:
    """``required`` and ``ignored`` are names and patterns of the settings.

    ``expected`` is what the commits before had, ``by_branch`` what the branch requires.

    A part of a deployment is wanted only by its very name: else the deployment that failed would forbid the next.
    """
    there = {check.name: check for check in checks if check.kind == "check"}
    of_deployments = {check.name: check for check in checks if check.kind == "deployment"}
    runs = [check for check in checks if check.kind == "run"]
    to_come = _still_to_come(expected, runs)
    for one in to_come:
        if one.shared and one.name in there and _is_only_by_others(there[one.name], one.app):
            del there[one.name]
    seen = [*there, *(one.name for one in to_come)]
    open_ended = is_open_ended(required)
    names, by_name = _names(required, ignored, seen, by_branch)
    reported = {name: check for name in names if (check := there.get(name))}
    reported |= {name: of_deployments[name] for name in by_name if name in of_deployments and name not in reported}
    return WantedChecks(
        tuple(reported.values()),
        tuple(sorted(name for name in names if name not in reported)),
        tuple(run for run in runs if run.state == "pending") if open_ended else (),
        open_ended,
        max((check.at for check in reported.values() if check.at is not None), default=None),
    )


def is_open_ended(required: Required) -> bool:
    """Whether the settings leave open which checks there are."""
    return required == "all" or any(map(is_pattern, required))


def is_pattern(name: str) -> bool:
    """Names of matrices and plug-ins are full of brackets, so these are no wildcards.

    >>> is_pattern("test (*)"), is_pattern("test [3.11]")
    (True, False)
    """
    return "*" in name or "?" in name


def matches(name: str, pattern: str) -> bool:
    """Case counts, as it does for GitHub.

    >>> matches("test (3.11)", "test (*)"), matches("test [3.11]", "test [3.11]"), matches("Test", "test")
    (True, True, False)
    """
    return name == pattern or fnmatchcase(name, pattern.replace("[", "[[]"))


def meant_by(missing: str, checks: Iterable[Check]) -> str | None:
    """What was probably meant by a name that never came: all jobs of a matrix, or a name that is told otherwise.

    >>> meant_by("test", [Check("test (3.11)", "success")])
    'test (*)'
    >>> meant_by("CI / Test (push)", [Check("test", "success")])
    'test'
    """
    names = [check.name for check in checks if check.kind == "check"]
    if any(name.startswith(f"{missing} (") for name in names):
        return f"{missing} (*)"
    return next((name for name in names if name != missing and _heart(name) == _heart(missing)), None)


def _heart(name: str) -> str:
    """A name without its letters' case, and without the workflow and the event that GitHub's pages show around it."""
    return EVENT.sub("", normalize("NFKC", name).casefold().rpartition(" / ")[2]).strip()


def _names(
    required: Required, ignored: Sequence[str], seen: Sequence[str], by_branch: Sequence[str]
) -> tuple[list[str], list[str]]:
    """The names that are wanted, and those of them that somebody has named one by one."""
    counted = [name for name in dict.fromkeys([*seen, *by_branch]) if not any(matches(name, one) for one in ignored)]
    if isinstance(required, str):
        return counted, [name for name in by_branch if name in counted]
    found: list[str] = []
    for name in required:
        matching = [one for one in counted if matches(one, name)] if is_pattern(name) else []
        found += matching or [name]
    return list(dict.fromkeys(found)), [name for name in required if not is_pattern(name)]


def _is_only_by_others(check: Check, app: str) -> bool:
    """Whether it is green, but not all who report the name have done so."""
    return check.state == "success" and app not in check.apps


def _still_to_come(expected: Sequence[EarlierCheck], runs: Sequence[Check]) -> list[EarlierCheck]:
    """What other branches' commits had is not waited for where whoever reports it has done all of its work here."""
    ended = {run.app for run in runs} - {run.app for run in runs if run.state == "pending"}
    return [one for one in expected if one.same_branch or one.app not in ended]
