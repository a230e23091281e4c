"""Registering a GitHub App from a manifest, or by a form that a link has filled in; and where it is installed then.

https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-using-url-parameters
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from msgspec import Struct

from bot.adapters.github.auth import AppAuth, NoAuth
from bot.adapters.github.doctor import APP_NEEDS, SHIPPING_NEEDS
from bot.adapters.github.http import Connection
from bot.adapters.github.webhook_doctor import LISTENER, NEEDED_EVENTS, USEFUL_EVENTS
from bot.core.errors import NotAccepted, NotThere, Rejected
from bot.core.ports.chat import Clock
from bot.core.ports.forge_types import JSON

LONGEST_NAME = 34
NAMED = "the App's manifest"


@dataclass(frozen=True, slots=True)
class Registration:
    """What the App is to be. ``organization`` owns it, empty for the person's own account.

    ``base_url`` is the public address of the bot, None where it has none yet: then the App has no webhook.
    ``dispatches``: whether it is to start workflows.
    """

    organization: str
    base_url: str | None
    dispatches: bool = False

    @property
    def name(self) -> str:
        """One that nobody else on GitHub is likely to have; people may change it in the form."""
        return f"Shipmate {self.organization}".strip()[:LONGEST_NAME].strip()

    @property
    def permissions(self) -> dict[str, str]:
        """What the bot needs in all that it can do, and no more."""
        writes = dict.fromkeys(SHIPPING_NEEDS, "write")
        return {**APP_NEEDS, **writes, "actions": "write" if self.dispatches else "read", "metadata": "read"}

    @property
    def webhook(self) -> str | None:
        return f"{self.base_url}{LISTENER}" if self.base_url else None

    def manifest(self, homepage: str, redirect_url: str) -> dict[str, JSON]:
        """For the form that is posted to ``page``; GitHub leads to ``redirect_url`` with a code."""
        made: dict[str, JSON] = {
            "name": self.name,
            "url": self.base_url or homepage,
            "description": "Deploys what people ask for in Slack.",
            "redirect_url": redirect_url,
            "public": False,
            "default_permissions": {**self.permissions},
            "default_events": [*NEEDED_EVENTS, *USEFUL_EVENTS],
        }
        if self.webhook:
            made["hook_attributes"] = {"url": self.webhook, "active": True}
        return made

    def page(self, web_url: str) -> str:
        """Where Apps are registered."""
        owner = f"/organizations/{quote(self.organization)}" if self.organization else ""
        return f"{web_url}{owner}/settings/apps/new"

    def filled_in(self, web_url: str, homepage: str) -> str:
        """The same page with its form filled in; nothing comes back by itself: people copy the credentials."""
        fields = [
            ("name", self.name),
            ("url", self.base_url or homepage),
            ("public", "false"),
            ("webhook_active", "true" if self.webhook else "false"),
            *([("webhook_url", self.webhook)] if self.webhook else []),
            *self.permissions.items(),
            *(("events[]", event) for event in (*NEEDED_EVENTS, *USEFUL_EVENTS)),
        ]
        return f"{self.page(web_url)}?{urlencode(fields)}"


class NewApp(Struct, frozen=True):
    """An App that was just made, with the credentials that GitHub tells once."""

    id: int
    slug: str
    html_url: str
    client_id: str
    pem: str
    webhook_secret: str | None = None

    def __repr__(self) -> str:
        return f"NewApp({self.id}, {self.slug!r}, …)"


def convert(api_url: str, code: str, clock: Clock) -> NewApp:
    """The App that ``code`` stands for; a code holds for an hour, and once. Raises Rejected where it does not."""
    connection = Connection(api_url, NoAuth(NAMED), clock=clock)
    try:
        return connection.post(f"/app-manifests/{quote(code, safe='')}/conversions", {}, NewApp)
    except NotThere as unknown:
        raise Rejected("GitHub does not know this code: it holds for an hour, and only once. Begin again.") from unknown
    finally:
        connection.close()


class _Visible(Struct, frozen=True):
    full_name: str


class _Page(Struct, frozen=True):
    html_url: str


class RegisteredApp:
    """An App that was made: where its page is, and what it is installed on."""

    def __init__(self, api_url: str, app_id: str, private_key: str, clock: Clock) -> None:
        auth = AppAuth(app_id, private_key, api_url=api_url, clock=clock)
        self._connection = Connection(api_url, auth, clock=clock)

    def page(self) -> str:
        """Its address on GitHub. Raises NotAccepted where id and key do not belong together."""
        return self._connection.get("/app", _Page).html_url

    def sees(self, repository: str) -> bool:
        """Whether it is installed there."""
        try:
            self._connection.get(f"/repos/{quote(repository)}", _Visible)
        except NotThere:
            return False
        except NotAccepted as error:  # not installed at all, or not at this owner
            if "not installed" in str(error):
                return False
            raise
        return True
