"""Who is told of what nobody has asked for: admins, else a channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import structlog

from bot.context import Context
from bot.core.effects import Reply, TellPerson
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.events.external import Place
from bot.core.outages import model as outages
from bot.core.people.permissions import Kind, kind_of
from bot.core.ports.transaction import Records
from bot.core.rich_text import Message
from bot.services.authorization import chat_id_of

log = structlog.get_logger(__name__)


def hearers(context: Context) -> list[Place]:
    """The direct messages of the admins; where there are none the channel of ``[slack]``, or those of the apps."""
    if there := admins(context):
        return there
    general = context.settings.slack.channel
    names = [general] if general else [app.channel for app in context.settings.apps.values()]
    channels = dict.fromkeys(context.chat.channel_id(name) for name in names)
    return [Place(channel) for channel in channels if channel is not None]


def tell(records: Records, hearers: Sequence[Place], message: Message) -> None:
    for place in hearers:
        if place.direct:
            records.emit(TellPerson(place.channel, message))
        else:
            records.emit(Reply(records.cause, place, message))


def admins(context: Context) -> list[Place]:
    """The direct messages of those who can be found."""
    found = dict.fromkeys(_admins(context))
    return [Place(one, direct=True) for one in found if _is_there(context, one)]


def _admins(context: Context) -> Iterator[str]:
    """Their chat ids, without asking GitHub, which may not answer."""
    for party in context.settings.bot.admins:
        match kind_of(party):
            case Kind.PERSON:
                yield party
            case Kind.GROUP:
                try:
                    yield from sorted(context.chat.group_members(party))
                except (NotAllowed, NotThere, Rejected) as error:
                    log.warning("admins not looked up", party=party, reason=str(error))
            case Kind.LOGIN:
                if (known := chat_id_of(context, party)) is not None:
                    yield known
            case Kind.TEAM:
                members = outages.members(context.reads, party)
                yield from (known for login in members if (known := chat_id_of(context, login)) is not None)


def _is_there(context: Context, person: str) -> bool:
    try:
        return not context.chat.person(person).outsider
    except (NotAllowed, NotThere, Rejected):
        return False
