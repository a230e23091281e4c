"""What the environment gives a deploy hook: secrets by the names of variables, and where it may call back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.core.deployments.steps import Progress
from bot.core.errors import Rejected
from bot.core.ports.provider import Job, Outcome
from bot.providers.http.settings import Settings
from bot.settings import process_environment
from bot.settings.environment import from_environment, secrets_named

CALLBACKS = "/providers/http/"
_MASK = "••••"
_SHORTEST_MASKED = 6


class Variables:
    """Those that the settings name. What they hold is shown to nobody."""

    def __init__(self, settings: Settings, environ: Mapping[str, str] | None = None) -> None:
        self._settings = settings
        self._environ = process_environment() if environ is None else environ

    def get(self, name: str) -> str:
        """Raises Rejected where it is not set."""
        value = self._environ.get(name, "").strip()
        if not value:
            raise Rejected(f"{name} is not set: set it in the bot's environment")
        return value

    def missing(self) -> list[str]:
        return [name for name in self._settings.named if not self._environ.get(name, "").strip()]

    def signing(self) -> str:
        """What is sent is signed with; the first one while two hold. Raises Rejected."""
        name = self._settings.secret
        self.get(name)
        held = secrets_named(name, self._environ)
        if not held:
            raise Rejected(f"{name} holds nothing but commas: set it to a secret")
        return held[0]

    def callback_url(self, job: Job) -> str | None:
        """Where the hook may tell how it goes on, None where nobody knows the bot's public address."""
        base = from_environment(self._environ, []).base_url
        return f"{base}{CALLBACKS}{job.request_id}" if base else None

    def masked(self, text: str) -> str:
        held = {value for name in self._settings.named for value in self._values(name)}
        for value in sorted(held, key=len, reverse=True):
            text = text.replace(value, _MASK)
        return text

    def masked_outcome(self, outcome: Outcome) -> Outcome:
        links = (self._link(outcome.environment_url), self._link(outcome.log_url))
        described = self.masked(outcome.description)
        return replace(outcome, description=described, environment_url=links[0], log_url=links[1])

    def masked_progress(self, progress: Progress) -> Progress:
        links = (self._link(progress.environment_url), self._link(progress.log_url))
        described = self.masked(progress.description)
        return replace(progress, description=described, environment_url=links[0], log_url=links[1])

    def _link(self, url: str | None) -> str | None:
        """A link with a secret in it is no link that anybody may have."""
        return url if url is None or self.masked(url) == url else None

    def _values(self, name: str) -> list[str]:
        whole = self._environ.get(name, "").strip()
        return [one for one in {whole, *secrets_named(name, self._environ)} if len(one) >= _SHORTEST_MASKED]
