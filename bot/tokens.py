"""``python -m bot token``: tokens of the API are made, listed and revoked by whoever can run the bot."""

from __future__ import annotations

import re
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from bot.core.api import messages
from bot.core.api.model import ApiToken, digest, is_name, new_secret
from bot.core.durations import duration
from bot.core.errors import Rejected
from bot.core.names import listed, nearest

if TYPE_CHECKING:
    from bot.adapters.storage.store import Store
    from bot.settings import Settings

_PERSON = re.compile(r"[UWB][A-Z0-9]{2,30}")
"""Of a person, or of a bot that the settings trust: https://docs.slack.dev/reference/objects/user-object"""


def options(process: ArgumentParser) -> None:
    deeds = process.add_subparsers(dest="deed", required=True, metavar="DEED")
    create = deeds.add_parser("create", help="make a token; it is shown once")
    create.add_argument("--name", required=True, help="what it is called, in the audit too")
    person = "the Slack id of whoever answers for it: it may do what they may"
    create.add_argument("--as", required=True, dest="person", metavar="ID", help=person)
    create.add_argument(
        "--app", action="append", default=[], help="an app that it reaches; again for more (default: all)"
    )
    create.add_argument("--read-only", action="store_true", help="it changes nothing")
    create.add_argument("--expires", metavar="90d", help="how long it is valid (default: until it is revoked)")
    shown = deeds.add_parser("list", help="the tokens that there are, without what is secret")
    revoke = deeds.add_parser("revoke", help="let a token be valid no more, at once")
    revoke.add_argument("called", nargs="?", metavar="NAME", help="as `token list` gives it")
    revoke.add_argument("--name", help="the same, as for create")
    for one in (create, shown, revoke):
        one.add_argument("--settings", type=Path, default=SUPPRESS, help=SUPPRESS)


def do(given: Namespace, settings: Settings, store: Store) -> int:
    """What was typed; an exit code. Raises ShipmateError."""
    if given.deed == "create":
        return _create(given, settings, store)
    if given.deed == "list":
        show(store.api.tokens(), store.database.clock.now(), sys.stdout)
        return 0
    name = given.called or given.name
    if name is None:
        raise Rejected("Which token? `python -m bot token list` shows their names.")
    store.api.revoke(name)
    print(f"The token {name} is revoked: whoever has it is refused from now on.")
    return 0


def _create(given: Namespace, settings: Settings, store: Store) -> int:
    now = store.database.clock.now()
    made = wanted(given, settings, now)
    secret = new_secret()
    store.api.create(made, digest(secret))
    print(f"This is the token {made.name}. It is shown once; only its hash is kept.", file=sys.stderr)
    # Alone on its stream, for whoever reads it into a variable.
    print(secret)
    return 0


def wanted(given: Namespace, settings: Settings, now: datetime) -> ApiToken:
    """Raises Rejected where something of it cannot be."""
    if not is_name(given.name):
        raise Rejected(messages.no_name(given.name))
    if not _PERSON.fullmatch(given.person):
        hint = "it begins with U or W (B of a bot), and is in their profile behind “Copy member ID”"
        raise Rejected(f"“{given.person}” is not the Slack id of a person: {hint}.")
    for app in given.app:
        if app not in settings.apps:
            near = nearest(app, settings.apps)
            meant = f"did you mean {near}?" if near else f"the settings have {listed(settings.apps, 'and')}."
            raise Rejected(f"There is no app “{app}”; {meant}")
    return ApiToken(
        id=0,
        name=given.name,
        person=given.person,
        apps=tuple(dict.fromkeys(given.app)),
        read_only=given.read_only,
        created_at=now,
        expires_at=_until(given.expires, now),
    )


def _until(expires: str | None, now: datetime) -> datetime | None:
    if expires is None:
        return None
    length = duration(expires)
    if length is None:
        raise Rejected(f"“{expires}” is not understood as a duration. Write 90d, 12h or 30m.")
    try:
        return now + length
    except OverflowError:
        raise Rejected(
            f"No calendar goes as far as {expires}; leave --expires out, and it is valid until revoked."
        ) from None


def show(tokens: list[ApiToken], now: datetime, out: TextIO) -> None:
    if not tokens:
        out.write("There are no tokens; `python -m bot token create` makes one.\n")
    for one in tokens:
        what = f"{listed(one.apps, 'and') if one.apps else 'all apps'}{', read only' if one.read_only else ''}"
        used = f"used {_moment(one.last_used_at)}" if one.last_used_at else "never used"
        out.write(f"{one.name}: as {one.person}, {what}, {_validity(one, now)}, {used}\n")


def _validity(one: ApiToken, now: datetime) -> str:
    if one.revoked_at is not None:
        return f"revoked {_moment(one.revoked_at)}"
    if one.expires_at is None:
        return "valid until it is revoked"
    return f"{'valid until' if one.is_valid(now) else 'expired'} {_moment(one.expires_at)}"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
