"""What Slack sends, as commands given to the bot: pure, and only of what is meant for it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from string import whitespace
from typing import Any, Literal, TypeAlias

from bot.adapters.slack.blocks.actions import ASKING_ACTION, COMMAND_ACTION, chosen
from bot.adapters.slack.blocks.home import TURN_ACTION
from bot.adapters.slack.reading import reads
from bot.adapters.slack.web_api import BotIdentity
from bot.core.events.external import EDIT, ChannelChanged, CommandGiven, HomeOpened, LinkShared, Place

Payload: TypeAlias = dict[str, Any]

OPENING = frozenset({"member_joined_channel", "channel_unarchive", "group_unarchive", "channel_rename", "group_rename"})
"""Events after which a channel may be spoken in again, or is found under its name."""
HOME_OPENED = "app_home_opened"
LINK_SHARED = "link_shared"
MOST_LINKS = 5
"""So many links of one message are looked at."""

# Words that people write themselves; every other subtype is an edit, a deletion or a notice of Slack's:
# https://docs.slack.dev/reference/events/message#subtypes
_SPOKEN = frozenset({None, "file_share", "thread_broadcast"})
# What apps and workflows post.
_MACHINE = frozenset({"bot_message"})
# Repeats give nothing back (++, *+): people may send forty thousand blanks, and are to be answered within seconds.
_GREETING = r"(?:(?:hey|hi|hello|ok|okay|please|yo)[\s,!]++)?"
# Before the mention in "good morning everybody, @shipmate deploy main": a greeting, and whoever else is greeted.
_WELCOME = (
    r"(?:hey|hi|hiya|hello|yo|ok|okay|please|so|thanks|(?:good )?(?:morning|afternoon|evening))"
    r"(?:[\s,]++(?:and|all|everyone|everybody|team|folks|people|guys|friends|there|again|(?!{us})<[@!][^>]*>))*+"
    r"[\s,.!:–—-]*+"
)
# Before the mention in "- @shipmate deploy main" and in "@here @shipmate deploy main".
_LISTED = r"[ \t]*+(?:(?:[-*•◦▪–]|[0-9]{1,2}[.)])[ \t]++)?"
_CALLED_TOGETHER = r"(?:<!(?:here|channel|everyone|subteam)[^>]*>[\s,:]*+)*+"
# After the mention in "deploy main @shipmate, thanks!".
_THANKS = re.compile(r"(?:please|pls|plz|thanks|thank you|thx|ty|cheers|:[a-z0-9_+-]+:|[\s,.!?:;])*+", re.IGNORECASE)
_QUOTE = "&gt;"  # three of them quote all that follows
EDITED_WITHIN = timedelta(minutes=2)
"""How long after it was said a change of it is still a way to say it."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """A command together with the id under which it is stored: the same for every copy that Slack sends of it."""

    id: str
    command: CommandGiven


@dataclass(frozen=True, slots=True)
class Meant:
    """The words that are for the bot; ``passing`` where they may be about it instead."""

    words: str
    passing: bool = False


class Name:
    """How the bot is spoken to: by its mention, or by its name as the first word; a greeting may come before.

    It may also be mentioned after a longer greeting, at the beginning of a line, or at the end. What somebody quotes
    speaks to nobody.
    """

    def __init__(self, bot_name: str, user: str) -> None:
        alone = rf"<@{re.escape(user)}(?:\|[^>]*)?>"
        mention = rf"(?:{alone}|\*{alone}\*|_{alone}_|~{alone}~)"
        called = rf"@?{re.escape(bot_name)}(?=[\s:,]|$)"
        more = rf"(?:[\s:,]*+{mention})*+[\s:,]*+"
        before = rf"\s*+{_CALLED_TOGETHER}{_LISTED}"
        welcome = _WELCOME.replace("{us}", alone)
        self._start = re.compile(rf"{before}{_GREETING}(?:{mention}|{called}){more}", re.IGNORECASE)
        self._greeted = re.compile(rf"\s*+{welcome}{mention}{more}", re.IGNORECASE)
        self._line = re.compile(rf"^{_LISTED}{mention}[ \t:,]*+", re.IGNORECASE | re.MULTILINE)
        self._mention = re.compile(mention, re.IGNORECASE)

    def meant(self, text: str) -> Meant | None:
        """What is for the bot, None where the text does not speak to it."""
        end = self._end(text)
        found = self._start.match(text)
        if found:
            stops = end if end is not None and end >= found.end() else None
            return Meant(self._line.sub("", text[found.end() : stops]))
        # What comes before it belongs to the command where it is at the end.
        begun = self._greeted.match(text) or (self._begun(text) if end is None else None)
        if begun and (rest := text[begun.end() :]).strip():
            return Meant(self._line.sub("", rest), passing=True)
        if end is not None and (before := self._line.sub("", text[:end])).strip():
            return Meant(before, passing=True)
        return None

    def _end(self, text: str) -> int | None:
        """Where the text ends before a mention behind which nothing follows but thanks."""
        last = next(reversed(list(self._mention.finditer(text))), None)
        if last is None or not _THANKS.fullmatch(text, last.end()) or _is_shown(text, last.start()):
            return None
        return len(text[: last.start()].rstrip(f"{whitespace},"))

    def _begun(self, text: str) -> re.Match[str] | None:
        """The first line that begins with the mention."""
        return next((one for one in self._line.finditer(text) if not _is_shown(text, one.end())), None)


def _is_shown(text: str, place: int) -> bool:
    """Whether it stands in a quotation or in a block of code, in which somebody shows what was or may be said."""
    begun = text.rfind("\n", 0, place) + 1
    quoted = text.startswith(_QUOTE, begun) or text.startswith(3 * _QUOTE) or f"\n{3 * _QUOTE}" in text[:begun]
    return quoted or text.count("```", 0, place) % 2 == 1


@reads
def heard(event: Payload, name: Name, us: BotIdentity) -> Addressed | None:
    """A ``message`` or ``app_mention`` event, None where it is not for the bot, or its own.

    In a direct message every word is for the bot, elsewhere what speaks to it. A mention arrives as both events; the
    message's place and moment make them one. What a bot or a workflow says is told by its id.
    """
    if event.get("subtype") == "message_changed":
        return _changed(event, name)
    machine = _machine(event, us)
    if event.get("subtype") not in (_SPOKEN | _MACHINE if machine else _SPOKEN):
        return None
    if (event.get("bot_id") and machine is None) or event.get("hidden") or event.get("edited"):
        return None
    return _said(event, event.get("channel"), name, machine=machine)


def _said(message: Payload, channel: str | None, name: Name, *, machine: Machine | None = None) -> Addressed | None:
    person, ts = machine.id if machine else message.get("user"), message.get("ts")
    if not person or not channel or not ts or person == "USLACKBOT":
        return None
    text = str(message.get("text") or "")
    direct = str(channel).startswith("D")
    meant = name.meant(text) or (Meant(text) if direct and text.strip() else None)
    if meant is None or (direct and machine):
        return None
    place = Place(channel=channel, thread=message.get("thread_ts"), message=ts, direct=direct)
    via: Literal["direct", "mention"] = "direct" if direct else "mention"
    command = CommandGiven(
        text=meant.words,
        person=person,
        place=place,
        via=via,
        said_at=moment(ts),
        passing=meant.passing and not direct,
        machine=machine.name if machine else None,
    )
    return Addressed(f"slack:{channel}:{ts}", command)


def _changed(event: Payload, name: Name) -> Addressed | None:
    """What somebody has said, changed soon: said anew, under an id of its own.

    https://docs.slack.dev/reference/events/message/message_changed; Slack also sends one when it unfurls a link.
    """
    message, before = event.get("message") or {}, event.get("previous_message") or {}
    changed_at = (message.get("edited") or {}).get("ts") or ""
    if message.get("subtype") not in _SPOKEN or message.get("bot_id") or message.get("text") == before.get("text"):
        return None
    said = _said(message, event.get("channel"), name)
    then, now = moment(str(message.get("ts") or "")), moment(changed_at)
    if said is None or then is None or now is None or now - then > EDITED_WITHIN:
        return None
    command = replace(said.command, said_at=now, edit_of=said.id)
    return Addressed(f"{said.id}{EDIT}{changed_at}", command)


@dataclass(frozen=True, slots=True)
class Machine:
    """A bot or a workflow of the workspace."""

    id: str
    name: str


def _machine(event: Payload, us: BotIdentity) -> Machine | None:
    """Who has posted it, where that is another bot; never ourselves, so that nobody talks to themselves for ever."""
    known = event.get("bot_id")
    if not known or known == us.bot or event.get("user") == us.user:
        return None
    profile = event.get("bot_profile") or {}
    return Machine(str(known), str(profile.get("name") or event.get("username") or known))


@reads
def opened(event: Payload, us: BotIdentity) -> tuple[str, ChannelChanged] | None:
    """A channel that may be open to the bot from now on, and an id for it; None for any other event.

    https://docs.slack.dev/reference/events: ``channel`` is an object where the channel got another name.
    """
    kind, channel = event.get("type"), event.get("channel")
    if kind not in OPENING or (kind == "member_joined_channel" and event.get("user") != us.user):
        return None
    known = channel.get("id") if isinstance(channel, dict) else channel
    if not isinstance(known, str):
        return None
    return f"slack:{kind}:{known}:{event.get('event_ts', '')}", ChannelChanged(known)


@reads
def home_opened(event: Payload) -> tuple[str, HomeOpened] | None:
    """Somebody has opened their home tab, and an id for that; None where it is another tab.

    https://docs.slack.dev/reference/events/app_home_opened
    """
    person = event.get("user")
    if event.get("type") != HOME_OPENED or event.get("tab") != "home" or not isinstance(person, str):
        return None
    return f"slack:home:{person}:{event.get('event_ts', '')}", HomeOpened(person)


@reads
def link_shared(event: Payload, us: BotIdentity) -> tuple[str, LinkShared] | None:
    """Somebody has posted links that lead to us, and an id for it: one for each message, however often it is changed.

    None for what is still being written, which only its author sees: nobody knows yet where it will be posted.
    https://docs.slack.dev/reference/events/link_shared
    """
    channel, ts, person = event.get("channel"), event.get("message_ts"), event.get("user")
    if event.get("source", "conversations_history") != "conversations_history" or person in {None, us.user}:
        return None
    links = [one.get("url") for one in event.get("links") or () if isinstance(one, dict)]
    found = tuple(dict.fromkeys(link for link in links if isinstance(link, str)))[:MOST_LINKS]
    if not (isinstance(channel, str) and isinstance(ts, str) and found):
        return None
    place = Place(channel, thread=event.get("thread_ts"), message=ts, direct=channel.startswith("D"))
    return f"slack:links:{channel}:{ts}", LinkShared(str(person), place, found)


@reads
def turned(body: Payload) -> tuple[str, HomeOpened] | None:
    """Somebody wants to see another part of their home tab; None where something else was pressed."""
    action = next((one for one in body.get("actions", ()) if one.get("action_id", "").startswith(TURN_ACTION)), None)
    if action is None or (body.get("view") or {}).get("type") != "home":
        return None
    person = str(body["user"]["id"])
    look = str((action.get("selected_option") or action).get("value") or "")
    return f"slack:home:{person}:{action['action_ts']}", HomeOpened(person, look)


@reads
def typed(body: Payload) -> Addressed:
    """A slash command: https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling."""
    channel = str(body["channel_id"])
    place = Place(channel=channel, respond=body.get("response_url"), direct=channel.startswith("D"))
    command = CommandGiven(text=str(body.get("text") or ""), person=str(body["user_id"]), place=place, via="slash")
    return Addressed(f"slack:slash:{body['trigger_id']}", command)


@reads
def pressed(body: Payload) -> Addressed | None:
    """A press on one of our buttons, or an option of a menu; None where it carries no command.

    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    action = next(
        (
            one
            for one in body.get("actions", ())
            if one.get("action_id", "").startswith((COMMAND_ACTION, ASKING_ACTION))
        ),
        None,
    )
    if action is not None and (body.get("view") or {}).get("type") == "home":
        return _pressed_at_home(body, action)
    container = body.get("container") or {}
    channel = container.get("channel_id") or (body.get("channel") or {}).get("id")
    text, drawn = _command_of(action or {})
    if action is None or not text or not channel:
        return None
    shown_in = container.get("message_ts", "")
    place = Place(
        channel=channel,
        thread=(body.get("message") or {}).get("thread_ts") or container.get("thread_ts"),
        # Nobody can answer under a message that only one person sees.
        message=None if container.get("is_ephemeral") else shown_in or None,
        respond=body.get("response_url"),
        direct=str(channel).startswith("D"),
    )
    command = CommandGiven(
        text=text,
        person=body["user"]["id"],
        place=place,
        via="button",
        said_at=moment(action["action_ts"]),
        screen=f"{channel}:{shown_in}" if shown_in else None,
        shown_at=moment(shown_in),
        drawn=drawn,
    )
    return Addressed(f"slack:button:{shown_in}:{action['action_ts']}", command)


