"""Asking how a deployment goes on, and what the answers mean."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from bot.adapters.hooks.bodies import decoded
from bot.adapters.hooks.client import Request, host_of
from bot.core.deployments.steps import Progress
from bot.core.errors import NotAllowed, NotThere, NotYet, Rejected, ShipmateError, Unavailable
from bot.core.hooks import templates
from bot.core.hooks.callback import link, short
from bot.core.hooks.pointers import JSON, found, text
from bot.core.ports.provider import Outcome, Run
from bot.providers.http.access import hooks
from bot.providers.http.handles import Begun
from bot.providers.http.settings import Poll, Settings
from bot.providers.http.starting import filled_headers, of_the_deployment
from bot.providers.http.variables import Variables

LOOK = 1.0
"""Seconds between two looks at what was called back, and at whether it is to stop."""
MISSED = 5
"""How often in a row an answer says that it will never tell, before that is believed."""


@dataclass(frozen=True, slots=True)
class Word:
    """What an answer says: how far it has got, and how it ended where it has."""

    progress: Progress
    outcome: Outcome | None = None


class Polling:
    """Asks every so many looks. ``trouble`` is why nothing is known just now, a clause; ``who`` is asked."""

    def __init__(self, run: Run, settings: Settings, variables: Variables, begun: Begun) -> None:
        self.trouble = ""
        self.who = host_of(settings.asks(run.job))
        self._run = run
        self._poll = settings.poll
        self._request = _request(run, settings, variables, begun) if settings.poll is not None else None
        if self._request is not None:
            self.who = host_of(self._request.url)
        elif self._poll is not None:
            self.trouble = f"{self.who} has not told where to ask, so what it calls back is waited for"
        self._looks = 0
        self._missed = 0

    def look(self) -> Word | None:
        """What is answered, if it is time to ask, and if that can be understood."""
        if self._poll is None or self._request is None:
            return None
        due = self._looks == 0
        self._looks = (self._looks + 1) % ceil(self._poll.every.total_seconds() / LOOK)
        return self._asked(self._poll, self._request) if due else None

    def hurry(self) -> None:
        """Ask at the next look."""
        self._looks = 0

    def _asked(self, poll: Poll, request: Request) -> Word | None:
        try:
            answer = hooks(self._run).ask(request)
        except Unavailable as error:
            # An outage is waited for, until the time is over.
            if not (isinstance(error, NotYet) and self.trouble):
                self.trouble = str(error).rstrip(".")
            return None
        except (NotThere, NotAllowed, Rejected) as error:
            return self._gone(error)
        self._missed = 0
        try:
            word = _word(poll, decoded(answer))
        except Rejected:
            self.trouble = f"{self.who} does not answer with JSON"
            return None
        self.trouble = "" if word else f"{self.who} tells no state at {poll.state or 'the top'}"
        return word

    def _gone(self, error: ShipmateError) -> Word | None:
        """Just after it has begun it may not be found yet."""
        self._missed += 1
        self.trouble = str(error).rstrip(".")
        if self._missed < MISSED:
            return None
        outcome = Outcome("error", f"{self.trouble}, so nobody can tell how it ends", given_up=True)
        return Word(Progress(), outcome)


def _request(run: Run, settings: Settings, variables: Variables, begun: Begun) -> Request | None:
    """None where the hook's answer has not told where to ask. Raises Rejected."""
    poll = settings.poll
    if poll is None or not set(templates.pointers_in(poll.url)) <= set(begun.values):
        return None
    return beside(run, settings, variables, begun, "GET", poll.url, poll.headers)


def beside(
    run: Run, settings: Settings, variables: Variables, begun: Begun, method: str, url: str, headers: dict[str, str]
) -> Request:
    """A request about what the hook has begun. Raises Rejected where the hook would send it to another host."""
    ours = of_the_deployment(run.job, variables.callback_url(run.job))
    values = {**ours, **begun.values}
    made = templates.address(url, values, variables.get)
    hook = templates.address(settings.asks(run.job), ours, variables.get)
    if templates.is_one_gap(url) and host_of(made) != host_of(hook):
        raise Rejected(f"{host_of(hook)} names an address at {host_of(made)}, which is not asked: it is another host")
    return Request(method, made, filled_headers(headers, ours, variables))  # type: ignore[arg-type]


def _word(poll: Poll, said: JSON) -> Word | None:
    """None where there is no state."""
    state = text(found(said, poll.state))
    if state is None:
        return None
    at = {name: found(said, pointer) for name in _PLACES if (pointer := getattr(poll, name)) is not None}
    words = short(text(at.get("description")) or "")
    links = link(at.get("environment_url")), link(at.get("log_url"))
    if state.casefold() in {one.casefold() for one in poll.success}:
        return Word(Progress(), Outcome("succeeded", words or f"Ended with the state {short(state)}", *links))
    if state.casefold() in {one.casefold() for one in poll.failure}:
        return Word(Progress(), Outcome("failed", words or f"Ended with the state {short(state)}", *links))
    described = with_percent(words or short(state.replace("_", " ")), at.get("progress"))
    return Word(Progress(described, environment_url=links[0], log_url=links[1]))


_PLACES = ("description", "progress", "environment_url", "log_url")


def with_percent(words: str, value: JSON) -> str:
    """The words with how much of it is done, where that is a number from 0 to 100.

    >>> with_percent("building", 40), with_percent("building", "40%"), with_percent("building", 400)
    ('building · 40 %', 'building · 40 %', 'building')
    """
    try:
        percent = float((text(value) or "").removesuffix("%"))
    except ValueError:
        return words
    return f"{words} · {percent:.0f} %" if 0 <= percent <= 100 else words
