"""``python -m tests.end_to_end.wrong_clock worker``: the bot on a machine whose clock is off, with a quick heartbeat.

The file that ``CLOCK_AHEAD`` names says by how many seconds; what it says may change while the bot runs.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

from bot.context import SystemClock
from tests.end_to_end.quick_heartbeat import main

right = SystemClock.now


def wrong(clock: SystemClock) -> datetime:
    return right(clock) + timedelta(seconds=float(Path(os.environ["CLOCK_AHEAD"]).read_text(encoding="ascii")))


if __name__ == "__main__":
    SystemClock.now = wrong  # type: ignore[method-assign]
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)