def _pressed_at_home(body: Payload, action: Payload) -> Addressed | None:
    """A press on the home tab, which is no channel: it is answered in the direct message with whoever pressed.

    The tab has one id for ever, and another hash each time that it is drawn: that is the screen.
    """
    text, drawn = _command_of(action)
    view, person = body["view"], str(body["user"]["id"])
    if not text:
        return None
    command = CommandGiven(
        text=text,
        person=person,
        place=Place(channel=person, direct=True),
        via="button",
        said_at=moment(action["action_ts"]),
        screen=f"{view.get('id', person)}:{view.get('hash', '')}",
        drawn=drawn,
    )
    return Addressed(f"slack:button:{person}:{action['action_ts']}", command)


def _command_of(action: Payload) -> tuple[str, str | None]:
    """The command, empty where there is none, and what it was drawn for."""
    if "selected_option" in action:
        return chosen(str((action["selected_option"] or {}).get("value") or ""))
    # After the number and the verb; a button that an older version has drawn has none.
    return str(action.get("value") or ""), ":".join(action.get("action_id", "").split(":")[3:]) or None


def moment(ts: str) -> datetime | None:
    """When that was: Slack's ``ts`` are seconds since 1970.

    >>> moment("1772445600.000100").isoformat()
    '2026-03-02T10:00:00+00:00'
    """
    seconds, _, _ = str(ts).partition(".")
    return datetime.fromtimestamp(int(seconds), UTC) if seconds.isdecimal() and len(seconds) < 11 else None


