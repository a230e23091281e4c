"""``python -m tests.end_to_end.quick_heartbeat worker``: the bot with a heartbeat that nobody has to wait for."""

from __future__ import annotations

import os
import sys

from bot.runtime.dispatcher import Engine

BEAT_EVERY = 0.3


def main(arguments: list[str]) -> int:
    from bot.__main__ import main as bot

    # The default of the constructor, which nothing overrides.
    Engine.__init__.__defaults__ = (BEAT_EVERY,)  # type: ignore[misc]
    return bot(arguments)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)
