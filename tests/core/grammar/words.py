"""A channel with two apps, for tests of the grammar."""

from __future__ import annotations

from bot.core.grammar.parser import AppWords, NotUnderstood, Words, parse

WORDS = Words(
    apps={
        "web": AppWords(("staging", "production"), {"qa": "staging"}),
        "api": AppWords(("test", "prod-eu"), {"live-eu": "prod-eu"}),
    },
    here="web",
)
ANYWHERE = Words(apps=WORDS.apps)
YUBIKEY = "cccccc" + "dlnncbtuevhdbctrccukdciveuclhbkvehbeve"


def refusal(text: str, words: Words = WORDS) -> str:
    """Why a text is not understood, for texts that are not."""
    answer = parse(text, words)
    assert isinstance(answer, NotUnderstood)
    return answer.reason
