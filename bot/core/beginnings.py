"""Whether what somebody was asked for has begun, where no answer came (the two generals' problem).

What is noted before the asking is all that is left of it after a kill. As long as nothing was asked for, a cancellation
or the end of the time is the end of it; from then on it is looked for first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.core.errors import Unavailable


@contextmanager
def told_apart(asked: Callable[[], bool]) -> Iterator[None]:
    """An Unavailable raised inside is ``uncertain`` where it was ``asked`` for by then, or where nobody can say."""
    try:
        yield
    except Unavailable as error:
        error.uncertain = error.uncertain or _may_be(asked)
        raise


def _may_be(asked: Callable[[], bool]) -> bool:
    try:
        return asked()
    except Unavailable:
        return True
