"""One game on one database: a story, the weather and the deaths together, then calm, and the proof."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from bot.adapters.storage import tables
from bot.adapters.storage.engine import connect
from tests.chaos.fleet import Fleet, berths
from tests.chaos.places import ALWAYS, PLACES, Place
from tests.chaos.places.hooks import CallingBack
from tests.chaos.programs import Asking, Told
from tests.chaos.proof import broken_promises, rows, unsettled
from tests.chaos.story import SETTINGS, Story
from tests.chaos.victim import points_of
from tests.chaos.weather import Postman, Weather
from tests.end_to_end.installation import Installation, site
from tests.postgres import new_database

TURNS = 12
"""How many things happen in one round."""
AT_ONCE = 8
"""How many deployments may be open while others are asked for."""
UNHEARD = 25
"""How much may have come that nobody has got to yet: a busy machine is given time, as people give it."""
LOOKS = 3
"""How often everything is started anew in the end: what was missed may take more than one look at GitHub."""
SETTLES = 45.0
"""Seconds without any change after which nothing goes on any more."""


@dataclass
class Outcome:
    """``broken`` are sentences about promises that were not kept; ``figures`` what happened, for people."""

    database: str
    broken: list[str]
    figures: dict[str, object] = field(default_factory=dict)


def play(
    database: str,
    seed: int,
    rounds: int,
    seconds: float,
    *,
    places: Sequence[str] = tuple(PLACES),
    every_point: bool = False,
) -> Outcome:
    """Play so many rounds, fewer where the ``seconds`` are over before, and prove what came of it.

    With ``every_point`` until somebody has been struck at each of them; where that does not come true it is told.
    """
    chance = random.Random(f"{database} {seed}")
    place = Path(tempfile.mkdtemp(prefix="shipmate-chaos-"))
    with _opened(place, database) as (here, stack):
        game = Game(here, stack, chance, database, places)
        if every_point:
            game.fleet.at_random /= 4  # whoever dies before its point passes none
        game.begin()
        began = time.monotonic()
        for _ in range(rounds):
            if time.monotonic() - began < seconds and not (every_point and not game.not_passed()):
                game.round()
        settled = game.settle()
        game.fleet.stop()
        broken = [*settled, *broken_promises(here, game.story, game.engine), *game.to_programs(), *game.fleet.wrong]
        if every_point:
            broken += [f"nobody passed the point: {name}" for name in game.not_passed()]
        outcome = Outcome(database, broken, game.figures(time.monotonic() - began))
    if broken:
        outcome.figures["kept in"] = place
    else:
        shutil.rmtree(place)
    return outcome


@contextmanager
def _opened(directory: Path, database: str) -> Iterator[tuple[Installation, ExitStack]]:
    with site(directory, "true") as here, ExitStack() as stack:
        url = new_database() if database == "postgres" else f"sqlite:///{directory / 'shipmate.db'}"
        here.environ["DATABASE_URL"] = url
        yield here, stack


class Game:
    def __init__(
        self, here: Installation, stack: ExitStack, chance: random.Random, database: str, places: Sequence[str]
    ) -> None:
        self.here = here
        self.chance = chance
        fails: dict[str, str] = {}
        self.places = [kind(here, chance, stack, fails) for kind in (*ALWAYS, *(PLACES[name] for name in places))]
        self.told = Told(here, chance, stack)
        self.engine = _prepared(here, self.places, self.told)
        stack.callback(self.engine.dispose)
        self.points = points_of(places)
        self.fleet = Fleet(here, chance, berths(database, chance), self.points)
        self.postman = Postman(here, chance, self.fleet.ports())
        self.asking = Asking(here, chance, self.fleet.ports())
        self.story = Story(here, chance, fails, self.places, self.asking)
        self.weather = Weather(here, chance, (*self.places, self.told))
        for place in self.places:
            if isinstance(place, CallingBack):
                place.ports = self.fleet.ports()

    def begin(self) -> None:
        """All are there, and have looked at GitHub: what was before that is none of the bot's business."""
        self.fleet.keep_alive()
        self.here.wait_for(self._has_looked, "the first look at GitHub")
        self.here.wait_for(lambda: not unsettled(self.engine), "the end of it")
        self.fleet.dangerous = True

    def _others_go_on(self) -> None:
        for one in (*self.places, self.asking):
            one.goes_on()

    def _is_full(self) -> bool:
        """One deployment at a time runs in an environment, so whoever asks for many waits for long."""
        ours = [one for one in rows(self.engine, tables.deployments) if one.trigger != "remote"]
        return sum(one.finished_at is None for one in ours) >= AT_ONCE

    def _is_behind(self) -> bool:
        """One person's commands are done one after another, and after ten minutes they are not done but offered."""
        unsaid = sum(not one.acked for one in self.here.slack.envelopes)
        with self.engine.connect() as connection:
            unhandled = sa.select(sa.func.count()).where(tables.deliveries.c.handled_at.is_(None))
            return unsaid + connection.execute(unhandled).scalar_one() > UNHEARD

    def _has_looked(self) -> bool:
        return any(one.key.startswith("mark:catch-up") for one in rows(self.engine, tables.kept))

    def round(self) -> None:
        for _ in range(TURNS):
            self.fleet.keep_alive()
            if not self._is_behind():
                self.story.goes_on(full=self._is_full())
                # What goes wrong waits for whoever meets it: without a pause it would be an outage of many minutes.
                if self.chance.random() < 0.35:
                    self.weather.change()
            self._pass_time(self.chance.choice((0.1, 0.3, 1.0)))
            self.postman.carry()
            self._others_go_on()
            self.here.slack.redeliver_unacked()
            self.fleet.strike()

    def _pass_time(self, seconds: float) -> None:
        """Until so much time has passed: on changes of the chat the condition wakes early, and waits again."""
        until = time.monotonic() + seconds
        changed = self.here.slack.workspace.changed
        with changed:
            while (left := until - time.monotonic()) > 0:
                changed.wait(left)

    def settle(self) -> list[str]:
        """Faults off, everything alive; what still waits after that waits for ever."""
        self.postman.honest = True
        self.weather.fair()
        self.postman.carry()
        left: list[str] = []
        for _ in range(LOOKS):
            self.story.ends()
            self.fleet.calm_down()
            self._let_postponements_pass()
            # On a machine that is busy it takes its time: as long as something goes on it does not wait for ever.
            until, before = time.monotonic() + SETTLES, left
            while time.monotonic() < until:
                self._pass_time(0.5)
                self.postman.carry()
                self._others_go_on()
                self.here.slack.redeliver_unacked()
                self.fleet.keep_alive()
                if not (left := self._left()):
                    return []
                if left != before:
                    until, before = time.monotonic() + SETTLES, left
        printed = [berth.bot.printed[-2000:] for berth in self.fleet.berths if berth.bot is not None]
        return [f"waits for ever: {one}" for one in left] + printed

    def _let_postponements_pass(self) -> None:
        """As if it were five minutes later: what has failed often is tried again after so long at most."""
        now = datetime.now(UTC)
        with self.engine.begin() as connection:
            for row in (tables.lanes.c, tables.deliveries.c, tables.webhook_events.c):
                connection.execute(sa.update(row.due_at.table).where(row.due_at > now).values(due_at=now))
            connection.execute(sa.update(tables.webhook_receivers).values(rests_until=None))

    def _left(self) -> list[str]:
        silent = [f"{one.kind} not acknowledged" for one in self.here.slack.envelopes if not one.acked]
        return [*silent, *self.asking.unsettled(), *unsettled(self.engine)]

    def to_programs(self) -> list[str]:
        """Promises to programs that were broken."""
        deployments, audit = rows(self.engine, tables.deployments), rows(self.engine, tables.audit)
        return [*self.told.broken(deployments, audit), *self.asking.broken(deployments)]

    def not_passed(self) -> list[str]:
        return sorted(set(self.points) - self.fleet.struck.keys())

    def figures(self, seconds: float) -> dict[str, object]:
        fleet = self.fleet
        return {
            "seconds": round(seconds),
            "told": dict(self.story.told),
            "deployments on GitHub": len(self.here.deployments()),
            "requests to GitHub": len(self.here.github.requests),
            "requests to Slack": len(self.here.slack.requests),
            "webhooks": dict(self.postman.brought),
            "deployments by place": dict(self._by_place()),
            "API": dict(self.asking.happened),
            "events taken": len(self.told.receiver.taken),
            "faults": dict(sum((one.happened for one in (*self.places, self.told)), self.weather.happened)),
            "processes started": fleet.starts,
            "processes ended": dict(fleet.ends),
            "struck at": dict(fleet.struck),
            "points not passed": "; ".join(self.not_passed()) or "none",
        }

    def _by_place(self) -> Counter[str]:
        """How those that were carried out here ended, for each place."""
        found: Counter[str] = Counter()
        for one in rows(self.engine, tables.deployments):
            place = next((place.name for place in self.places if place.has(one.environment)), None)
            if place is not None and one.trigger != "remote":
                found[f"{place} {one.state}"] += 1
        return found


def _prepared(here: Installation, places: Sequence[Place], told: Told) -> sa.Engine:
    """The settings are written, and the database is there."""
    tables_of = [f"\n[apps.web.environments.{place.name}]\n{place.table()}\n" for place in places]
    text = f"{SETTINGS}{''.join(tables_of)}{told.table()}\n[people]\n"
    here.settings(text.replace("{directory}", str(here.directory)))
    assert here.starts("migrate").wait() == 0
    return connect(here.environ["DATABASE_URL"], pool_size=1)
