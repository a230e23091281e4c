"""The ways in which something can go wrong, in our own words.

Adapters turn what their library raises into one of these; nothing else leaves an adapter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from bot.core.rich_text import Message


class ShipmateError(Exception):
    """Anything that a person should read as a sentence rather than as a traceback."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One of the reasons of a refusal, for programs: the ``gate`` that is closed, and a sentence.

    ``waits`` is whether time alone may open it, ``forcible`` whether a person may pass it by force.
    """

    gate: str
    text: str
    waits: bool = False
    forcible: bool = False


class Refused(ShipmateError):
    """A person asked for something that is not to be; ``message`` says why and what to do next.

    Handlers raise it anywhere before or inside their decision: nothing of the decision is kept, and the
    asker alone sees the message. ``reasons`` are what stands in the way, all of it, where the request was understood:
    none where it names what is not there, or cannot be told.
    """

    def __init__(self, message: Message, reasons: tuple[Reason, ...] = ()) -> None:
        super().__init__(message.summary())
        self.message = message
        self.reasons = reasons


class Unavailable(ShipmateError):
    """The other side does not answer, or asks us to slow down: the same request may succeed later.

    ``retry_after`` is in seconds, None where the other side did not say.
    ``uncertain`` is true where the request may have been carried out although no answer came back.
    ``service`` is who does not answer, empty where nobody has noted it.
    """

    def __init__(
        self, sentence: str, *, retry_after: float | None = None, uncertain: bool = False, service: str = ""
    ) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after
        self.uncertain = uncertain
        self.service = service


class NotYet(Unavailable):
    """Nobody is in trouble: something else has to come first, in a moment. ``retry_after`` is in seconds."""

    def __init__(self, sentence: str, *, retry_after: float = 0.2, uncertain: bool = False) -> None:
        super().__init__(sentence, retry_after=retry_after, uncertain=uncertain)


class Speechless(Unavailable):
    """The chat itself does not answer: there is nobody who could be told of it now."""


class NotAccepted(Unavailable):
    """The bot's own credentials are refused: an outage until somebody mends them, and nothing is given up for it.

    ``service`` is whose door is closed (GitHub, Slack), ``owner`` the one place where it is, empty where it is all of
    them. ``mend`` is what an admin does about it, in whole sentences.
    """

    def __init__(
        self, sentence: str, *, service: str, mend: str, owner: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(sentence, retry_after=retry_after, service=service)
        self.mend = mend
        self.owner = owner

    def after(self, seconds: float) -> Self:
        """The same once more, without having asked: to be tried in so many seconds."""
        return type(self)(str(self), service=self.service, mend=self.mend, owner=self.owner, retry_after=seconds)


class NotThere(ShipmateError):
    """What was named does not exist, or our credentials cannot see it."""


class NotAllowed(ShipmateError):
    """Our credentials lack a permission; the sentence names it."""


class Rejected(ShipmateError):
    """The other side understood the request and says no for good."""


class OurFault(Rejected):
    """The bot has failed at it by a fault of its own, again and again."""


class Unpostable(Rejected):
    """Nothing can be said there now, whatever it is: the channel is archived, out of sight, or closed to the bot.

    ``visible`` says that looking at the channel tells when that is over; else only trying does.
    """

    visible = True


class ThreadGone(NotThere):
    """The thread's first message was deleted. What was said has been posted, as the chat does then, at top level."""


class Conflict(Rejected):
    """The ref cannot be deployed as it is: merge conflict or failing contexts, named in the sentence."""
