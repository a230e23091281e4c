"""How the tables of what people type are read: each row is a sentence, and what it is understood as."""

from __future__ import annotations

from bot.core.grammar.commands import Command
from bot.core.grammar.parser import NotUnderstood, Vocabulary, parse, parse_slash, separate, show
from bot.core.grammar.vocabulary import AppVocabulary

WORDS = Vocabulary(
    apps={
        "web": AppVocabulary(("staging", "production"), {"qa": "staging"}),
        "api": AppVocabulary(("test", "prod-eu"), {"live-eu": "prod-eu"}),
    },
    here="web",
)
"""A channel of web, in a company that has api as well."""
ALONE = Vocabulary(apps={"shop": AppVocabulary(("development", "staging", "production"))})
EVERYWHERE = Vocabulary(
    apps={
        "web": AppVocabulary(("staging", "production")),
        "api": AppVocabulary(("staging", "production")),
    }
)


def understood(said: str, words: Vocabulary = WORDS, *, slash: bool = False) -> list[Command | str]:
    """Every command in what was said, in order; a sentence in the place of one that is not understood."""
    read = parse_slash if slash else parse
    answers = [read(text, words) for text in separate(said, slash=slash)]
    return [answer.reason if isinstance(answer, NotUnderstood) else answer for answer in answers]


def suggested(said: str, words: Vocabulary = WORDS) -> list[str]:
    """What is offered where it is not understood."""
    answer = parse(said, words)
    assert isinstance(answer, NotUnderstood), answer
    return [show(command) for command in answer.meant]
