"""``python -m tests.chaos.victim <point> <count> -- run``: the bot, which kills itself at a named point of its work.

The point is struck when it is passed for the ``count``-th time; the point ``none`` never is. Leases last seconds only,
so that others take over soon.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.adapters.github.deployments import GitHubDeployments
from bot.adapters.github.forge import GitHub
from bot.adapters.github.publishing import GitHubPublishing
from bot.adapters.github.workflows import GitHubWorkflows
from bot.adapters.heroku.platform import Heroku
from bot.adapters.hooks.client import Hooks, Request
from bot.adapters.slack.chat import Slack
from bot.adapters.storage.api import ApiTransaction
from bot.adapters.storage.decisions import Decision
from bot.adapters.storage.inbox import InboxRows
from bot.adapters.storage.leases import Lease
from bot.adapters.storage.outbox import Outbox
from bot.adapters.storage.outgoing_webhooks import EventQueue
from bot.adapters.storage.output import OutputRows
from bot.adapters.storage.runs import RunRows
from bot.adapters.system import processes
from bot.core.events.internal import RunBegan, RunFinished
from bot.providers import github_actions
from bot.providers.heroku import starting as heroku_starting
from bot.providers.heroku import watching as heroku_watching
from bot.providers.http import starting as hook_starting
from bot.runtime.dispatcher import Engine
from bot.runtime.pipeline import Pipeline
from bot.runtime.provider_runner import ProviderRunner

BEAT_EVERY = 0.5
EXPIRES_AFTER = 5.0
AWAY = "none"
AT_THE_END = "lease about to be released"


@dataclass(frozen=True)
class Point:
    """Before or after a call; ``when`` looks at its arguments and, afterwards, at what it returned (last).

    ``places`` are those of the game where it is passed at all, none for whatever is played.
    """

    owner: Any
    name: str
    after: bool
    when: Callable[..., object] = lambda *_: True
    places: tuple[str, ...] = ()


def _result(*given: object) -> object:
    return given[-1]


def _asks(*given: object) -> bool:
    """Whether a hook is asked to begin, and not how it goes on."""
    return any(isinstance(one, Request) and one.method == "POST" for one in given)


def _stage(*given: object) -> bool:
    """Whether what is kept of a run is how a stage of it stands."""
    return any(isinstance(one, str) and one.startswith("stage:") for one in given)


ACTIONS, HOOKS = ("github_actions",), ("http", "poll")
HEROKU = ("heroku", "promoted", "late")
STAGES = (*HEROKU, *HOOKS)


POINTS: dict[str, Point] = {
    "lease taken, work of others not yet": Point(Lease, "take", True),
    "taken over, workflows not yet": Point(Lease, "take_over", True, _result),
    "stored, not acknowledged": Point(InboxRows, "put", True),
    "deliveries taken": Point(InboxRows, "take", True, _result),
    "facts gathered, nothing decided": Point(Decision, "begin", False),
    "decided, not committed": Point(Decision, "begin", True),
    "decided, not handled": Point(InboxRows, "handled", False),
    "handled, nothing done": Point(Pipeline, "decide", True, _result),
    "before a claim": Point(Outbox, "claim", False),
    "after a claim": Point(Outbox, "claim", True, _result),
    "created on GitHub, not recorded": Point(GitHubDeployments, "create", True),
    "status posted, not recorded": Point(GitHubDeployments, "post_status", True),
    "message posted, not recorded": Point(Slack, "post", True),
    "message edited, not recorded": Point(Slack, "edit", True),
    "done in the world, not recorded": Point(Outbox, "done", False),
    "done and recorded": Point(Outbox, "done", True),
    "before a postponement": Point(Outbox, "later", False),
    "after a postponement": Point(Outbox, "later", True),
    "lanes taken": Point(Outbox, "take_lanes", True, _result),
    "checked out, not started": Point(GitHub, "checkout", True),
    "command started, not recorded": Point(processes, "launch", True),
    "start about to be told": Point(InboxRows, "put_event", False, lambda _, event, *__: isinstance(event, RunBegan)),
    "start told": Point(InboxRows, "put_event", True, lambda _, event, *__: isinstance(event, RunBegan)),
    "about to follow": Point(ProviderRunner, "follow", False),
    "output written": Point(OutputRows, "write", True),
    "end about to be told": Point(InboxRows, "put_event", False, lambda _, event, *__: isinstance(event, RunFinished)),
    "end told": Point(InboxRows, "put_event", True, lambda _, event, *__: isinstance(event, RunFinished)),
    "workflow about to be dispatched": Point(GitHubWorkflows, "dispatch", False, places=ACTIONS),
    "workflow dispatched, not recorded": Point(GitHubWorkflows, "dispatch", True, places=ACTIONS),
    "run told to stop, not told": Point(GitHubWorkflows, "cancel", True, places=ACTIONS),
    "build about to be asked for": Point(Heroku, "create_build", False, places=HEROKU),
    "build made, not recorded": Point(Heroku, "create_build", True, places=HEROKU),
    "build told to stop, not told": Point(Heroku, "cancel_build", True, places=HEROKU),
    "promotion about to be asked for": Point(Heroku, "promote", False, places=("promoted",)),
    "promotion begun, not recorded": Point(Heroku, "promote", True, places=("promoted",)),
    "hook about to be asked": Point(Hooks, "ask", False, _asks, HOOKS),
    "hook asked, not recorded": Point(Hooks, "ask", True, _asks, HOOKS),
    "note about to be kept": Point(RunRows, "keep_note", False, places=(*ACTIONS, *STAGES)),
    "note kept": Point(RunRows, "keep_note", True, places=(*ACTIONS, *STAGES)),
    "stage about to be recorded": Point(RunRows, "keep_note", False, _stage, STAGES),
    "stage recorded": Point(RunRows, "keep_note", True, _stage, STAGES),
    "comment written, not recorded": Point(GitHubPublishing, "comment", True, places=("previews",)),
    "answer to a program kept, not committed": Point(ApiTransaction, "answer", True),
    "receiver claimed": Point(EventQueue, "claim", True, _result),
    "event about to be sent": Point(EventQueue, "first", True, _result),
    "event sent, not recorded": Point(EventQueue, "sent", False),
    "event sent and recorded": Point(EventQueue, "sent", True),
    "event not taken, not recorded": Point(EventQueue, "failed", False),
    AT_THE_END: Point(Lease, "release", False),
}


def points_of(places: Iterable[str]) -> list[str]:
    """The names of the points that are passed where these places are played."""
    played = set(places)
    return [name for name, point in POINTS.items() if not point.places or played & set(point.places)]


def arm(name: str, count: int) -> None:
    """From now on this process dies when it passes the point for the ``count``-th time."""
    point = POINTS[name]
    original = getattr(point.owner, point.name)
    guard = threading.Lock()
    left = [count]

    def strike(*given: object) -> None:
        with guard:
            if not point.when(*given):
                return
            left[0] -= 1
            if left[0] == 0:
                # Its last words are for the figures.
                os.write(2, f"struck: {name}\n".encode())
                os.kill(os.getpid(), signal.SIGKILL)

    def passed(*given: Any, **more: Any) -> Any:
        if not point.after:
            strike(*given)
        result = original(*given, **more)
        if point.after:
            strike(*given, result)
        return result

    setattr(point.owner, point.name, passed)


def hurry() -> None:
    """Whoever dies is missed within seconds, and services that answer at once are asked often.

    They are the defaults of the constructors, which nothing overrides, and the pauses between two looks.
    """
    Engine.__init__.__defaults__ = (BEAT_EVERY,)  # type: ignore[misc]
    Lease.__init__.__defaults__ = (EXPIRES_AFTER,)  # type: ignore[misc]
    github_actions.POLL, github_actions.LOOK_AGAIN = 1, 1
    heroku_watching.POLL = 1.0
    heroku_starting.GRACE.update(build=3.0, rollback=3.0, promotion=3.0)
    hook_starting.PAUSE = timedelta(seconds=1)


def main(arguments: list[str]) -> int:
    from bot.__main__ import main as bot

    faulthandler.enable()
    (name, count), rest = arguments[:2], arguments[3:]
    hurry()
    if name != AWAY:
        arm(name, int(count))
    return bot(rest)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)
