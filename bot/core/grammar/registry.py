"""All commands, in the order in which help lists them; each is declared once, in ``declared``."""

from __future__ import annotations

from bot.core.grammar import commands as c
from bot.core.grammar.declared.deeds import DEEDS, DEPLOY
from bot.core.grammar.declared.holds import HOLDS
from bot.core.grammar.declared.looks import LOOKS
from bot.core.grammar.declared.people import PEOPLE
from bot.core.grammar.spec import Spec
from bot.core.grammar.tokens import TokenCursor
from bot.core.grammar.vocabulary import Vocabulary

__all__ = ["COMMANDS", "DEPLOY", "HELP", "NAMES", "Spec", "find", "spec_of"]


def find(name: str) -> Spec | None:
    """The command called ``name``, by any of its names, in any case."""
    return _BY_NAME.get(" ".join(name.lower().split()))


def spec_of(command: c.Command) -> Spec:
    """The declaration of a command."""
    return next(one for one in COMMANDS if isinstance(command, one.makes))


def _read_help(cursor: TokenCursor, _words: Vocabulary) -> c.Help:
    topic = cursor.take_rest().rstrip("?! ")
    found = find(topic)
    return c.Help(found.name if found else topic or None)


HELP = Spec(
    name="help",
    usage="help [<command>]",
    help="Show all commands, or one with its examples.",
    examples=("help", "help deploy"),
    makes=c.Help,
    read_only=True,
    parse=_read_help,
    show=lambda help_: f"help {help_.topic}" if help_.topic else "help",
    aliases=("?", "commands", "usage"),
    phrasings=(
        "help (me|us|out|me out|us out|needed) => help",
        "{command} help => help {command}",
        "help (me|us) [to|with] {command} {rest} => help {command}",
        "help (with|on|about|for|using|to) {command} {rest} => help {command}",
        "how (do|can|could|should|would|does) (i|we|you|one|people|someone) {command} {rest} => help {command}",
        "how to {command} {rest} => help {command}",
        "how does {command} work => help {command}",
        "what (does|is) {command} (do|mean|for) => help {command}",
        "(explain|manual|docs|usage|man|examples of|examples for|syntax of) {command} => help {command}",
        "what (can|do|could) you [do|understand|know|offer|support|help with] [for me] => help",
        "what (can|could|should|do) i (say|type|ask|write|ask you|tell you|do here|do with you) => help",
        "how (does|do) (this|it|you|bot|shipmate) work => help",
        "how (do|can) (i|we) use (you|this|it|bot|shipmate) => help",
        "(what|huh|hm|hmm|eh|pardon) ? => help",
        "(i|we) need help => help",
        "i am (lost|new|new here|confused|stuck) => help",
        "(what|which) [are] [your|available|all] commands [are there|exist|do you know|do you have] => help",
        "(who|what) are you => help",
        "[what are] (your|all|available|possible) (commands|options) => help",
        "(man|manual|docs|documentation|instructions|options|examples) => help",
    ),
)

COMMANDS: tuple[Spec, ...] = (*DEEDS, *HOLDS, *LOOKS, *PEOPLE, HELP)

_BY_NAME = {name.lower(): one for one in reversed(COMMANDS) for name in one.names}
NAMES: dict[str, str] = {name: one.name for name, one in _BY_NAME.items()}
"""The name of a command by each of its names, in lower case."""
