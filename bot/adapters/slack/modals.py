"""Modals in Slack: opened at once while their trigger lives, and read when they are sent off."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import msgspec

from bot.adapters.decoding import decode
from bot.adapters.slack.blocks.actions import ASKING_ACTION, ASKS
from bot.adapters.slack.blocks.modal import ASKED, DEPLOY, FIELD_ACTION, filled, modal
from bot.adapters.slack.payloads import Addressed, Payload
from bot.adapters.slack.reading import reads
from bot.adapters.slack.web_api import Api
from bot.core.errors import ShipmateError
from bot.core.events.external import AboutMessage, CommandGiven, ModalTurned, Place
from bot.core.grammar.offers import written
from bot.core.modals import messages
from bot.core.modals.model import APP, AT, WHAT, WHY, Filled, Option, deployment, lacking, typed_moment
from bot.core.schedules.model import as_words
from bot.core.schedules.reading import Read

METADATA_LIMIT = 3_000
_ID = re.compile(r"[A-Z][A-Z0-9]{1,30}")
"""What Slack calls channels and people."""
_log = logging.getLogger(__name__)

Suggest: TypeAlias = Callable[[str, str, str], Sequence[Option]]
"""What a person may mean who has typed the beginning of a ref of an app; called with these three."""


ReadMoment: TypeAlias = Callable[[str, str], Read]
"""What a person means who has typed a moment, on their own clock; called with these two."""


def nothing(person: str, app: str, typed: str) -> Sequence[Option]:  # noqa: ARG001 - this is all that is known here
    """Where nobody can be asked what there is."""
    return ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a field."""

    field: str
    sentence: str


@reads
def asks(body: Payload) -> bool:
    """Whether something is to be filled in for what was pressed."""
    for action in body.get("actions", ()):
        value = str((action.get("selected_option") or {}).get("value") or "")
        if action.get("action_id", "").startswith(ASKING_ACTION) or value.startswith(ASKS):
            return True
    return False


def open_for(
    api: Api, given: CommandGiven, trigger: str | None, about: AboutMessage | None = None
) -> ModalTurned | None:
    """Open the form for a command, or for what a message is ``about``; what is to be stored then.

    None where Slack does not let us: the trigger is used up, or three seconds old.
    """
    form = messages.form(given.text)
    asked, callback = (form, ASKED) if form is not None else (messages.opening(), DEPLOY)
    # The address for answers is a capability: it is not given away, nor kept with what is stored.
    place = replace(given.place, respond=None)
    metadata = msgspec.json.encode(replace(given, place=place)).decode()
    if not trigger or len(metadata) > METADATA_LIMIT:
        return None
    try:
        opened = api.call("views.open", trigger_id=trigger, view=modal(asked, callback, metadata))["view"]
    except ShipmateError as error:
        _log.warning("No modal was opened: %s", error)
        return None
    view, version = str(opened["id"]), opened.get("hash")
    return ModalTurned(view, given.person, given.text, metadata, place, version=version, about=about)


@reads
def turned(body: Payload) -> tuple[str, ModalTurned] | None:
    """Something was chosen in an open modal, and an id for that; None where something else was pressed."""
    action = next((one for one in body.get("actions", ()) if one.get("action_id", "").startswith(FIELD_ACTION)), None)
    view = body.get("view") or {}
    if action is None or view.get("type") != "modal":
        return None
    person = str(body["user"]["id"])
    given = _given(view, person)
    if given is None:
        return None
    event = ModalTurned(
        str(view["id"]),
        person,
        given.text,
        str(view["private_metadata"]),
        given.place,
        filled(view),
        view.get("hash"),
    )
    return f"slack:modal:{view['id']}:{action['action_ts']}", event


