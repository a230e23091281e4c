"""What Slack's refusals and a broken line mean in our own words, each with the way to mend it."""

from __future__ import annotations

import socket
from urllib.error import URLError

from slack_sdk.errors import SlackApiError

from bot.adapters.http_dates import asked_wait, date_in
from bot.core.errors import NotAccepted, NotAllowed, NotThere, Rejected, ShipmateError, Speechless, Unpostable

_INVITE = "invite the bot with /invite, or correct the channel in settings.toml"
_LET_IN = "let the bot post there, or use another channel"

# Sentences for people; {channel} is the channel of the call where it had one. Codes: the "Errors" section of
# https://docs.slack.dev/reference/methods/chat.postMessage and of the other methods that are called.
_REJECTED = {
    "channel_not_found": f"Slack shows me no channel {{channel}}: {_INVITE}.",
    "not_in_channel": f"I am not in the channel {{channel}}: {_INVITE}.",
    "is_archived": "The channel {channel} is archived: unarchive it, or name another channel in settings.toml.",
    "user_not_in_channel": "That person is not in the channel {channel}.",
    "restricted_action": f"Only some people may post in the channel {{channel}}: {_LET_IN}.",
    "restricted_action_read_only_channel": f"The channel {{channel}} is read-only: {_LET_IN}.",
    "restricted_action_thread_only_channel": "The channel {channel} allows only replies: use another channel.",
    "restricted_action_non_threadable_channel": "The channel {channel} has no threads: use another channel.",
    "restricted_action_thread_locked": "That thread in {channel} is locked.",
    "message_not_found": "That message is gone from {channel}.",
    "thread_not_found": "That thread is gone from {channel}.",
    "cant_update_message": "Slack lets nobody but its author change that message in {channel}.",
    "edit_window_closed": "Slack does not let that message in {channel} be changed any more: it is too old.",
    "msg_too_long": "Slack refuses the message for {channel}: it is too long.",
    "msg_blocks_too_long": "Slack refuses the message for {channel}: its blocks are too long.",
    "no_text": "Slack refuses the message for {channel}: it has no text.",
    "not_enabled": "The app has no home tab: switch it on under App Home at https://api.slack.com/apps.",
    "cannot_dm_bot": "Slack lets bots write no direct messages to each other.",
    "message_limit_exceeded": "The workspace has sent all the messages its plan allows.",
}
_NOT_THERE = {
    "user_not_found": "Slack knows no such person.",
    "bot_not_found": "Slack knows no such bot.",
    "users_not_found": "Slack knows nobody with that address.",
    "user_not_visible": "Slack does not show me that person.",
    "user_disabled": "That person's account is deactivated.",
    "no_such_subteam": "Slack knows no such user group.",
}
_TOKEN_REFUSED = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "not_allowed_token_type",
        "org_login_required",
        "ekm_access_denied",
        "accesslimited",
        "team_access_not_granted",
    }
)
_NOT_ALLOWED = frozenset({"no_permission", "access_denied"})  # this time, whatever else the token may do
_SEEN = frozenset({"channel_not_found", "not_in_channel", "is_archived"})
_UNPOSTABLE = _SEEN | {
    "restricted_action",
    "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel",
    "restricted_action_non_threadable_channel",
}
_WRITES = frozenset({"chat.postMessage", "chat.update", "chat.postEphemeral"})
BLOCKS_REFUSED = ("invalid_blocks", "invalid_blocks_format")
"""There is something wrong with the blocks, or the workspace does not have one of these yet."""
OPEN_SOCKET = "apps.connections.open"
_SLOW_DOWN = frozenset({"ratelimited", "rate_limited"})
_SLACK_IS_ILL = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "timeout"}
)
# What slack_sdk puts in place of an error code when the answer was no JSON.
_NO_CODE = " "
_DEFAULT_PAUSE = 30.0
_LONGEST_PAUSE = 3600.0


class SlackRejected(Rejected):
    """Rejected, with Slack's own code for those who can do something about it."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


class SlackUnpostable(SlackRejected, Unpostable):
    """The channel takes no messages of ours: https://docs.slack.dev/reference/methods/chat.postMessage#errors."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence, code)
        # Slack's description of a channel does not say who may post there.
        self.visible = code in _SEEN


class SlackNotAccepted(NotAccepted, Speechless):
    """The token is refused, so that nobody could be told of it here."""


def sentence_of(code: str, channel: str) -> str:
    """What the code means for somebody who wants to post in the channel, without the way to mend it."""
    return _REJECTED[code].format(channel=channel).partition(":")[0] + "."


def from_answer(error: SlackApiError, method: str, channel: str | None) -> ShipmateError:
    """An answer of Slack that is not ``ok``, as one of our errors; not raised, only made."""
    answer = error.response
    code = str(answer.get("error") or "") if isinstance(answer.data, dict) else ""
    if answer.status_code == 429 or code in _SLOW_DOWN:
        pause = retry_after(answer.headers)
        return Speechless(f"Slack asks to wait {pause:g} s before the next {method}.", retry_after=pause)
    if answer.status_code >= 500 or code in _SLACK_IS_ILL or not code or _NO_CODE in code:
        name = code if code and _NO_CODE not in code else f"status {answer.status_code}"
        return Speechless(f"Slack is having trouble ({method}: {name}).", uncertain=True)
    if code == "missing_scope":
        return NotAllowed(
            f"The Slack app lacks the scope {answer.get('needed') or 'that it needs'} for {method}: add it under "
            "OAuth & Permissions and install the app again."
        )
    if code in _TOKEN_REFUSED:
        sentence = f"Slack does not accept the token for {method} ({code}): install the app again, copy its token."
        variable = "SLACK_APP_TOKEN" if method == OPEN_SOCKET else "SLACK_BOT_TOKEN"
        return SlackNotAccepted(sentence, service="Slack", mend=f"Set it as {variable}, and restart me.")
    if code in _NOT_ALLOWED:
        return NotAllowed(f"Slack does not let me do this ({method}: {code}): {_LET_IN}.")
    if code in _NOT_THERE:
        return NotThere(_NOT_THERE[code])
    if code in _UNPOSTABLE and method in _WRITES:
        return SlackUnpostable(_REJECTED[code].format(channel=channel or "there"), code)
    if code in _REJECTED:
        return SlackRejected(_REJECTED[code].format(channel=channel or "there"), code)
    return SlackRejected(f"Slack refuses {method}: {code}.", code)


def from_line(error: Exception, method: str) -> Speechless:
    """A line that broke, never came about, or carried something that is no answer."""
    reason = error.reason if isinstance(error, URLError) else error
    # Nothing was sent where there was nobody to send it to.
    unsent = isinstance(reason, ConnectionRefusedError | socket.gaierror)
    return Speechless(f"Slack does not answer ({method}: {type(reason).__name__}).", uncertain=not unsent)


def retry_after(headers: dict[str, str]) -> float:
    """Seconds from a ``Retry-After`` header, however it is spelt; 30 where there is none.

    A moment counts by Slack's own clock, where that says what it shows.
    """
    spelt = {name.lower(): value for name, value in headers.items()}
    said = asked_wait(spelt.get("retry-after", ""), date_in(spelt.get("date")), _LONGEST_PAUSE)
    return _DEFAULT_PAUSE if said is None else said
