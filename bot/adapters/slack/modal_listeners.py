"""What people do with modals: they press what opens one, choose in it, search, send it off, and use the shortcut."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slack_bolt import App
from slack_bolt.context.ack import Ack
from slack_bolt.response import BoltResponse

from bot.adapters.slack import message_shortcuts, modals
from bot.adapters.slack.blocks.modal import options
from bot.adapters.slack.chat import Slack
from bot.adapters.slack.modals import ReadMoment, Suggest
from bot.adapters.slack.payloads import Addressed, Payload, is_stranger, pressed, turned
from bot.core.errors import ShipmateError, Unavailable
from bot.core.events.external import AboutMessage

if TYPE_CHECKING:
    from bot.adapters.slack.bolt_app import CommandInbox  # which listens with what is here

NOT_STORED = "I could not take that down just now: my database does not answer. Please try again in a minute."

_ANYTHING = re.compile("")
_log = logging.getLogger(__name__)


def listen_to_modals(
    app: App, slack: Slack, intake: CommandInbox, suggest: Suggest, read: ReadMoment | None = None
) -> None:
    """Without ``read`` moments are left as they were typed."""

    def sent_off(ack: Ack, body: Payload) -> BoltResponse:
        given = modals.submitted(body, read)
        if isinstance(given, modals.Problem):
            return ack(response_action="errors", errors={given.field: given.sentence})
        try:
            if given is not None:
                intake.store(given, stranger=is_stranger(body, slack.identity()))
        except Unavailable:
            _log.warning("A modal was not stored", exc_info=True)
            return ack(response_action="errors", errors={modals.first_field(body): NOT_STORED})
        return ack()

    def search(ack: Ack, body: Payload) -> BoltResponse:
        person, named, begun = modals.searched(body)
        try:
            found = () if is_stranger(body, slack.identity()) else suggest(person, named, begun)
        except ShipmateError as error:
            _log.warning("Nothing was suggested: %s", error)
            found = ()
        return ack(options=options(modals.suggested(found, begun)))

    app.view_submission(_ANYTHING)(sent_off)
    # Nothing is held for a form while it is open, so there is nothing to let go of.
    app.view_closed(_ANYTHING)(_acknowledge)
    app.options(_ANYTHING)(search)
    app.shortcut(_ANYTHING)(_shortcut(slack, intake))


def pressing(slack: Slack, intake: CommandInbox) -> Callable[..., BoltResponse]:
    """Buttons, of which some open a modal first, and what is chosen in one."""

    def button(ack: Ack, body: Payload) -> BoltResponse:
        given = pressed(body)
        try:
            intake.note(turned(body) or modals.turned(body))
            stranger = given is not None and is_stranger(body, slack.identity())
            if given and modals.asks(body) and not stranger:
                if not open_form(slack, intake, given, body):
                    _tell(slack, body, modals.too_late(given.command))
            elif given:
                intake.store(given, stranger=stranger)
        except Unavailable:
            _log.warning("A press on a button was not stored", exc_info=True)
            _tell(slack, body, {"text": NOT_STORED, "response_type": "ephemeral", "replace_original": False})
        return ack()

    return button


def open_form(
    slack: Slack, intake: CommandInbox, given: Addressed, body: Payload, about: AboutMessage | None = None
) -> bool:
    """Whether a modal is open now. Of a stranger nothing is asked: they are told so when they are answered."""
    if is_stranger(body, slack.identity()):
        return False
    opened = modals.open_for(slack.api, given.command, body.get("trigger_id"), about)
    if opened is not None:
        intake.note((f"slack:modal:{opened.view}:opened", opened))
    return opened is not None


def _shortcut(slack: Slack, intake: CommandInbox) -> Callable[..., BoltResponse]:
    def shortcut(ack: Ack, body: Payload) -> BoltResponse:
        try:
            meant = message_shortcuts.meant(body, slack.identity())
            if meant is None:
                return ack()
            command, about = meant
            given = Addressed(f"slack:shortcut:{body.get('trigger_id')}", command)
            if is_stranger(body, slack.identity()):
                # Whoever answers says that they may not, whatever it is that they want.
                place = replace(command.place, respond=body.get("response_url"))
                intake.store(replace(given, command=replace(command, text="deploy", place=place)), stranger=True)
            elif not open_form(slack, intake, given, body, about):
                _tell(slack, body, modals.too_late(command))
        except Unavailable:
            _log.warning("A shortcut was not stored", exc_info=True)
            _tell(slack, body, {"text": NOT_STORED, "response_type": "ephemeral", "replace_original": False})
        return ack()

    return shortcut


def _tell(slack: Slack, body: Payload, words: dict[str, Any]) -> None:
    with suppress(Unavailable):
        slack.api.answer_at(str(body.get("response_url") or ""), words)


def _acknowledge(ack: Ack) -> BoltResponse:
    return ack()
