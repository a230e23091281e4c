"""Who and what there is in the workspace: people, channels and user groups, remembered for ten minutes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from cachetools import TTLCache, cachedmethod

from bot.adapters.slack.web_api import Answer, Api, BotIdentity
from bot.core.errors import NotAllowed, NotThere, Rejected
from bot.core.people.logins import in_lower_case
from bot.core.ports.chat import ChannelNames, Clock, Person

KEPT_FOR = timedelta(minutes=10)
# A name that is not there is looked for again sooner: somebody may be creating the channel just now.
MISSED_FOR = timedelta(minutes=1)
PEOPLE_KEPT = 2_000
GROUPS_KEPT = 200
CHANNEL_PAGES = 100

_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{7,}")
_BOT_ID = re.compile(r"B[A-Z0-9]{7,}")
_PERSON_ID = re.compile(r"[UW][A-Z0-9]{5,}")


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels that the bot can see: ids by name, and back, and which of them are open to everybody.

    ``shared`` are those that people of other workspaces read, too.
    """

    read_at: datetime
    ids: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    public: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)


class Directory:
    """Reads the workspace's people, channels and user groups through ``api``, which may raise any of our errors."""

    def __init__(self, api: Api, clock: Clock, names: ChannelNames | None = None) -> None:
        self._api = api
        self._names = names
        self._clock = clock
        self._people: TTLCache[str, Person, datetime] = TTLCache(PEOPLE_KEPT, KEPT_FOR, clock.now)
        self._direct: TTLCache[str, str, datetime] = TTLCache(PEOPLE_KEPT, timedelta(days=1), clock.now)
        self._groups: TTLCache[str, frozenset[str], datetime] = TTLCache(GROUPS_KEPT, KEPT_FOR, clock.now)
        self._members: TTLCache[str, frozenset[str], datetime] = TTLCache(GROUPS_KEPT, KEPT_FOR, clock.now)
        self._handles: TTLCache[str, dict[str, str], datetime] = TTLCache(1, KEPT_FOR, clock.now)
        self._kept_lock = Lock()
        self._channels: Channels | None = None
        self._channels_lock = Lock()

    def person(self, person: str) -> Person:
        """Raises NotThere where Slack knows no such person."""
        return self._ask_person(person)

    def forget(self, person: str) -> None:
        """Slack tells who is in a group, not in which groups somebody is, so all groups are asked for again."""
        with self._kept_lock:
            self._people.pop(person, None)
            self._groups.clear()
            self._handles.clear()

    def channel_id(self, name: str) -> str | None:
        """The id behind ``#name`` or ``name``; a channel's id is returned as it is, a person's is their direct message.

        The channel that was found first goes on being meant while there is one, whatever it is called by now.
        """
        if _CHANNEL_ID.fullmatch(name):
            return name
        if _PERSON_ID.fullmatch(name):
            return self._open_direct(name)
        wanted = _plain_name(name)
        meant = self._meant(wanted)
        known = self._known_channels(KEPT_FOR)
        if meant is not None and meant in known.names:
            return meant
        if wanted not in known.ids:
            known = self._known_channels(MISSED_FOR)
        found = known.ids.get(wanted)
        if found is not None and found != meant and self._names is not None:
            self._names.learned(wanted, found)
        # Archived, or out of sight: whoever wants to post there is told why that does not work.
        return found or meant

    def channel_names(self, channel: str) -> frozenset[str]:
        """Everything that settings may call the channel: its id, ``#name`` and ``name``, also from before a renaming.

        A name that means another channel, which had it first, is not among them.
        """
        known = self._known_channels(KEPT_FOR)
        if channel not in known.names and not channel.startswith("D"):
            known = self._known_channels(MISSED_FOR)
        meant = set(self._names.names(channel)) if self._names is not None else set()
        name = known.names.get(channel)
        if name is not None and self.channel_id(name) == channel:
            meant.add(name)
        return frozenset({channel, *meant, *(f"#{one}" for one in meant)})

    def sees(self, person: Person, channel: str) -> bool:
        """Whether the person may read what is said there; not in channels that the bot itself does not see."""
        found = self.channel_id(channel)
        known = self._known_channels(KEPT_FOR)
        if found is None or found not in known.names:
            return False
        return (found in known.public and not person.guest) or person.id in self._ask_members(found)

    def all_see(self, here: str, channel: str) -> bool:
        """Whether what is said in the channel is open to all who read ``here``, guests of the workspace left aside.

        Into an open channel anybody may come who is not in it yet, so that its members alone tell nothing.
        """
        found = self.channel_id(channel)
        known = self._known_channels(KEPT_FOR)
        if found is None or found not in known.names or here not in known.names:
            return False
        if here == found:
            return True
        if found in known.public and here not in known.shared:
            return True
        return here not in known.public and self._ask_members(here) <= self._ask_members(found)

    @cachedmethod(lambda self: self._members, lock=lambda self: self._kept_lock)
    def _ask_members(self, channel: str) -> frozenset[str]:
        """https://docs.slack.dev/reference/methods/conversations.members."""
        pages = self._api.pages("conversations.members", most=CHANNEL_PAGES, channel=channel)
        return frozenset(member for page in pages for member in page["members"])

    def _meant(self, name: str) -> str | None:
        return self._names.meant(name) if self._names is not None else None

    def conversation(self, channel: str) -> str:
        """The channel to talk in: a person's id becomes the direct message with them."""
        if not _PERSON_ID.fullmatch(channel):
            return channel
        return self._open_direct(channel)

    def group(self, handle: str) -> frozenset[str]:
        """Ids of the members of the user group ``@handle`` or ``S…``. Raises NotThere where there is no such group."""
        return self._ask_group(handle.strip().removeprefix("@"))

    def group_name(self, group: str) -> str | None:
        """The handle of the user group, None where Slack knows none with this id."""
        return self._ask_handles().get(group)

    def group_id(self, handle: str) -> str | None:
        """The id behind ``@handle``, or the id itself; None where Slack shows no such group."""
        wanted = handle.strip().removeprefix("@")
        return next((group for group, name in self._ask_handles().items() if wanted in (group, name)), None)

    def person_by_email(self, email: str) -> Person | None:
        """Whose confirmed address it is; None where that is nobody's, or the app lacks the scope to ask.

        https://docs.slack.dev/reference/methods/users.lookupByEmail
        """
        try:
            user = self._api.call("users.lookupByEmail", email=email)["user"]
        except (NotThere, NotAllowed):
            return None
        person = _person(user, self._api.identity())
        # Who was invited and never came has an address that nobody has confirmed.
        confirmed = user.get("is_email_confirmed", True) and not user.get("is_invited_user")
        return person if confirmed and in_lower_case(person.email or "") == in_lower_case(email) else None

    @cachedmethod(lambda self: self._people, key=lambda _, person: person, lock=lambda self: self._kept_lock)
    def _ask_person(self, person: str) -> Person:
        if _BOT_ID.fullmatch(person):
            return self._ask_bot(person)
        answer = self._api.call("users.info", user=person)
        return _person(answer["user"], self._api.identity())

    def _ask_bot(self, bot: str) -> Person:
        """Each app and each workflow has an id of its own in the workspace: https://docs.slack.dev/reference/methods/bots.info."""
        about = self._api.call("bots.info", bot=bot)["bot"]
        return Person(bot, about.get("name") or bot, bot=True, deactivated=bool(about.get("deleted")))

    @cachedmethod(lambda self: self._direct, lock=lambda self: self._kept_lock)
    def _open_direct(self, person: str) -> str:
        return str(self._api.call("conversations.open", users=person)["channel"]["id"])

    @cachedmethod(lambda self: self._groups, lock=lambda self: self._kept_lock)
    def _ask_group(self, wanted: str) -> frozenset[str]:
        found = self.group_id(wanted)
        if found is None:
            raise NotThere(f"Slack knows no user group @{wanted}.")
        return frozenset(self._api.call("usergroups.users.list", usergroup=found)["users"])

    @cachedmethod(lambda self: self._handles, key=lambda _: "", lock=lambda self: self._kept_lock)
    def _ask_handles(self) -> dict[str, str]:
        return {group["id"]: str(group["handle"]) for group in self._api.call("usergroups.list")["usergroups"]}

    def _known_channels(self, at_most: timedelta) -> Channels:
        with self._channels_lock:
            now = self._clock.now()
            if self._channels is None or now - self._channels.read_at >= at_most:
                self._channels = self._ask_channels(now)
            return self._channels

    def _ask_channels(self, now: datetime) -> Channels:
        read = Channels(now)
        pages = self._api.pages(
            "conversations.list",
            most=CHANNEL_PAGES,
            types="public_channel,private_channel",
            exclude_archived=True,
        )
        for page in pages:
            for channel in page["channels"]:
                read.ids[channel["name"]] = channel["id"]
                read.names[channel["id"]] = channel["name"]
                if not channel.get("is_private"):
                    read.public.add(channel["id"])
                if channel.get("is_ext_shared") or channel.get("is_pending_ext_shared"):
                    read.shared.add(channel["id"])
        return read

    def channel(self, channel: str) -> Answer | None:
        """What Slack says about one channel, None where it shows none: ``is_member``, ``is_archived`` and so on."""
        try:
            found: Answer = self._api.call("conversations.info", channel=channel)["channel"]
        except Rejected:
            return None
        self._look_again_after(found)
        return found

    def _look_again_after(self, seen: Answer) -> None:
        """Whoever finds a channel otherwise than it is remembered does not have to wait for the next look at all."""
        with self._channels_lock:
            if self._channels is not None and seen.get("name") != self._channels.names.get(str(seen.get("id"))):
                self._channels = None


def _plain_name(name: str) -> str:
    return name.strip().removeprefix("#").lower()


def _person(user: dict[str, Any], us: BotIdentity) -> Person:
    profile = user.get("profile") or {}
    name = profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name")
    home = user.get("team_id") or profile.get("team") or us.team
    enterprise = (user.get("enterprise_user") or {}).get("enterprise_id")
    ours = home == us.team or (us.enterprise is not None and us.enterprise in (home, enterprise))
    return Person(
        id=user["id"],
        name=name or user["id"],
        timezone=user.get("tz"),
        email=profile.get("email"),
        bot=bool(user.get("is_bot")) or user["id"] == "USLACKBOT",
        guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        foreign=bool(user.get("is_stranger")) or not ours,
        deactivated=bool(user.get("deleted")),
    )
