"""What is typed to make a token of the API, and what cannot be."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime

import pytest

from bot.core.errors import Rejected
from bot.settings import read
from bot.tokens import wanted

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SETTINGS = """
[apps.web]
repository = "acme/web"
channel = "#web"
[apps.web.environments.production]
"""
GIVEN = {"name": "ci", "person": "U012AB3CD", "app": [], "read_only": False, "expires": None}


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"expires": "soon"}, "is not understood as a duration"),
        ({"expires": "999999w"}, "No calendar goes as far as 999999w"),
        ({"name": "c i"}, "is no name for a token"),
        ({"person": "maria"}, "is not the Slack id of a person"),
        ({"app": ["wbe"]}, "did you mean web?"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(typed: dict[str, object], sentence: str) -> None:
    with pytest.raises(Rejected, match=sentence):
        wanted(Namespace(**{**GIVEN, **typed}), read(SETTINGS, {}), NOW)


def test_a_token_ends_after_as_long_as_was_asked_for() -> None:
    made = wanted(Namespace(**{**GIVEN, "expires": "90d", "app": ["web", "web"]}), read(SETTINGS, {}), NOW)

    assert (made.expires_at, made.apps) == (datetime(2026, 5, 31, 10, 0, tzinfo=UTC), ("web",))