@reads
def submitted(body: Payload, read: ReadMoment | None = None) -> Addressed | Problem | None:
    """The command that a modal stands for as it was sent off; one id for each modal, so that it is given once.

    Nothing that comes back with the modal says who asks, or what they may do: that is looked at anew.
    """
    view, person = body.get("view") or {}, str(body["user"]["id"])
    given, values = _given(view, person), filled(view)
    if given is None:
        return None
    if missing := lacking(_needed(view), values):
        sentence = messages.SAY_WHEN if missing[0].partition("@")[0] == AT else messages.MUST_SAY_WHY
        return Problem(missing[0], sentence)
    chosen = view.get("callback_id") == DEPLOY
    command = _chosen(view, given, values, read) if chosen else _asked(given, values)
    return Addressed(f"slack:modal:{view['id']}", command) if isinstance(command, CommandGiven) else command


def _needed(view: Payload) -> list[str]:
    """The fields of text that must be filled in; of all others Slack itself sees to that."""
    return [
        str(block["block_id"])
        for block in view.get("blocks", ())
        if block.get("type") == "input" and block.get("block_id") in {WHY, AT} and not block.get("optional")
    ]


def _chosen(view: Payload, given: CommandGiven, values: Filled, read: ReadMoment | None) -> CommandGiven | Problem:
    """What was chosen in the deploy modal; each that is opened is a request of its own, whatever it was opened from."""
    command, words = deployment(values), typed_moment(values)
    if words is not None and read is not None:
        meant = read(given.person, words)
        if meant.at is None:
            return Problem(_block_of(view, AT), messages.moment_not_read(words, over=meant.over))
        # From here on it is a moment, and no words that mean another one in an hour.
        command = replace(command, at=as_words(meant.at))
    text = written(command)
    if text is None:
        return Problem(_block_of(view, WHAT), messages.UNWRITABLE)
    why = tuple(one for one in values if one[0] == WHY)
    return replace(given, text=text, filled=why, screen=None, drawn=None, shown_at=None)


def _block_of(view: Payload, field: str) -> str:
    """The block of the view in which the field stands: see ``bot.adapters.slack.blocks.modal.filled``."""
    ids = [str(one.get("block_id")) for one in view.get("blocks", ())]
    return next((one for one in ids if one.partition("@")[0] == field), field)


@reads
def first_field(body: Payload) -> str:
    """Where something is said of the modal as a whole."""
    blocks = (body.get("view") or {}).get("blocks", ())
    return next((str(one["block_id"]) for one in blocks if one.get("type") == "input"), "")


def _asked(given: CommandGiven, values: Filled) -> CommandGiven | None:
    """A command of which something is asked; None for any other, which no form was opened for."""
    return replace(given, filled=values) if messages.form(given.text) is not None else None


def _given(view: Payload, person: str) -> CommandGiven | None:
    """What was pressed or typed when the modal was opened: where that was, and what stood there, and nothing else.

    Whoever uses it now is the ``person``.
    """
    try:
        kept = decode(str(view.get("private_metadata") or ""), CommandGiven)
    except (msgspec.MsgspecError, RecursionError):
        return None
    where = kept.place
    if not _ID.fullmatch(where.channel):
        return None
    # The home tab is no channel: then it is the direct message with whoever looks at it.
    home = where.channel.startswith(("U", "W"))
    channel, direct = (person, True) if home else (where.channel, where.direct and where.channel.startswith("D"))
    return CommandGiven(
        text=kept.text,
        person=person,
        place=Place(channel, where.thread, where.message, direct=direct),
        via="modal",
        screen=kept.screen,
        drawn=kept.drawn,
        shown_at=kept.shown_at,
    )


@reads
def searched(body: Payload) -> tuple[str, str, str]:
    """Who looks for what, in which app."""
    chosen = dict(filled(body.get("view") or {}))
    return str(body["user"]["id"]), chosen.get(APP, ""), str(body.get("value") or "").strip()


def suggested(found: Sequence[Option], typed: str) -> tuple[Option, ...]:
    """What was found, and before it what was typed, as that may be something that was not looked for."""
    own = (Option(typed, typed),) if typed and not any(typed in (one.value, one.label) for one in found) else ()
    return (*own, *found)


def too_late(given: CommandGiven) -> dict[str, Any]:
    """For the address that came with the press."""
    words = messages.too_late(given.text).summary()
    return {"text": words, "response_type": "ephemeral", "replace_original": False}