def whole(value: Any) -> Any:
    """What JSON holds, with a mark in the place of each half of a surrogate pair.

    >>> whole({"text": "a\\ud800b", "links": ["c"], "n": 1})
    {'text': 'a?b', 'links': ['c'], 'n': 1}
    """
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
        case list():
            return [whole(one) for one in value]
        case dict():
            return {whole(name): whole(one) for name, one in value.items()}
        case _:
            return value


@reads
def of_another_installation(body: Payload, us: BotIdentity) -> bool:
    """Whether Slack sends an event that it does not send to this token.

    In a channel that another company has shared ``team_id`` is that company's workspace, for our own people, too; to
    whom it is sent ``authorizations`` say: https://docs.slack.dev/apis/events-api#authorizations.
    """
    if body.get("type") != "event_callback" or (us.enterprise and _enterprise(body) == us.enterprise):
        return False
    sent_to = [one for one in body.get("authorizations") or () if isinstance(one, dict)] or [body]
    return not any(one.get(key) in _home(us) for one in sent_to for key in ("team_id", "enterprise_id"))


@reads
def is_stranger(body: Payload, us: BotIdentity) -> bool:
    """Whether somebody from another workspace is behind it: Slack Connect shares channels between companies.

    Where a message was sent from (``source_team``) says nothing of that. Of an organisation with several workspaces
    only the person's profile tells, which whoever asks for that looks at.
    """
    if us.enterprise and _enterprise(body) == us.enterprise:
        return False
    event, user, team = body.get("event") or {}, body.get("user"), body.get("team")
    message = event.get("message") or {}
    named = [
        *(one.get(key) for one in (event, message) for key in ("user_team", "team")),
        user.get("team_id") if isinstance(user, dict) else None,
        team.get("id") if isinstance(team, dict) else team,
        # Of an event that is the workspace of the channel.
        None if event else body.get("team_id"),
    ]
    known = next((one for one in named if isinstance(one, str)), None)
    return known not in _home(us) and not (event and known is None)


def _home(us: BotIdentity) -> frozenset[str]:
    return frozenset({us.team, us.enterprise} if us.enterprise else {us.team})


def _enterprise(body: Payload) -> str | None:
    named = body.get("enterprise_id") or (body.get("enterprise") or {}).get("id")
    return named if isinstance(named, str) else None
