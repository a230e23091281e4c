"""Whom Heroku knows the bot as: the key of the environment, and one client of a process for all its runs."""

from __future__ import annotations

import threading
from contextlib import suppress

from bot.adapters.heroku.errors import KEY, MEND, SERVICE
from bot.adapters.heroku.platform import Heroku
from bot.core.errors import NotAccepted, NotAllowed, NotThere, Rejected
from bot.core.ports.chat import Clock
from bot.core.ports.measures import UNMEASURED, Measures
from bot.settings import process_environment
from bot.settings.environment import from_environment

__all__ = ["KEY", "MAKE_ONE", "SERVICE", "authenticate", "client"]

MAKE_ONE = "Make one with `heroku authorizations:create`, and set it in the bot's environment."
_GUARD = threading.Lock()
_SHARED: list[tuple[tuple[str, str], Clock, Heroku]] = []


def client(clock: Clock | None, measures: Measures = UNMEASURED) -> Heroku:
    """Runs on one ``clock`` share a circuit breaker, and ``measures``. Raises Rejected where there is no key."""
    secrets = from_environment(process_environment(), [])
    if secrets.heroku_api_key is None:
        raise Rejected(f"{KEY} is not set. {MAKE_ONE}")
    address = secrets.heroku_api_url, secrets.heroku_api_key.get_secret_value()
    if clock is None:
        return Heroku(*address)
    with _GUARD:
        for known, ticks, heroku in _SHARED:
            if known == address and ticks is clock:
                return heroku
        _SHARED[:] = [(address, clock, Heroku(*address, clock, measures=measures))]
        return _SHARED[0][2]


def authenticate() -> None:
    """Show Heroku the key. Raises Unavailable, NotAccepted above all."""
    try:
        heroku = client(None)
    except Rejected as error:
        raise NotAccepted(str(error), service=SERVICE, mend=MEND) from error
    with suppress(NotAllowed, NotThere, Rejected):  # a key need not be allowed to know whose it is
        heroku.account()
