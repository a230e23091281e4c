"""Deploy hooks: one that calls back, late, twice and in any order, and one that is asked how it goes on."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.chaos.places.commands import Stepped, Watched
from tests.chaos.places.place import is_truthful
from tests.servers.hooks.server import HookServer, Received, Reply

SETTLED = frozenset({"live", "failed", "canceled"})
LOST = Reply(cut=True)
FAULTS = {
    "500": Reply(500),
    "503": Reply(503),
    "429": Reply(429, headers={"Retry-After": "1"}),
    "begun, and cut": Reply(cut=True),
}


@dataclass
class Deploy:
    """What a request to the hook has begun."""

    request_id: str
    sha: str
    callback_url: str
    state: str = "building"
    looks: int = 1


class FickleHook(HookServer):
    """Each deploy has a state of its own; ``lost`` requests are cut before anything has come of them."""

    def __init__(self, fails: dict[str, str]) -> None:
        super().__init__()
        self.deploys: dict[int, Deploy] = {}
        self.lost = 0
        self.guard = threading.RLock()
        self._fails = fails

    def reply_to(self, request: Received) -> Reply:
        with self.guard:
            if self.lost:
                self.lost -= 1
                return LOST
            return super().reply_to(request)

    def _begin(self, request: Received) -> Reply:
        reply = super()._begin(request)
        number = self.begun.get(request.headers["idempotency-key"])
        if number is not None and number not in self.deploys:
            said = request.json
            self.deploys[number] = Deploy(said["request_id"], said["sha"], said["callback_url"], looks=number % 3)
        return reply

    def _tell(self, number: int) -> Reply:
        self.gets_on(number)
        self.state = {"status": self.deploys[number].state}
        return super()._tell(number)

    def _stop(self, number: int) -> Reply:
        reply = super()._stop(number)
        if self.deploys[number].state not in SETTLED:
            self.deploys[number].state = "canceled"
        return reply

    def gets_on(self, number: int) -> None:
        with self.guard:
            deploy = self.deploys[number]
            if deploy.looks:
                deploy.looks -= 1
            elif deploy.state not in SETTLED:
                deploy.state = "failed" if self._fails.get(deploy.sha) == "work" else "live"


class _Hook:
    """What both have: a server, its faults, and what must be true of it."""

    hook: FickleHook
    here: Any
    stack: Any
    chance: Any
    fails: dict[str, str]
    happened: Counter[str]

    def opens(self) -> None:
        self.hook = self.stack.enter_context(FickleHook(self.fails))
        self.here.environ |= {"HTTP_PROVIDER_SECRET": self.hook.secret, "SERVICE_KEY": self.hook.key}
        # Whoever calls back finds a listener by itself: the address is not known before there is one.
        self.here.environ["BASE_URL"] = "http://nobody.invalid"

    def thunders(self) -> None:
        name = self.chance.choice(("cut", *FAULTS))
        with self.hook.guard:
            if name == "cut":
                self.hook.lost += 1
            else:
                self.chance.choice((self.hook.replies, self.hook.answers)).append(FAULTS[name])
        self.happened[f"hook {name}"] += 1

    def calms(self) -> None:
        with self.hook.guard:
            self.hook.lost = 0
            self.hook.replies.clear()
            self.hook.answers.clear()

    def untrue_there(self, deployments: Sequence[Any]) -> Iterator[str]:
        yield from (f"the hook was asked wrongly: {problem}" for problem in self.hook.problems)
        self.hook.problems.clear()
        bodies: dict[str, set[bytes]] = {}
        for asked in self.hook.asked:
            bodies.setdefault(asked.headers["idempotency-key"], set()).add(asked.body)
        yield from (f"{key} was asked for in {len(said)} ways" for key, said in bodies.items() if len(said) > 1)
        begun = Counter(one.request_id for one in self.hook.deploys.values())
        yield from (f"the hook has begun {request} {count} times" for request, count in begun.items() if count > 1)
        known = {one.request_id for one in deployments}
        yield from (f"the hook has begun {request}, and nobody asked" for request in begun if request not in known)
        there = {one.request_id: one for one in self.hook.deploys.values()}
        for one in deployments:
            yield from self._untrue(one, there.get(one.request_id))

    def _untrue(self, one: Any, there: Deploy | None) -> Iterator[str]:
        state = there.state if there is not None else "not begun"
        if one.state == "succeeded" and state != "live":
            yield f"#{one.id} has succeeded, and is {state} at the hook"
        if one.state == "failed" and state == "not begun" and self.fails.get(one.sha) == "work":
            yield f"#{one.id} has failed, and was not begun at the hook: {one.description}"
        if one.state == "cancelled" and state == "live" and not is_truthful(one):
            yield f"#{one.id} is cancelled, and {state} at the hook: {one.description}"


class CallingBack(_Hook, Watched):
    """It calls back until somebody has taken it, as its people are told to; now and then it does so twice."""

    name = "hooked"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.opens()
        self._told: dict[int, int] = {}
        self._bag: list[tuple[str, bytes]] = []
        self.ports: list[int] = []

    def table(self) -> str:
        return f"provider = {{ type = 'http', url = '{self.hook.url}/deploy' }}\n{self.health()}"

    def goes_on(self) -> None:
        for number, deploy in list(self.hook.deploys.items()):
            self.hook.gets_on(number)
            if self._told.get(number) != hash(deploy.state):
                self._told[number] = hash(deploy.state)
                said = {"building": "in_progress", "live": "success", "failed": "failure"}[deploy.state]
                body = json.dumps({"state": said, "description": f"The hook says {deploy.state}"}).encode()
                self._bag += [(deploy.callback_url, body)] * self.chance.choice((1, 1, 2))
        self.chance.shuffle(self._bag)
        self._bag = [one for one in self._bag if not self._is_taken(*one)]

    def _is_taken(self, url: str, body: bytes) -> bool:
        """Whether one of the listeners has; whoever answers that it knows nothing of it is asked again."""
        anywhere = f"http://127.0.0.1:{self.chance.choice(self.ports)}{urlsplit(url).path}"
        with suppress(OSError):
            status, answer = self.hook.posts(body, url=anywhere)
            self.happened[f"called back: {status}"] += 1
            if status not in {200, 404, 409, 503}:
                self.hook.problems.append(f"called back: {status} {answer}")
            return status == 200
        return False

    def storm(self) -> None:
        self.chance.choice((self.thunders, self.hiccup))()

    def fair(self) -> None:
        self.calms()

    def untrue(self, deployments: Sequence[Any]) -> Iterator[str]:
        yield from super().untrue(deployments)
        yield from self.untrue_there(deployments)


class Polled(_Hook, Stepped):
    """It is asked how it goes on, and can be stopped."""

    name = "polled"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.opens()

    def table(self) -> str:
        key, deploys = "headers = { Authorization = 'Bearer $SERVICE_KEY' }", f"{self.hook.url}/deploys/{{/deploy/id}}"
        states = "success = ['live'], failure = ['failed', 'canceled'], every = '1s'"
        poll = f"poll = {{ url = '{deploys}', {states}, {key} }}"
        return (
            f"provider = {{ type = 'http', url = '{self.hook.url}/deploy', {poll}, "
            f"cancel = {{ url = '{deploys}/cancel', {key} }} }}\n{self.steps()}"
        )

    def storm(self) -> None:
        self.thunders()

    def fair(self) -> None:
        self.calms()

    def untrue(self, deployments: Sequence[Any]) -> Iterator[str]:
        yield from super().untrue(deployments)
        yield from self.untrue_there(deployments)
