"""What is shown below a link: how it stands, and what can be done about it. Nobody draws it again when that changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.core.board import messages as board_messages
from bot.core.board.model import AppStanding
from bot.core.deployments.card import Around, card
from bot.core.deployments.model import Deployment
from bot.core.grammar.commands import CopyCommand, Status, Why
from bot.core.grammar.offers import offer
from bot.core.rich_text import Button, Line, Message, Moment

BUTTONS = 2
PLACES = 10
"""So many places of an app are shown."""


def deployment(one: Deployment, around: Around, now: datetime) -> Message:
    """The card without what folds and moves; it calls nobody, for its approvers are called by the card itself."""
    shown = card(one, replace(around, approvers=()))
    own: tuple[Button, ...] = (*offer("Details", Why(deployment=one.id)), *offer("Copy command", CopyCommand(one.id)))
    return Message(
        sentence=shown.sentence,
        lines=shown.lines,
        context=(*shown.context, _as_of(now)),
        buttons=(*shown.buttons, *own)[:BUTTONS],
    )


def app(standing: AppStanding, now: datetime) -> Message:
    """Each place in a line, as on the board."""
    places = standing.places[:PLACES]
    left = len(standing.places) - len(places)
    more: tuple[Line, ...] = ((f"and {left} more",),) if left else ()
    return Message(
        sentence=(f"How {standing.name} stands: what is live where, and what goes on.",),
        lines=tuple(board_messages.line(one) for one in places) or (("It has no environment.",),),
        context=(*more, _as_of(now)),
        buttons=(*board_messages.deploy(standing), *offer("Status", Status(standing.name))),
    )


def _as_of(now: datetime) -> Line:
    return ("as of ", Moment(now.replace(second=0, microsecond=0)))
