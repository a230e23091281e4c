"""Modals in Slack: opened at once while their trigger lives, and read when they are sent off."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import msgspec

from bot.adapters.slack.blocks.actions import ASKING_ACTION, ASKS
from bot.adapters.slack.blocks.modal import ASKED, DEPLOY, FIELD_ACTION, filled, modal
from bot.adapters.slack.payloads import Addressed, Payload
from bot.adapters.slack.web_api import Api
from bot.core.errors import ShipmateError
from bot.core.events.external import CommandGiven, ModalTurned
from bot.core.grammar.offers import written
from bot.core.modals import messages
from bot.core.modals.model import APP, WHAT, WHY, Filled, Option, deployment, lacking

METADATA_LIMIT = 3_000
MUST_SAY_WHY = "Say why: others will ask."
UNWRITABLE = "I cannot tell this apart from other commands: type it instead, as in help deploy."
_log = logging.getLogger(__name__)

Suggest: TypeAlias = Callable[[str, str, str], Sequence[Option]]
"""What a person may mean who has typed the beginning of a ref of an app; called with these three."""


def nothing(person: str, app: str, typed: str) -> Sequence[Option]:  # noqa: ARG001 - this is all that is known here
    """Where nobody can be asked what there is."""
    return ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a field."""

    field: str
    sentence: str


def asks(body: Payload) -> bool:
    """Whether something is to be filled in for what was pressed."""
    for action in body.get("actions", ()):
        value = str((action.get("selected_option") or {}).get("value") or "")
        if action.get("action_id", "").startswith(ASKING_ACTION) or value.startswith(ASKS):
            return True
    return False


def open_for(api: Api, given: CommandGiven, trigger: str | None) -> ModalTurned | None:
    """Open the form for a command; what is to be stored then. None where Slack does not let us: the trigger is used
    up, or three seconds old."""
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
    return ModalTurned(str(opened["id"]), given.person, given.text, metadata, place, version=opened.get("hash"))


def turned(body: Payload) -> tuple[str, ModalTurned] | None:
    """Something was chosen in an open modal, and an id for that; None where something else was pressed."""
    action = next((one for one in body.get("actions", ()) if one.get("action_id", "").startswith(FIELD_ACTION)), None)
    view = body.get("view") or {}
    if action is None or view.get("type") != "modal":
        return None
    given = _given(view)
    if given is None:
        return None
    event = ModalTurned(
        str(view["id"]),
        str(body["user"]["id"]),
        given.text,
        str(view["private_metadata"]),
        given.place,
        filled(view),
        view.get("hash"),
    )
    return f"slack:modal:{view['id']}:{action['action_ts']}", event


def submitted(body: Payload) -> Addressed | Problem | None:
    """The command that a modal stands for as it was sent off; one id for each modal, so that it is given once."""
    view = body.get("view") or {}
    given = _given(view)
    if given is None:
        return None
    values = filled(view)
    if view.get("callback_id") == DEPLOY:
        text = written(deployment(values))
        command: CommandGiven | Problem = (
            replace(given, text=text) if text else Problem(_block_of(view, WHAT), UNWRITABLE)
        )
    else:
        command = _asked(view, given, values)
    if isinstance(command, Problem):
        return command
    person = str(body["user"]["id"])
    return Addressed(f"slack:modal:{view['id']}", replace(command, person=person, via="modal", said_at=None))


def _block_of(view: Payload, field: str) -> str:
    """The block of the view in which the field stands: see ``bot.adapters.slack.blocks.modal.filled``."""
    ids = [str(one.get("block_id")) for one in view.get("blocks", ())]
    return next((one for one in ids if one.partition("@")[0] == field), field)


def first_field(body: Payload) -> str:
    """Where something is said of the modal as a whole."""
    blocks = (body.get("view") or {}).get("blocks", ())
    return next((str(one["block_id"]) for one in blocks if one.get("type") == "input"), "")


def _asked(view: Payload, given: CommandGiven, values: Filled) -> CommandGiven | Problem:
    needed = [block["block_id"] for block in view.get("blocks", ()) if _must_be_filled(block)]
    missing = lacking(needed, values)
    return Problem(missing[0], MUST_SAY_WHY) if missing else replace(given, filled=values)


def _must_be_filled(block: Payload) -> bool:
    return block.get("type") == "input" and block.get("block_id") == WHY and not block.get("optional")


def _given(view: Payload) -> CommandGiven | None:
    """What was pressed or typed when the modal was opened."""
    try:
        return msgspec.json.decode(view.get("private_metadata") or "", type=CommandGiven)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


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
