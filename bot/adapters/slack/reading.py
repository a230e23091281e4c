"""What Slack sends and is not as it documents it: what the reading stumbles over is told apart from our faults."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeVar

from msgspec import Meta, Struct

from bot.adapters.decoding import convert

P = ParamSpec("P")
T = TypeVar("T")


class Unreadable(Exception):
    """Parts that are missing, or of other kinds than documented: nobody is helped by sending it again."""


def reads(read: Callable[P, T]) -> Callable[P, T]:
    """``read`` asks nothing but what it is given, and raises Unreadable where that is not as it should be."""

    @wraps(read)
    def reading(*given: P.args, **named: P.kwargs) -> T:
        try:
            return read(*given, **named)
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise Unreadable(f"{read.__name__}: {type(error).__name__}") from error

    return reading


class _Event(Struct):
    type: str


class _Action(Struct):
    action_id: str


class _View(Struct):
    callback_id: str
    type: str


class _Sent(Struct, kw_only=True):
    type: str = ""
    event: dict[str, Any] = {}
    """Looked into whatever the type is."""


class _Heard(_Sent):
    event: _Event  # type: ignore[assignment]


class _Pressed(_Sent):
    actions: Annotated[list[_Action], Meta(min_length=1)]


class _Viewed(_Sent):
    view: _View


class _Called(_Sent):
    callback_id: str


class _Searched(_Sent):
    action_id: str


class _Typed(_Sent):
    command: str = ""


_CALLED = ("shortcut", "message_action", "interactive_message", "dialog_submission", "dialog_cancellation")
_KINDS: dict[Any, type[Struct]] = {
    **dict.fromkeys(_CALLED, _Called),
    **dict.fromkeys(("view_submission", "view_closed"), _Viewed),
    "event_callback": _Heard,
    "block_actions": _Pressed,
    "block_suggestion": _Searched,
}


@reads
def demand_kind(body: Any) -> None:
    """Raises Unreadable where Bolt would stumble before it has found out whom the request is for."""
    convert(body, _KINDS.get(body.get("type"), _Typed))
