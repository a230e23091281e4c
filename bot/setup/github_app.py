"""The GitHub App: registered from a manifest with one press of a button, or by hand, and installed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from bot.adapters.github.registration import RegisteredApp, Registration, convert
from bot.core.errors import ShipmateError
from bot.core.ports.chat import Clock
from bot.setup.dialogue import Dialogue
from bot.setup.env_file import EnvFile
from bot.setup.local_page import LocalPage

HOMEPAGE = "https://github.com/features/integrations"

BY_HAND = "hand"


class GitHubStep:
    """Asks for what the environment lacks."""

    def __init__(self, dialogue: Dialogue, env: EnvFile, clock: Clock, *, api_url: str, web_url: str) -> None:
        self._dialogue = dialogue
        self._env = env
        self._clock = clock
        self._api_url = api_url
        self._web_url = web_url

    def run(self, repository: str, *, dispatches: bool) -> None:
        """``dispatches``: whether a workflow of the repository deploys."""
        have = self._env.variables()
        if not have.get("GITHUB_WEBHOOK_SECRET"):
            self._env.set(GITHUB_WEBHOOK_SECRET=secrets.token_hex(32))
        if not has_credentials(have):
            self._make(Registration(self._owner(repository), have.get("BASE_URL") or None, dispatches))
        if self._env.variables().get("GITHUB_APP_ID"):
            self._install(repository)

    def _owner(self, repository: str) -> str:
        owner = repository.partition("/")[0]
        return owner if self._dialogue.confirm(f"Is {owner} an organisation (else it is your own account)?") else ""

    def _make(self, registration: Registration) -> None:
        """Until there are credentials. The page itself keeps what GitHub tells it, whatever becomes of the terminal."""
        say = self._dialogue.say
        page = LocalPage(registration, self._web_url, HOMEPAGE, lambda code: self._redeem(code, registration))
        with page:
            say("  This page of your own machine makes the GitHub App; press its button, then GitHub's:")
            self._dialogue.open(page.url)
            say("  Where the browser is on another machine, the last page will not load there: paste its address here.")
            while not has_credentials(self._env.variables()):
                given = self._dialogue.ask(f"Enter when it says Done, or `{BY_HAND}` to copy everything by hand")
                if given.lower() == BY_HAND:
                    self._by_hand(registration)
                elif given:
                    self._pasted(page, given)
                elif not has_credentials(self._env.variables()):
                    say("  Nothing has come from GitHub yet: the browser says Done when it has.")
        say(f"  ✓ The GitHub App's id, key and webhook secret are in {self._env.file}.")

    def _pasted(self, page: LocalPage, address: str) -> None:
        try:
            self._dialogue.say(f"  {page.take(address)}")
        except ShipmateError as error:
            self._dialogue.say(f"  ✗ {error}")

    def _redeem(self, code: str, registration: Registration) -> str:
        """Kept at once and together, before anything else: GitHub tells them this one time."""
        if has_credentials(self._env.variables()):
            return "There is a GitHub App already."
        made = convert(self._api_url, code, self._clock)
        webhook = {"GITHUB_WEBHOOK_SECRET": made.webhook_secret} if made.webhook_secret else {}
        self._env.set(
            GITHUB_APP_ID=str(made.id), GITHUB_PRIVATE_KEY=made.pem, GITHUB_CLIENT_ID=made.client_id, **webhook
        )
        page = registration.page(self._web_url).removesuffix("new") + made.slug
        return f"The GitHub App {made.slug} is made. For `link`, tick Enable Device Flow at {page} when you like."

    def _by_hand(self, registration: Registration) -> None:
        say, ask = self._dialogue.say, self._dialogue.ask
        say("  This link fills GitHub's form in; open it in any browser, and press Create GitHub App:")
        say(f"  {registration.filled_in(self._web_url, HOMEPAGE)}")
        if registration.webhook:
            say(f"  Webhook secret: copy the value of GITHUB_WEBHOOK_SECRET from {self._env.file}.")
        say("  Then: Generate a private key (a file is downloaded), and copy the App ID from the top of the page.")
        while not (app_id := ask("App ID")).isdigit():
            say("  It is a number.")
        while (key := _key_in(path := ask("Path of the private key's file"))) is None:
            say(f"  There is no private key in {path}: its first line is -----BEGIN RSA PRIVATE KEY-----.")
        client = ask("Client ID, for `link` (Enter: later)")
        self._env.set(GITHUB_APP_ID=app_id, GITHUB_PRIVATE_KEY=key, **({"GITHUB_CLIENT_ID": client} if client else {}))

    def _install(self, repository: str) -> None:
        """Until it is installed where the repository is, or the person goes on without."""
        have = self._env.variables()
        app = RegisteredApp(self._api_url, have["GITHUB_APP_ID"], have["GITHUB_PRIVATE_KEY"], self._clock)
        while True:
            try:
                if app.sees(repository):
                    self._dialogue.say(f"  ✓ The GitHub App is installed on {repository}.")
                    return
                self._dialogue.say(f"  Install the App, so that it sees {repository}:")
                self._dialogue.open(f"{app.page()}/installations/new")
            except ShipmateError as error:
                self._dialogue.say(f"  ✗ {error}")
            if not self._dialogue.confirm("Is that done?"):
                return


def has_credentials(have: Mapping[str, str]) -> bool:
    """A token, or an App with its key."""
    return bool(have.get("GITHUB_TOKEN")) or bool(have.get("GITHUB_APP_ID") and have.get("GITHUB_PRIVATE_KEY"))


def _key_in(path: str) -> str | None:
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return text.strip() + "\n" if "-----BEGIN" in text else None
