"""How long it takes to find out whether the bot is spoken to: Slack waits three seconds, and all messages come here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bot.adapters.slack.payloads import Name
from tests.patience import PATIENCE

US = "<@U00000000>"
LONG = {
    "blanks": "' ,' * 20_000 + 'x'",
    "blanks after a mention": "'a {us}' + ' ' * 39_000 + 'x'",
    "empty lines": "'\\n' * 39_000 + 'x'",
    "a greeting without an end": "'hey' + ' ,' * 19_000 + 'x'",
    "mentions": "'a ' + '{us} ' * 3_000 + 'x'",
    "faces": "'a {us}' + ':thanks:' * 4_500 + 'x'",
    "fences": "('```\\n{us}\\n') * 2_300 + 'x'",
}
ASKS = """
from resource import RLIMIT_CPU, setrlimit
from bot.adapters.slack.payloads import Name
setrlimit(RLIMIT_CPU, (5, 5))
Name('shipmate', 'U00000000').meant({text})
"""


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_the_longest_text_that_slack_takes_is_looked_through_at_once(text: str) -> None:
    """A hundredth of a second; a pattern that looks back and forth takes half a minute of the processor."""
    asks = ASKS.format(text=text.replace("{us}", US))

    asked = subprocess.run([sys.executable, "-c", asks], timeout=PATIENCE, check=False)

    assert asked.returncode == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{US} deploy main", "deploy main"),
        (f"hey {US}: deploy main, {US} thanks :tada:", "deploy main"),
        (f"{US}{US} deploy main", "deploy main"),
        (f"{US} deploy main\n- {US}: lock staging\n{US} status", "deploy main\nlock staging\nstatus"),
        ("shipmate, deploy main", "deploy main"),
        ("&gt; shipmate deploy main", None),
        ("shipmates deploy main", None),
    ],
)
def test_the_words_that_are_meant_are_what_is_left_without_the_name(text: str, words: str | None) -> None:
    meant = Name("shipmate", "U00000000").meant(text)

    assert (meant.words if meant else None) == words
