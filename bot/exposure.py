"""Who may deploy where by the settings, and what the settings leave open: for ``python -m bot check``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from bot.core.names import listed
from bot.core.people.logins import is_app
from bot.core.people.permissions import Kind, kind_of
from bot.core.ports.chat import Finding
from bot.providers import load
from bot.settings import AppSettings, EnvironmentSettings, Settings


class HeadCounts(Protocol):
    """Counts people on GitHub; None where it does not tell, or not at once."""

    def of_team(self, team: str) -> int | None: ...

    def writers(self, repository: str) -> int | None: ...

    def outside_writers(self, repository: str) -> Sequence[str]:
        """Their logins, as far as they are known."""


# --- who may ----------------------------------------------------------------------------------------------------


def who_may(settings: Settings, app: AppSettings, environment: EnvironmentSettings, counts: HeadCounts | None) -> str:
    """One line: who may deploy there, by which rule, and who has to agree."""
    admins = settings.bot.admins
    rules = [
        _deployers(app, environment, counts),
        *([f"merges into {listed(environment.deploy_on_merge)}"] if environment.deploy_on_merge else []),
        *(["whatever other tools create on GitHub"] if _is_carried_out(app, environment) else []),
        _approvals(environment, counts),
        f"admins always ({', '.join(_parties(admins, counts))})" if admins else "no admins",
    ]
    return f"{app.name} → {environment.name}: {'; '.join(rules)}"


def _deployers(app: AppSettings, environment: EnvironmentSettings, counts: HeadCounts | None) -> str:
    if environment.deployers:
        return ", ".join(_parties(environment.deployers, counts))
    number = counts.writers(app.repository) if counts else None
    return f"everybody with write permission on {app.repository}{_people(number)}"


def _approvals(environment: EnvironmentSettings, counts: HeadCounts | None) -> str:
    if not environment.approvals:
        return "no approvals"
    by = ", ".join(_parties(environment.approvers, counts)) if environment.approvers else "those who may deploy there"
    own = ", one's own counts" if environment.self_approval else ""
    return f"approvals: {environment.approvals} of {by}{own}"


def _parties(parties: Sequence[str], counts: HeadCounts | None) -> Iterator[str]:
    for party in parties:
        if kind_of(party) is Kind.TEAM:
            size = counts.of_team(party) if counts else None
            yield party if size is None else f"{party} (team of {size})"
        else:
            yield f"{party} (an app on GitHub)" if is_app(party) else party


def _people(number: int | None) -> str:
    if number is None:
        return ""
    return " (1 person)" if number == 1 else f" ({number} people)"


def _is_carried_out(app: AppSettings, environment: EnvironmentSettings) -> bool:
    return app.foreign_deployments == "carry_out" and load(environment.provider.type).carries_out


# --- what is left open ------------------------------------------------------------------------------------------


def left_open(settings: Settings) -> Iterator[Finding]:
    """Warnings: nothing of it is wrong, but it should be meant."""
    if not settings.bot.admins:
        yield _warning(
            "`admins` of [bot] names nobody: a lock or a login whose holder is away stays theirs",
            "name one or two people",
        )
    for app in settings.apps.values():
        for environment in app.all_environments.values():
            yield from _open(app, environment)


def _open(app: AppSettings, environment: EnvironmentSettings) -> Iterator[Finding]:
    place = f"{app.name}/{environment.name}"
    if environment.production and not environment.deployers and not environment.approvals:
        yield _warning(
            f"{place} is production, and everybody who can write to {app.repository} may deploy it alone",
            "name `deployers`, or ask for `approvals`",
        )
    if environment.required_checks == "none" and environment.preview is None:
        yield _warning(f"{place} takes commits whose checks fail", 'set `required_checks` to "all", or name them')
    if environment.approvals and environment.self_approval:
        yield _warning(
            f"{place} lets people approve their own deployments", "take `self_approval` out, unless you work alone"
        )
    if _is_carried_out(app, environment):
        yield _warning(
            f"{place} carries out what other tools create: whoever may create deployments on {app.repository} deploys",
            'leave `foreign_deployments` at "follow", unless another tool is to start this provider',
        )
    if ours := _run_as_the_bot(environment):
        yield _warning(
            f"{place} runs {listed(ours)} as the bot's own user, who can read whatever the bot can",
            "let another `user` run it: docs/providers.md",
        )


def _run_as_the_bot(environment: EnvironmentSettings) -> list[str]:
    """The commands that have no user of their own; steps around a command are run as that is."""
    if getattr(environment.provider.settings, "user", None):
        return []
    own = ["its command"] if environment.provider.type == "shell" else []
    steps = (*environment.before_deploy, *environment.after_deploy)
    return [*own, *(step.name for step in steps if not step.user)]


def outsiders(app: AppSettings, counts: HeadCounts) -> Iterator[Finding]:
    """People from outside the organisation who may deploy because they can write to the repository."""
    if all(environment.deployers for environment in app.all_environments.values()):
        return
    found = counts.outside_writers(app.repository)
    if found:
        who = "a person" if len(found) == 1 else f"{len(found)} people"
        yield _warning(
            f"{app.repository} can be written to, and so deployed, by {who} outside its organisation: {listed(found)}",
            "name `deployers` where that is not meant",
        )


def _warning(what: str, mend: str) -> Finding:
    return Finding(good=True, warning=True, what=what, mend=mend)
