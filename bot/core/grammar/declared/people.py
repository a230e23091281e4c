"""The commands about people, and about the bot itself."""

from __future__ import annotations

from bot.core.grammar import commands as c
from bot.core.grammar import queries, spec
from bot.core.grammar.spec import Spec

PEOPLE: tuple[Spec, ...] = (
    Spec(
        name="link",
        usage="link <github-login>",
        help="Tell the bot who you are on GitHub.",
        examples=("link octocat",),
        makes=c.LinkLogin,
        read_only=False,
        parse=queries.read_link,
        show=lambda link: f"link {link.login}",
    ),
    Spec(
        name="hand over",
        usage="hand over <github-login> to @<person>",
        help="Agree that a GitHub login of yours belongs to somebody else, who has proved it.",
        examples=("hand over octocat to @U012AB3CD",),
        makes=c.HandOver,
        read_only=False,
        parse=queries.of_claim(c.HandOver),
        show=lambda claim: f"hand over {claim.login} to @{claim.person}",
    ),
    Spec(
        name="withhold",
        usage="withhold <github-login> from @<person>",
        help="Keep a GitHub login that somebody else claims.",
        examples=("withhold octocat from @U012AB3CD",),
        makes=c.Withhold,
        read_only=False,
        parse=queries.of_claim(c.Withhold),
        show=lambda claim: f"withhold {claim.login} from @{claim.person}",
    ),
    spec.alone(
        "whoami",
        c.WhoAmI,
        "Show who you are to the bot, and what you may do.",
        aliases=("who am i",),
        read_only=True,
        phrasings=(
            "(who|what) am i [to you|on github|here] => whoami",
            "what (can|may) i do => whoami",
            "[what are] my (permissions|rights|access|roles) => whoami",
            "[what is] my (login|github|github login|github account|account|user|name) => whoami",
            "am i linked [to github] => whoami",
            "(do you know me|know me|me) => whoami",
        ),
    ),
    spec.alone(
        "mute",
        c.Mute,
        "Stop being mentioned, and being written to about what you ship or should approve.",
        read_only=False,
        phrasings=(
            "(stop|do not|no more|never) (ping|pinging|mention|mentioning|tag|tagging|dm|message|messaging|notify|"
            "notifying) me [again|anymore|any more] => mute",
            "(be quiet|leave me alone|mute me) => mute",
        ),
    ),
    spec.alone(
        "unmute",
        c.Unmute,
        "Be mentioned and written to again.",
        read_only=False,
        phrasings=(
            "(ping|mention|tag|message) me again => unmute",
            "unmute me => unmute",
            "start (pinging|mentioning|tagging|messaging) me [again] => unmute",
        ),
    ),
    spec.of_app(
        "not today",
        c.NotToday,
        "Hear no more today of what waits to be deployed; the reminders come again on the next day of work.",
        read_only=False,
        phrasings=(
            "(stop|no more|do not|never mind) (reminding|reminders|remind|nudging|nudges|nudge) [me|us] <places> "
            "[today|for today] => not today {app}",
            "(remind|nudge) (me|us) [again] tomorrow <places> => not today {app}",
        ),
    ),
    spec.alone(
        "version",
        c.Version,
        "Show which version of the bot this is.",
        aliases=("deploy:version",),
        read_only=True,
        phrasings=(
            "(which|what) version (are you|is this|do you run|do you have|are you running|of shipmate|is shipmate|of "
            "bot|is bot|is this bot) => version",
            "what is your version => version",
            "your version => version",
            "are you (there|alive|up|ok|okay|awake|online|running|listening) => version",
            "(ping|you there) => version",
        ),
    ),
)
