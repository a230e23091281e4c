"""A process that is told to end at each single step of its way into the wait for that; prints how many steps it took.

In a process of its own, because the handlers of signals, and the wait itself, are the process's. Hanging ends it.
"""

from __future__ import annotations

import faulthandler
import signal
import sys
import threading
from itertools import count
from types import FrameType
from typing import Any

from bot import __main__ as bot
from bot.logs import Logs

OURS = {bot.__file__, threading.__file__}


def ends_when_told_at(step: int) -> bool:
    """Whether the signal came in time: after the last step the wait is over before it is sent."""
    left = step

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in OURS:
            return None
        frame.f_trace_opcodes = True
        left -= event == "opcode"
        if left == 0:
            sys.settrace(None)
            signal.raise_signal(signal.SIGTERM)
        return trace

    stop = bot._signals()
    # The system may give a signal to any thread; here it ends the wait that no step is left of.
    threading.Timer(0.1, lambda: left > 0 and signal.raise_signal(signal.SIGTERM)).start()
    sys.settrace(trace)
    bot._wait_for_end("run", stop, Logs())
    sys.settrace(None)
    return left <= 0


def main() -> None:
    faulthandler.dump_traceback_later(120, exit=True)
    print(next(step for step in count(1) if not ends_when_told_at(step)) - 1)


if __name__ == "__main__":
    main()
