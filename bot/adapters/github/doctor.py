"""What ``python -m bot check`` finds out about GitHub: who the bot is there, what it may do, who tells it of events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from urllib.parse import quote

from bot.adapters.github import webhook_doctor
from bot.adapters.github.errors import starting
from bot.adapters.github.http import Auth, Connection
from bot.adapters.github.payloads import CheckRuns, CombinedStatus, DeploymentShape, Repo, WorkflowRuns
from bot.adapters.github.users import CredentialOwner
from bot.core.deployments.wording import spoken
from bot.core.errors import NotAccepted, NotAllowed, NotThere, Rejected, ShipmateError, Unavailable
from bot.core.ports.chat import Finding

APP_NEEDS = {"deployments": "write", "checks": "read", "statuses": "read", "contents": "read", "pull_requests": "read"}
CLOCK_OFF = timedelta(seconds=30)
SHIPPING_NEEDS = ("contents", "pull_requests")
"""What has to be written for ``ship``; without it everything else works."""


def doctor(
    connection: Connection, auth: Auth, repositories: Sequence[str], web_url: str, base_url: str | None = None
) -> list[Finding]:
    """Findings in the order in which they are worth mending. Raises nothing of ``bot.core.errors``.

    ``base_url`` is where the bot is reached, as far as it knows.
    """
    return [*_examined(connection, auth, repositories, web_url, base_url), *_clock(connection)]


def _clock(connection: Connection) -> Iterator[Finding]:
    """A GitHub App signs by it: what is a minute off is refused."""
    if abs(connection.ahead) >= CLOCK_OFF:
        way = "ahead of" if connection.ahead > timedelta(0) else "behind"
        yield Finding(
            False,
            f"The bot's clock is {spoken(abs(connection.ahead))} {way} GitHub's.",
            "Let a time service set it: that of the database on Postgres, else this machine's.",
        )


def _examined(
    connection: Connection, auth: Auth, repositories: Sequence[str], web_url: str, base_url: str | None
) -> list[Finding]:
    try:
        identity = connection.get(auth.about_itself, CredentialOwner)
    except NotAccepted as refused:
        return [Finding(False, str(refused), f"Make new ones at {web_url}/settings, and set the environment again.")]
    except NotAllowed:
        identity = CredentialOwner()  # an installation's token may not ask who it is, and works all the same
    except (Unavailable, Rejected, NotThere) as failed:
        return [Finding(False, str(failed), "Look at GITHUB_API_URL, and at the network between here and GitHub.")]
    who = f", as {identity.acts_as}" if identity.acts_as else ""
    findings = [Finding(True, f"{starting(auth.named)} is accepted by GitHub{who}.")]
    is_app = auth.about_itself == "/app"
    if is_app:
        findings.extend(_app(identity))
        findings.extend(webhook_doctor.of_installations(connection, identity.permissions))
        findings.extend(webhook_doctor.of_app(connection, identity, base_url))
    for repository in dict.fromkeys(repositories):
        own_webhook = () if is_app else webhook_doctor.of_repository(connection, repository, web_url, base_url)
        findings.extend(_repository(connection, repository, auth.named, web_url, own_webhook))
    return findings


def _repository(
    connection: Connection, repository: str, named: str, web_url: str, own_webhook: Iterable[Finding]
) -> Iterator[Finding]:
    path = f"/repos/{quote(repository)}"
    try:
        found = connection.get(path, Repo)
    except ShipmateError as failed:
        mend = f"Correct `repository` in settings.toml, or give {named} access to {repository}."
        yield Finding(False, str(failed), mend)
        return
    if found.archived:
        yield Finding(False, f"{repository} is archived: nothing can be deployed from it.", "Unarchive it.")
    # An App is shown none of these, not even the "pull" that it has just used.
    if found.permissions.get("pull", False) and not found.permissions.get("push", False):
        mend = f"Give the owner of {named} write access at {web_url}/{repository}/settings/access."
        yield Finding(False, f"{repository} may be read only.", mend)
    else:
        yield Finding(True, f"{repository} can be seen.")
    yield from _reading(connection, path, found, named)
    yield from _workflows(connection, path, found, named)
    yield from own_webhook


def _reading(connection: Connection, path: str, found: Repo, named: str) -> Iterator[Finding]:
    """Deployments, statuses and check runs are permissions of their own, and no gate works without them."""
    head = f"{path}/commits/{quote(found.default_branch, safe='')}"
    questions: tuple[tuple[str, str, type[object]], ...] = (
        ("Deployments", f"{path}/deployments", list[DeploymentShape]),
        ("Commit statuses", f"{head}/status", CombinedStatus),
        ("Check runs", f"{head}/check-runs", CheckRuns),
    )
    for what, where, shape in questions:
        try:
            connection.get(where, shape, per_page=1)
        except (NotAllowed, NotThere, Unavailable) as failed:
            mend = f"Give {named} the permission “{what}” on {found.full_name}."
            yield Finding(False, f"{what} of {found.full_name} cannot be read. {failed}", mend)
        except Rejected:  # an empty repository has no commit to ask about
            yield Finding(True, f"{what} of {found.full_name} can be read; it has no commits yet.")
        else:
            yield Finding(True, f"{what} of {found.full_name} can be read.")


def _workflows(connection: Connection, path: str, found: Repo, named: str) -> Iterator[Finding]:
    """The gates work without them, and know less."""
    try:
        connection.get(f"{path}/actions/runs", WorkflowRuns, per_page=1)
    except ShipmateError as failed:
        what = (
            f"Workflow runs of {found.full_name} cannot be read, so the bot does not know which jobs are still "
            f"to come, or belong to a deployment. {failed}"
        )
        mend = f"Give {named} the permission “Actions: read” on {found.full_name}, if it uses GitHub Actions."
        yield Finding(True, what, mend, warning=True)


def _app(identity: CredentialOwner) -> Iterator[Finding]:
    missing = [name for name, level in APP_NEEDS.items() if identity.permissions.get(name) not in (level, "write")]
    if missing:
        shown = ", ".join(f"{name}: {APP_NEEDS[name]}" for name in missing)
        mend = "Add them in the App's settings, and accept them where it is installed."
        yield Finding(False, f"The GitHub App lacks the permissions {shown}.", mend)
    unwritten = [name for name in SHIPPING_NEEDS if identity.permissions.get(name) != "write"]
    if unwritten:
        shown = ", ".join(f"{name}: write" for name in unwritten)
        mend = "Add them in the App's settings, if people are to ship pull requests."
        yield Finding(True, f"The GitHub App cannot merge pull requests without {shown}.", mend, warning=True)
