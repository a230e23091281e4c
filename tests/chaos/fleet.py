"""The processes of one game: started as victims of the next point, started again when they die, killed at random."""

from __future__ import annotations

import itertools
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from tests.chaos.victim import AT_THE_END, AWAY, POINTS
from tests.end_to_end.installation import BotProcess, Installation, free_port

VICTIM = "tests.chaos.victim"
ENDS = {-signal.SIGKILL: "killed", -signal.SIGTERM: "told to end while starting", 0: "told to end", 75: "lease gone"}
"""How a process may end here."""


LONGEST_LIFE, MOST_WORK = 15.0, 3.0
"""Seconds, and seconds of a processor, until a victim that has not passed its point makes room for the next one: on a
busy machine it gets to little in the same time."""
AT_RANDOM = 0.04
"""How likely it is that somebody is struck at whatever it is doing, for each thing that happens."""


@dataclass
class Berth:
    """A place for one process. ``port`` is where its listener is, None without one; ``since`` when it was ready, after
    so much ``work``."""

    process: str
    port: int | None
    bot: BotProcess | None = None
    point: str = AWAY
    since: float | None = None
    work: float = 0.0

    def look(self) -> None:
        if self.since is None and self.bot is not None and "event=ready" in self.bot.printed:
            self.since, self.work = time.monotonic(), _work(self.bot)

    def has_lived(self) -> bool:
        """Whether it was there for long enough: on a busy machine it takes its time to come up."""
        if self.since is None or self.bot is None:
            return False
        # It is no use to wait for a point that is passed at the end.
        share = 1 / 3 if self.point == AT_THE_END else 1.0
        is_old = time.monotonic() - self.since > share * LONGEST_LIFE
        return is_old and _work(self.bot) - self.work > share * MOST_WORK


@dataclass
class Fleet:
    """``named`` are the points, ``points`` gives each start its own; ``ends`` counts how processes ended, ``struck``
    at which points."""

    site: Installation
    chance: random.Random
    berths: list[Berth]
    named: Sequence[str]
    points: Iterator[str] = field(init=False)
    starts: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    dangerous: bool = False
    at_random: float = AT_RANDOM

    def __post_init__(self) -> None:
        names = list(self.named)
        self.chance.shuffle(names)
        # A game that is short passes those first that only its places have.
        names.sort(key=lambda name: not POINTS[name].places)
        self.points = itertools.cycle(names)

    def keep_alive(self) -> None:
        """Start whatever is not running."""
        for berth in self.berths:
            if berth.bot is not None and not berth.bot.alive:
                self._bury(berth)
            if berth.bot is None:
                self._start(berth)
            berth.look()

    def _next_point(self) -> str:
        """One at which nobody has been struck yet, as long as there are such."""
        following = (next(self.points) for _ in self.named)
        return next((name for name in following if name not in self.struck), next(self.points))

    def _start(self, berth: Berth) -> None:
        # A listener does little of what has a name; it is killed at random.
        armed = self.dangerous and berth.process != "web"
        point, count = (self._next_point(), 1) if armed else (AWAY, 1)
        if berth.port is not None:
            self.site.environ["PORT"] = str(berth.port)
        berth.bot = self.site.starts(point, str(count), "--", berth.process, program=VICTIM)
        berth.point, berth.since = point, None
        self.starts += 1

    def _bury(self, berth: Berth) -> None:
        assert berth.bot is not None
        code = berth.bot.wait()
        found = re.search(r"^struck: (.*)$", berth.bot.printed, flags=re.MULTILINE)
        if found:
            self.struck[found[1]] += 1
        self.ends[ENDS.get(code, f"exit code {code}")] += 1
        if code not in ENDS or re.search(r"level=error event=(?!.the lease)", berth.bot.printed):
            self.wrong.append(f"{berth.process} ended with {code}:\n{berth.bot.printed[-3000:]}")
        self.site.processes.remove(berth.bot)
        berth.bot = None

    def strike(self) -> None:
        """One of them is killed or told to end at whatever it is doing, and so is who has never passed its point."""
        late = [one for one in self.berths if one.process != "web" and one.has_lived()]
        chosen = [self.chance.choice(self.berths)] if self.chance.random() < self.at_random else []
        for berth in [*late, *chosen]:
            if berth.bot is not None and berth.bot.alive:
                gently = berth.point == AT_THE_END or self.chance.random() < 0.5
                berth.bot.send(signal.SIGTERM if gently else signal.SIGKILL)

    def calm_down(self) -> None:
        """All are told to end, and start once more without a point: they look at GitHub as they do."""
        self.dangerous = False
        self.stop()
        self.keep_alive()
        for berth in self.berths:
            assert berth.bot is not None
            berth.bot.wait_until_ready()

    def stop(self) -> None:
        for berth in self.berths:
            if berth.bot is not None and berth.bot.alive:
                berth.bot.send(signal.SIGTERM)
        for berth in self.berths:
            if berth.bot is not None:
                self._bury(berth)

    def ports(self) -> list[int]:
        return [berth.port for berth in self.berths if berth.port is not None]


def _work(bot: BotProcess) -> float:
    """Seconds of a processor that it has had."""
    with suppress(psutil.NoSuchProcess):
        times = psutil.Process(bot.pid).cpu_times()
        return float(times.user + times.system)
    return 0.0


def berths(database: str, chance: random.Random) -> list[Berth]:
    """SQLite is for one process; on Postgres there are one or two listeners and two workers."""
    if database == "sqlite":
        return [Berth("run", free_port())]
    webs = [Berth("web", free_port()) for _ in range(chance.choice((1, 2)))]
    return [*webs, Berth("worker", None), Berth("worker", None)]
