"""Dry run: asks Slack whether it would take a message, without posting it anywhere.

https://docs.slack.dev/reference/methods/blocks.validate
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.adapters.slack.blocks import blocks_of, text_of
from bot.adapters.slack.errors import BLOCKS_REFUSED, SlackRejected
from bot.adapters.slack.web_api import Api
from bot.core.errors import Speechless
from bot.core.rich_text import Message

METHOD = "blocks.validate"
REFUSED = frozenset({*BLOCKS_REFUSED, "invalid_message"})
TRIES = 10
"""So often it is asked again where Slack asks to wait: it takes few of these a minute, and says not how many."""


def problems(api: Api, message: Message, *, plainly: bool, wait: Callable[[float], None] = time.sleep) -> Sequence[str]:
    """What Slack would refuse it for, in its own words; ``plainly`` is the form without its newest blocks.

    Raises the errors of ``bot.core.errors``.
    """
    drawn = {"text": text_of(message), "blocks": blocks_of(message, plainly=plainly)}
    for tries in range(1, TRIES + 1):
        try:
            api.call(METHOD, message=json.dumps(drawn))
        except SlackRejected as error:
            if error.code not in REFUSED:
                raise
            return _told(error)
        except Speechless as error:
            if error.retry_after is None or tries == TRIES:
                raise
            wait(error.retry_after)
        else:
            return ()
    raise AssertionError("The last try returns or raises.")


def _told(error: SlackRejected) -> list[str]:
    """Each flaw with the place where it is."""
    cause = error.__cause__
    body = cause.response.data if isinstance(cause, SlackApiError) else {}
    flaws = body.get("errors") if isinstance(body, dict) else None
    return [_flaw(one) for one in flaws] if isinstance(flaws, list) and flaws else [str(error)]


def _flaw(one: Any) -> str:
    if not isinstance(one, dict):
        return str(one)
    return f"{one.get('message') or one.get('code')} ({one.get('pointer')})"
