"""The ways in which something can go wrong, in our own words.

Adapters turn what their library raises into one of these; nothing else leaves an adapter.
"""

from __future__ import annotations

from bot.core.rich_text import Message


class ShipmateError(Exception):
    """Anything that a person should read as a sentence rather than as a traceback."""


class Refused(ShipmateError):
    """A person asked for something that is not to be; ``message`` says why and what to do next.

    Handlers raise it anywhere before or inside their decision: nothing of the decision is kept, and the
    asker alone sees the message.
    """

    def __init__(self, message: Message) -> None:
        super().__init__(message.summary())
        self.message = message


class Unavailable(ShipmateError):
    """The other side does not answer, or asks us to slow down: the same request may succeed later.

    ``retry_after`` is in seconds, None where the other side did not say.
    ``uncertain`` is true where the request may have been carried out although no answer came back.
    """

    def __init__(self, sentence: str, *, retry_after: float | None = None, uncertain: bool = False) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after
        self.uncertain = uncertain


class NotYet(Unavailable):
    """Nobody is in trouble: something else has to come first, in a moment. ``retry_after`` is in seconds."""

    def __init__(self, sentence: str, *, retry_after: float = 0.2) -> None:
        super().__init__(sentence, retry_after=retry_after)


class Speechless(Unavailable):
    """The chat itself does not answer: there is nobody who could be told of it now."""


class NotThere(ShipmateError):
    """What was named does not exist, or our credentials cannot see it."""


class NotAllowed(ShipmateError):
    """Our credentials lack a permission; the sentence names it."""


class Rejected(ShipmateError):
    """The other side understood the request and says no for good."""


class Conflict(Rejected):
    """The ref cannot be deployed as it is: merge conflict or failing contexts, named in the sentence."""
