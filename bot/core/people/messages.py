"""What the bot says about who people are and what they may do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.core.grammar.commands import Deploy, HandOver, LinkLogin, Mute, Unmute, Withhold
from bot.core.grammar.offers import hint, offer
from bot.core.names import listed
from bot.core.people.model import Claim, DeviceCode, How, Identity
from bot.core.people.permissions import Permission
from bot.core.ports.chat import Person
from bot.core.rich_text import Bold, Code, Line, Link, Mention, Message, Moment, say

Choice = tuple[str, Sequence[str], Sequence[Permission]]
"""An app, the environments that somebody may deploy it to, and why not to the others."""


def denied(permission: Permission) -> Message:
    return say("🚫 ", *permission.line)


# --- who and what -----------------------------------------------------------------------------------------------


def whoami(
    person: Person,
    identity: Identity,
    choices: Sequence[Choice],
    now: datetime,
    *,
    admin: bool,
    can_link: bool,
    muted: datetime | None = None,
) -> Message:
    """``muted`` is since when they are."""
    lines: list[Line] = [
        (f"Chat id: {person.id}",),
        _login(identity, can_link),
        (f"Time zone: {person.timezone or 'none that I know of'}; now it is ", Moment(now)),
    ]
    if admin:
        lines.append(("You are one of my admins",))
    if muted is not None:
        lines.append(("Muted since ", Moment(muted), *hint("; ", Unmute(), " ends that")))
    lines += [("You may deploy ", *line) for line in _allowed(choices)]
    lines += _denied(choices)
    return say(f"You are {person.name}.", lines=lines)


def _login(identity: Identity, can_link: bool) -> Line:
    if identity.login is None:
        none = "GitHub login: none that I know of"
        return (f"{none}; tell me with ", Code("link <your GitHub login>")) if can_link else (none,)
    how = {
        How.LINK: ", proved by signing in",
        How.SETTINGS: ", as my settings say",
        How.CHAT: "",
        How.EMAIL: ", found by your e-mail address",
    }[identity.how]
    when: Line = (", ", Moment(identity.at)) if identity.at is not None else ()
    return (f"GitHub login: {identity.login}{how}", *when)


def where(
    choices: Sequence[Choice],
    defaults: dict[str, str | None],
    example: Deploy | None,
    previews: Sequence[tuple[str, str]] = (),
) -> Message:
    """``defaults`` are the apps' default environments; without an ``example`` there is nothing to deploy.

    ``previews`` are apps with the names of those of their environments of which each pull request has its own.
    """
    denied = _denied(choices)
    if example is None and not previews:
        return say("There is nothing here that you may deploy:", lines=denied)
    own = [hint(f"a pull request of {app} to its own: ", Deploy(app, "#12", name)) for app, name in previews]
    shown = [hint("For example: ", example)] if example is not None else []
    lines = [*_allowed(choices, defaults), *own, *denied, *shown]
    return say("You can deploy:", lines=[line for line in lines if line])


def _allowed(choices: Sequence[Choice], defaults: dict[str, str | None] | None = None) -> list[Line]:
    lines: list[Line] = []
    for app, environments, _ in choices:
        default = (defaults or {}).get(app)
        shown = listed(f"{name} (default)" if name == default else name for name in environments)
        if environments:
            lines.append((Bold(app), f" to {shown}"))
    return lines


def _denied(choices: Sequence[Choice]) -> list[Line]:
    return [("🚫 ", Bold(app), ": ", *one.line) for app, _, reasons in choices for one in reasons]


# --- being left alone -------------------------------------------------------------------------------------------


def muted() -> Message:
    return say(
        "🔕 You are muted: I write to you neither when your pull requests go live nor when something waits for your "
        "approval, and name you without a mention where a deployment ends or wants approval. What you ask me I still "
        "answer, and I still tell you about locks that you hold or asked for.",
        *hint(" To undo it: ", Unmute()),
    )


def muted_already(since: datetime) -> Message:
    return say("🔕 You are muted already, since ", Moment(since), ".", *hint(" To undo it: ", Unmute()))


def unmuted() -> Message:
    return say(
        "🔔 You are not muted any more: I write to you when your pull requests go live in production, and mention you "
        "when a deployment of yours fails or needs your approval.",
        *hint(" To be left alone again: ", Mute()),
    )


def not_muted() -> Message:
    return say("🔔 You are not muted, so there is nothing to undo.", *hint(" To be left alone: ", Mute()))


# --- proving who one is -----------------------------------------------------------------------------------------


def nothing_to_link() -> Message:
    return say("There is nothing to link here: the repository is on this machine, and everybody may deploy it.")


def linking_is_not_set_up() -> Message:
    return say(
        "I cannot ask GitHub who you are, because GITHUB_CLIENT_ID is not set. Whoever runs me can set it, or add you "
        "to [people] in settings.toml."
    )


def linking_failed(reason: str) -> Message:
    return say(f"{reason} Nothing is linked.")


def linked_already(login: str) -> Message:
    return say("You are ", Bold(login), " on GitHub, and have proved it already. ", Code("whoami"), " tells more.")


def enter_the_code(login: str, given: DeviceCode) -> Message:
    return say(
        "Please show that you are ",
        Bold(login),
        ": enter ",
        Code(given.user_code),
        " at ",
        Link(given.url, given.url),
        " before ",
        Moment(given.expires_at),
        ". I keep nothing of it but your login. Enter no code that you have not asked for yourself.",
    )


def linked(login: str) -> Message:
    return say("Thank you: you are ", Bold(login), " on GitHub. ", Code("whoami"), " tells what you may do.")


def the_settings_say(login: str, holder: str) -> Message:
    return say(
        *(
            Bold(login),
            " is ",
            Mention(holder, holder),
            " by my settings, so that I link it to nobody else. Whoever runs ",
        ),
        "me can change that in [people] of settings.toml.",
    )


def waits_for_the_holder(claim: Claim) -> Message:
    """To whoever has proved a login that somebody else holds."""
    return say(
        *(
            "You can sign in to GitHub as ",
            Bold(claim.login),
            ", but so far that is ",
            Mention(claim.holder, claim.holder),
        ),
        *(". I have asked them; nothing is linked unless they agree before ", Moment(claim.expires_at), "."),
        *hint(" One of my admins can decide too: ", HandOver(claim.login, claim.chat_id)),
    )


def is_it_theirs(claim: Claim) -> Message:
    """To whoever holds the login."""
    yes = offer("Yes, it is theirs", HandOver(claim.login, claim.chat_id), style="danger")
    return say(
        *(
            Mention(claim.chat_id, claim.chat_id),
            " has signed in to GitHub as ",
            Bold(claim.login),
            ", who is you as far ",
        ),
        *(
            "as I know. Is it theirs? Then they are ",
            Bold(claim.login),
            " to me from now on, and you are not. Without an ",
        ),
        *(
            "answer before ",
            Moment(claim.expires_at),
            " it stays yours. If it is your account, say no, and change its ",
        ),
        "password: they can sign in with it.",
        buttons=(*yes, *offer("No, it is mine", Withhold(claim.login, claim.chat_id))),
    )


def no_such_claim(login: str) -> Message:
    return say("Nobody waits for ", Bold(login), ": it was decided already, or took too long.")


def not_yours_to_decide(claim: Claim) -> Message:
    holder = Mention(claim.holder, claim.holder)
    return say("That is for ", holder, ", who is ", Bold(claim.login), " so far, or for one of my admins to say.")


def handed_over(claim: Claim) -> Message:
    return say(Bold(claim.login), " is ", Mention(claim.chat_id, claim.chat_id), " from now on.")


def withheld(claim: Claim) -> Message:
    return say(Bold(claim.login), " stays with ", Mention(claim.holder, claim.holder), ".")


def handed_over_to_you(claim: Claim, by: Mention) -> Message:
    return say(by, " agreed: you are ", Bold(claim.login), " on GitHub. ", Code("whoami"), " tells what you may do.")


def withheld_from_you(claim: Claim, by: Mention) -> Message:
    return say(by, " says that ", Bold(claim.login), " is not yours, so nothing is linked.")


def taken_from_you(claim: Claim, by: Mention) -> Message:
    """To the holder, where an admin has decided."""
    return say(
        *(by, " has decided that ", Bold(claim.login), " is ", Mention(claim.chat_id, claim.chat_id), " and not you. "),
        *("Tell me who you are on GitHub with ", Code("link <your GitHub login>")),
    )


def left_to_you(claim: Claim, by: Mention) -> Message:
    """To the holder, where an admin has decided."""
    return say(by, " has decided that ", Bold(claim.login), " stays yours.")


def nobody_answered(claim: Claim) -> Message:
    """To whoever claimed the login."""
    holder = Mention(claim.holder, claim.holder)
    return say(
        *(holder, " has not said that ", Bold(claim.login), " is yours, so nothing is linked."),
        *hint(" To ask again: ", LinkLogin(claim.login)),
    )


def stays_yours(claim: Claim) -> Message:
    """To the holder, who has not answered."""
    return say(Bold(claim.login), " stays yours: ", Mention(claim.chat_id, claim.chat_id), " has waited long enough.")


def linked_to_another(wanted: str, found: str) -> Message:
    return say(
        f"You have signed in to GitHub as {found} and not as {wanted}, so nothing is linked. Are you ",
        Bold(found),
        "?",
        *hint(" Then say ", LinkLogin(found)),
    )


def code_expired(login: str) -> Message:
    return say("The code has expired, and nothing is linked.", *hint(" For a new one: ", LinkLogin(login)))


def sign_in_declined(login: str) -> Message:
    return say(
        "GitHub says that the sign-in was declined, so nothing is linked.",
        *hint(" If that was a mistake: ", LinkLogin(login)),
    )
