"""A channel with two apps, for tests of the grammar."""

from __future__ import annotations

from bot.core.grammar.parser import NotUnderstood, parse
from bot.core.grammar.vocabulary import AppVocabulary, Vocabulary

WORDS = Vocabulary(
    apps={
        "web": AppVocabulary(("staging", "production"), {"qa": "staging"}),
        "api": AppVocabulary(("test", "prod-eu"), {"live-eu": "prod-eu"}),
    },
    here="web",
)
ANYWHERE = Vocabulary(apps=WORDS.apps)
YUBIKEY = "cccccc" + "dlnncbtuevhdbctrccukdciveuclhbkvehbeve"


def refusal(text: str, words: Vocabulary = WORDS) -> str:
    """Why a text is not understood, for texts that are not."""
    answer = parse(text, words)
    assert isinstance(answer, NotUnderstood)
    return answer.reason
