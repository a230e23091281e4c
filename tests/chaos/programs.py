"""Programs of other people: one that is told of every deployment, and one that asks for some, as often as it likes."""

from __future__ import annotations

import http.client
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from bot.core.deployments.representation import ROLLED_BACK
from tests.chaos.places.place import is_of_itself
from tests.end_to_end.api_client import asks, new_token
from tests.end_to_end.installation import Installation
from tests.servers.hooks.receiver import EventReceiver
from tests.servers.hooks.server import Reply

FAULTS = {
    "500": Reply(500),
    "503": Reply(503, headers={"Retry-After": "1"}),
    "not wanted": Reply(422),
    "taken, and cut": Reply(cut=True),
}
NO_EVENTS = frozenset({"requested", "stopping", "waiting for a review on GitHub"})
"""What the audit tells of a deployment that is no state of its own."""


class Told:
    """A receiver of outgoing webhooks, which is away or wants no event now and then."""

    def __init__(self, here: Installation, chance: random.Random, stack: ExitStack) -> None:
        self.happened: Counter[str] = Counter()
        self._chance = chance
        self.receiver = stack.enter_context(EventReceiver())
        here.environ["EVENTS_SECRET"] = self.receiver.secret

    def table(self) -> str:
        return f'\n[[webhooks]]\nurl = "{self.receiver.url}"\nsecret = "EVENTS_SECRET"\n'

    def storm(self) -> None:
        name = self._chance.choice(tuple(FAULTS))
        self.receiver.replies.append(FAULTS[name])
        self.happened[f"webhook {name}"] += 1

    def fair(self) -> None:
        self.receiver.replies.clear()

    def broken(self, deployments: Sequence[Any], audit: Sequence[Any]) -> Iterator[str]:
        """Each state of each deployment came, in order, and under one id, which nothing else has."""
        yield from (f"a webhook was wrong: {problem}" for problem in self.receiver.problems)
        taken = {one.headers["x-shipmate-delivery"] for one in self.receiver.taken}
        said: dict[str, set[str]] = defaultdict(set)
        came: dict[int, list[tuple[str, str]]] = defaultdict(list)
        for one in self.receiver.received:
            delivery, told = one.headers["x-shipmate-delivery"], one.json
            said[delivery].add(f"{told['event']} {told['deployment']}")
            came[told["deployment"]["number"]].append((delivery, told["event"].removeprefix("deployment.")))
        yield from (f"the webhook {delivery} said {texts}" for delivery, texts in said.items() if len(texts) > 1)
        yield from (f"the webhook {delivery} was never taken" for delivery in said.keys() - taken)
        for one in deployments:
            # A repeat comes before what follows it.
            events = [event for (_, event), _ in groupby(came.pop(one.id, []))]
            states = _states(one, audit)
            if events != states:
                yield f"#{one.id} was {states}, and its webhooks came as {events}"
        yield from (f"webhooks tell of #{number}, which is not there" for number in came)


def _states(deployment: Any, audit: Sequence[Any]) -> list[str]:
    """In which states the deployment was, one after another, as the audit has them."""
    own = [one.outcome for one in audit if one.action == "deployment" and one.deployment_id == deployment.id]
    states = ["waiting" if one.startswith("waiting for") else one for one in own if one not in NO_EVENTS]
    if deployment.trigger == "rollback":
        states = [ROLLED_BACK if one == "succeeded" else one for one in states]
    return [state for state, _ in groupby(states)]


@dataclass
class Asked:
    """A request under a key of its own; ``answers`` are those that said what was decided, ``times`` counts all."""

    key: str
    body: dict[str, str]
    answers: list[Any] = field(default_factory=list)
    times: int = 0


class Asking:
    """A program that asks the API for deployments, and repeats itself: until it is answered, and now and then after."""

    def __init__(self, here: Installation, chance: random.Random, ports: Sequence[int]) -> None:
        self.happened: Counter[str] = Counter()
        self.asked: list[Asked] = []
        self._chance = chance
        self._ports = ports
        self._secret = new_token(here, "--app", "web")

    def deploys(self, branch: str, environment: str) -> None:
        body = {"app": "web", "ref": branch, "environment": environment}
        self.asked.append(Asked(f"build-{len(self.asked) + 1}", body))
        self._ask(self.asked[-1])

    def goes_on(self) -> None:
        """One that has no answer is asked again, else any: by two at the same time, or by one that does not wait."""
        open_ones = [one for one in self.asked if not one.answers]
        if open_ones or (self.asked and self._chance.random() < 0.2):
            self._ask(self._chance.choice(open_ones or self.asked))

    def _ask(self, one: Asked) -> None:
        at_once = self._chance.choice((1, 1, 2))
        ways = [(self._chance.choice(self._ports), self._chance.choice((0.1, 1.0))) for _ in range(at_once)]
        with ThreadPoolExecutor(len(ways)) as pool:
            for answer in pool.map(lambda way: self._sent(one, *way), ways):
                one.times += 1
                self.happened[f"API {answer[0] if answer is not None else 'not answered'}"] += 1
                if answer is not None and _is_decided(*answer):
                    one.answers.append(answer)

    def _sent(self, one: Asked, port: int, patience: float) -> tuple[int, Any] | None:
        with suppress(OSError, http.client.HTTPException):
            path = "/api/deployments"
            status, said, _ = asks(
                str(port), self._secret, "POST", path, one.body, patience=patience, Idempotency_Key=one.key
            )
            return status, said
        return None

    def unsettled(self) -> list[str]:
        return [f"the request {one.key} is not answered" for one in self.asked if not one.answers]

    def broken(self, deployments: Sequence[Any]) -> Iterator[str]:
        """Each request made one deployment, however often it was asked, and had one answer: this deployment."""
        for one in self.asked:
            own = [each.request_id for each in deployments if each.ref == one.body["ref"] and is_of_itself(each)]
            if len(own) != 1:
                yield f"the request {one.key} ({one.body['ref']}), asked {one.times} times, made {len(own)} deployments"
            wrong = [answer for answer in one.answers if answer != one.answers[0]]
            yield from (f"the request {one.key} was answered {one.answers[0]} and {answer}" for answer in wrong[:1])
            for status, said in one.answers[:1]:
                if status not in {201, 202} or said["id"] not in own:
                    yield f"the request {one.key} was answered {status} {said}, and made {own}"


def _is_decided(status: int, said: Any) -> bool:
    """Whether the answer says what has become of the request; else it is asked for again."""
    return status not in {429, 503} and said.get("decided") is not False
