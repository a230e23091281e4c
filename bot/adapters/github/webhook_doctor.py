"""What ``python -m bot check`` finds out about webhooks: where they go, what they tell, and whether they arrive."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from msgspec import Struct

from bot.adapters.github.http import Connection
from bot.adapters.github.payloads import Account, AwareTime
from bot.adapters.github.users import CredentialOwner
from bot.core.errors import NotAllowed, NotThere, ShipmateError
from bot.core.ports.chat import Finding

LISTENER = "/github/webhook"
NEEDED_EVENTS = ("pull_request", "deployment", "deployment_status", "status", "check_run")
USEFUL_EVENTS = ("pull_request_review", "workflow_run", "repository")
"""Without these the bot hears of the same within three minutes."""
LOOKED_AT = 100
"""So many of the newest deliveries; GitHub keeps them for three days."""
RANKS = {"": 0, "read": 1, "write": 2, "admin": 3}
OF_APP = "The webhook of the GitHub App"


class HookConfig(Struct, frozen=True):
    url: str = ""


class Hook(Struct, frozen=True):
    events: list[str]
    config: HookConfig
    id: int = 0
    active: bool = True


class Delivered(Struct, frozen=True):
    """https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook"""

    guid: str
    delivered_at: AwareTime
    status: str
    status_code: int
    event: str

    @property
    def arrived(self) -> bool:
        return 200 <= self.status_code < 300


class Installed(Struct, frozen=True):
    """https://docs.github.com/en/rest/apps/apps#list-installations-for-the-authenticated-app"""

    account: Account | None = None
    permissions: dict[str, str] = {}
    suspended_at: AwareTime | None = None


def of_app(connection: Connection, identity: CredentialOwner, base_url: str | None) -> Iterator[Finding]:
    """An App has one webhook for all repositories: https://docs.github.com/en/rest/apps/webhooks"""
    try:
        config = connection.get("/app/hook/config", HookConfig)
    except NotThere:
        config = HookConfig()
    except ShipmateError as failed:
        yield Finding(False, f"{OF_APP} cannot be read. {failed}", "Look at the App's settings.")
        return
    if not config.url and base_url is None:
        # Nobody has said that there is a way in: people deploy from the chat all the same.
        what = "The GitHub App has no webhook, so what is merged is not deployed by itself."
        mend = f"Once GitHub can reach the bot, set BASE_URL, and in the App's settings its address with {LISTENER}."
        yield Finding(True, what, mend, warning=True)
        return
    if not _is_ours(config.url):
        mend = f"Set it in the App's settings to the address of the web process with {LISTENER}."
        yield Finding(False, f"{OF_APP} does not end in {LISTENER}.", mend)
        return
    yield from _elsewhere(OF_APP, config.url, base_url, "the App's settings")
    yield _events(OF_APP, identity.events, "the App's settings")
    yield from _arriving(connection, OF_APP, "/app/hook/deliveries", "the App's settings, under Advanced")


def of_repository(connection: Connection, repository: str, web_url: str, base_url: str | None) -> Iterator[Finding]:
    """Only administrators see a repository's webhooks, and the bot need not be one."""
    settings, path = f"{web_url}/{repository}/settings/hooks", f"/repos/{quote(repository)}/hooks"
    try:
        hooks = [hook for page in connection.pages(path, list[Hook], most=2) for hook in page]
    except (NotAllowed, NotThere):
        yield Finding(True, f"The webhooks of {repository} are not for the bot to see: look at {settings} yourself.")
        return
    except ShipmateError as failed:
        yield Finding(False, f"The webhooks of {repository} cannot be read. {failed}", "Try again later.")
        return
    ours = [hook for hook in hooks if hook.active and _is_ours(hook.config.url)]
    if not ours:
        mend = f"Add one at {settings}: the address of the web process with {LISTENER}, and GITHUB_WEBHOOK_SECRET."
        yield Finding(False, f"{repository} has no active webhook that ends in {LISTENER}.", mend)
        return
    what = f"The webhook of {repository}"
    for hook in ours:
        yield from _elsewhere(what, hook.config.url, base_url, settings)
    yield _events(what, [event for hook in ours for event in hook.events], settings)
    for hook in ours:
        yield from _arriving(connection, what, f"{path}/{hook.id}/deliveries", settings)


def of_installations(connection: Connection, wanted: Mapping[str, str]) -> Iterator[Finding]:
    """Permissions that the App asks for count where its owner has accepted them; ``wanted`` is what it asks for."""
    try:
        everywhere = [one for page in connection.pages("/app/installations", list[Installed], most=3) for one in page]
    except ShipmateError as failed:
        yield Finding(False, f"Where the GitHub App is installed cannot be read. {failed}", "Try again later.")
        return
    for one in everywhere:
        owner = one.account.login if one.account else "an owner"
        if one.suspended_at is not None:
            yield Finding(
                False, f"The GitHub App is suspended at {owner}.", "Unsuspend it in the settings of its installation."
            )
            continue
        granted = one.permissions
        lacking = [name for name, level in wanted.items() if RANKS[granted.get(name, "")] < RANKS[level]]
        if lacking:
            shown = ", ".join(f"{name}: {wanted[name]}" for name in lacking)
            mend = f"Let an owner of {owner} accept them, in the settings of its installation."
            yield Finding(False, f"{owner} has not accepted what the GitHub App asks for now: {shown}.", mend)


def _is_ours(url: str) -> bool:
    return url.rstrip("/").endswith(LISTENER)


def _elsewhere(what: str, url: str, base_url: str | None, settings: str) -> Iterator[Finding]:
    if base_url and url.rstrip("/") != f"{base_url}{LISTENER}":
        mend = f"Correct BASE_URL, or the address in {settings}, unless both lead here."
        yield Finding(True, f"{what} goes to {url}, and BASE_URL is {base_url}.", mend, warning=True)


def _events(what: str, subscribed: Sequence[str], settings: str) -> Finding:
    missing = [] if "*" in subscribed else [event for event in NEEDED_EVENTS if event not in subscribed]
    if missing:
        return Finding(False, f"{what} does not send {', '.join(missing)}.", f"Tick these events in {settings}.")
    return Finding(True, f"{what} sends what the bot needs.")


def _arriving(connection: Connection, what: str, path: str, settings: str) -> Iterator[Finding]:
    """What arrived when it was sent again has arrived."""
    try:
        newest = connection.get(path, list[Delivered], per_page=LOOKED_AT)
    except ShipmateError:  # a permission that nothing else needs
        return
    last = {one.guid: one for one in sorted(newest, key=lambda one: one.delivered_at)}
    failed = [one for one in last.values() if not one.arrived]
    if not failed:
        return
    worst = max(failed, key=lambda one: one.delivered_at)
    still = not max(newest, key=lambda one: one.delivered_at).arrived
    answer = f"was answered with {worst.status_code}" if worst.status_code else f"failed ({worst.status})"
    yield Finding(
        not still,
        f"{what}: {len(failed)} of the last {len(last)} deliveries did not arrive; the last of them, {worst.event} at "
        f"{worst.delivered_at:%Y-%m-%d %H:%M} UTC, {answer}.",
        f"{_cause(worst.status_code)} The bot asks GitHub for them again by itself; see them in {settings}.",
        warning=not still,
    )


def _cause(status: int) -> str:
    if status == 401:
        return "Enter the value of GITHUB_WEBHOOK_SECRET as the webhook's secret."
    if status in {404, 405}:
        return f"The address must be that of the web process with {LISTENER}."
    if status == 503:
        return "The bot could not store them: look at its database."
    return "Look whether the web process runs, and whether GitHub reaches its address."
