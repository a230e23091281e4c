"""What people, CI and other tools do meanwhile: a seeded story of commands, merges, pull requests and deployments."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.chaos.places import Place, Previews
from tests.chaos.places.commands import OPTIONAL
from tests.chaos.places.heroku import Promoted
from tests.chaos.places.previews import AT_ONCE
from tests.chaos.programs import Asking
from tests.end_to_end.installation import REPOSITORY, Installation
from tests.servers.slack.state import Message

SETTINGS = """
[slack]
channel = "#deploys"

[apps.web]
repository = "acme/web"
channel = "#web"
default_environment = "staging"

[apps.web.environments.elsewhere]
provider = { type = "external" }
"""
FAILS = ("work", "work", "before", "after", OPTIONAL)
"""Where a bad commit fails, as far as the place it goes to has such a stage."""
STEPS = ("queued", "in_progress", "success")


@dataclass
class Story:
    """``asked`` are the commands to deploy by their branch; ``fails`` says of bad commits where they fail."""

    site: Installation
    chance: random.Random
    fails: dict[str, str]
    places: Sequence[Place]
    program: Asking
    asked: dict[str, Message] = field(default_factory=dict)
    said: list[Message] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    others: dict[int, int] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    branches: int = 0

    def goes_on(self, *, full: bool) -> None:
        """One thing more happens; nothing that asks for a deployment where there are enough (``full``)."""
        acts = [self.another_tool, self.cancels, self.asks, self.ci, self.ci, *self._with_pull_requests(full=full)]
        if not full:
            acts += [self.merges, self.retries, self.rolls_back, *([self.promotes] if self._is_promoted() else [])]
            asked = [*[self.deploys] * 4, self.deploys_when_green, self.deploys_by_program, self.ci]
            acts += asked if self._asked_places() else []
        act = self._first() or self.chance.choice(acts)
        act()
        self.told[act.__name__.replace("_", " ")] += 1

    def _first(self) -> Callable[[], None] | None:
        """Each place is gone to once before anything else."""
        if any(not self.reached[name] for name in self._asked_places()):
            return self.deploys
        return self.opens if self.previews is not None and not self.previews.pulls else None

    def _place(self) -> str:
        """One of those that were gone to least often."""
        name = min(self._asked_places(), key=lambda one: (self.reached[one], self.chance.random()))
        self.reached[name] += 1
        return name

    def _asked_places(self) -> list[str]:
        return [one.name for one in self.places if one.asked]

    def _with_pull_requests(self, *, full: bool) -> list[Callable[[], None]]:
        previews = self.previews
        if previews is None:
            return []
        room = not full and len(previews.open_ones()) < AT_ONCE
        closes = [self.closes] if len(previews.open_ones()) > 2 else []
        return [self.pushes, *closes, *([self.opens, self.opens, self.reopens] if room else [])]

    @property
    def previews(self) -> Previews | None:
        return next((one for one in self.places if isinstance(one, Previews)), None)

    def _branch(self) -> tuple[str, str]:
        github = self.site.github
        self.branches += 1
        name = f"topic-{self.branches}"
        bad = self.chance.choice(FAILS) if self.chance.random() < 0.3 else None
        files = {f"{name}.txt": "new", **({"fails": bad} if bad else {})}
        sha = github.commit(REPOSITORY, name, f"Work on {name}", files=files, author="maria")
        if bad:
            self.fails[sha] = bad
        return name, sha

    def says(self, words: str) -> Message:
        message = self.site.slack.says("maria", "#web", f"@shipmate {words}")
        self.said.append(message)
        return message

    def deploys(self) -> None:
        name, sha = self._branch()
        self.site.github.set_status(REPOSITORY, sha, "ci/test", "success")
        self.asked[name] = self.says(f"deploy {name} to {self._place()}")

    def deploys_when_green(self) -> None:
        name, sha = self._branch()
        self.site.github.set_status(REPOSITORY, sha, "ci/test", "pending")
        self.pending.append(sha)
        self.asked[name] = self.says(f"deploy {name} to {self._place()} when green")

    def deploys_by_program(self) -> None:
        name, sha = self._branch()
        self.site.github.set_status(REPOSITORY, sha, "ci/test", "success")
        self.program.deploys(name, self._place())

    def merges(self) -> None:
        github = self.site.github
        self.branches += 1
        name = f"topic-{self.branches}"
        github.commit(REPOSITORY, name, f"Work on {name}", files={f"{name}.txt": "new"}, author="maria")
        number = github.open_pull_request(REPOSITORY, name, author="maria")
        sha = github.merge_pull_request(REPOSITORY, number, by="maria")
        github.set_status(REPOSITORY, sha, "ci/test", "pending")
        self.pending.append(sha)
        self.merged.append(sha)

    def ci(self) -> None:
        """The oldest build that runs is green."""
        if self.pending:
            self.site.github.set_status(REPOSITORY, self.pending.pop(0), "ci/test", "success")

    def another_tool(self) -> None:
        """A deployment of another tool is created, or the last one gets on."""
        github = self.site.github
        going = [remote for remote, step in self.others.items() if step < len(STEPS)]
        if not going:
            self.others[github.create_deployment(REPOSITORY, "main", environment="elsewhere", by="jenkins")] = 0
            return
        self._step(going[0])

    def _step(self, remote: int) -> None:
        step = self.others[remote]
        self.site.github.report_deployment_status(REPOSITORY, remote, STEPS[step], description="By hand", by="jenkins")
        self.others[remote] = step + 1

    def cancels(self) -> None:
        self._about("cancel")

    def retries(self) -> None:
        self._about("retry")

    def _about(self, verb: str) -> None:
        """Something with a deployment that a button on a card names, which is one of ours."""
        # Nobody here can stop what another tool carries out: that stays with the other tool.
        ours = [card for card in self.site.parents() if "→ elsewhere" not in "".join(card.lines)]
        values = [str(button.get("value")) for card in ours for button in card.buttons]
        numbers = sorted({found for value in values for found in re.findall(r"#([0-9]+)", value)}, key=int)
        if numbers:
            self.says(f"{verb} #{self.chance.choice(numbers)}")

    def rolls_back(self) -> None:
        if places := self._asked_places():
            self.says(f"rollback web on {self.chance.choice(places)}")

    def promotes(self) -> None:
        self.says(f"promote web to {Promoted.name}")

    def _is_promoted(self) -> bool:
        return any(isinstance(one, Promoted) for one in self.places)

    def opens(self) -> None:
        assert self.previews is not None
        self.previews.opens(self._branch()[0])

    def pushes(self) -> None:
        assert self.previews is not None
        self.previews.pushes()

    def closes(self) -> None:
        assert self.previews is not None
        self.previews.closes()

    def reopens(self) -> None:
        assert self.previews is not None
        self.previews.reopens()

    def asks(self) -> None:
        self.says("status")

    def ends(self) -> None:
        """All builds are green, the other tools finish what they began, and what was rolled back may go on again."""
        while self.pending:
            self.ci()
        for remote, step in list(self.others.items()):
            for _ in range(step, len(STEPS)):
                self._step(remote)
        if self._is_promoted():
            # A rollback locks its environment, and what goes there by itself waits for that.
            self.says(f"unlock {Promoted.name}")
