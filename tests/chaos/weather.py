"""What goes wrong around the bot: answers that fail, lines that break, and webhooks that come as they like."""

from __future__ import annotations

import http.client
import random
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from tests.end_to_end.installation import Installation
from tests.servers.github.webhooks import Webhook, signed

GITHUB = (
    (500, {}),
    (502, {}),
    (503, {}),
    (429, {"Retry-After": "1"}),
    (403, {"Retry-After": "1"}),
    ("cut_before", {}),
    ("cut_after", {}),
    ("malformed", {}),
)
SLACK_METHODS = ("chat.postMessage", "chat.postMessage", "chat.update", "conversations.replies", "conversations.list")
SLACK = (
    {"status": 429, "headers": {"Retry-After": "1"}},
    {"status": 500},
    {"status": 503},
    {"error": "internal_error"},
    {"cut": "before"},
    {"cut": "after"},
)


class Exposed(Protocol):
    """Whoever has weather of their own."""

    def storm(self) -> None:
        """One thing more goes wrong there."""

    def fair(self) -> None:
        """Nothing goes wrong there any more."""


class Weather:
    """Seeded; ``happened`` counts what was ordered. ``fair`` ends all of it."""

    def __init__(self, site: Installation, chance: random.Random, places: Sequence[Exposed]) -> None:
        self.happened: Counter[str] = Counter()
        self._site = site
        self._chance = chance
        self._places = places

    def change(self) -> None:
        """One thing more goes wrong."""
        usual = (self._github, self._github, self._slack, self._slack, self._sockets)
        self._chance.choice((*usual, *(place.storm for place in self._places)))()

    def _github(self) -> None:
        fault, headers = self._chance.choice(GITHUB)
        method, path = self._chance.choice((("POST", r"/deployments$"), ("POST", r"/statuses$"), ("GET", r"/repos/")))
        times = self._chance.choice((1, 1, 2, 3))
        self._site.github.fail_next(method, path, fault, times=times, headers=dict(headers))
        self.happened[f"GitHub {fault}"] += 1

    def _slack(self) -> None:
        fault = self._chance.choice(SLACK)
        times = self._chance.choice((1, 1, 2))
        self._site.slack.fail_next(self._chance.choice(SLACK_METHODS), times=times, **fault)  # type: ignore[arg-type]
        self.happened[f"Slack {next(iter(fault.values()))}"] += 1

    def _sockets(self) -> None:
        slack = self._site.slack
        name = self._chance.choice(("drop_sockets", "ask_to_reconnect", "go_silent"))
        getattr(slack, name)()
        self.happened[name.replace("_", " ")] += 1

    def fair(self) -> None:
        self._site.github.heal()
        for place in self._places:
            place.fair()
        with self._site.slack.workspace.changed:
            self._site.slack.counter.failures.clear()
        self._site.slack.drop_sockets()


class Postman:
    """Brings GitHub's webhooks to the listeners: some late, twice, out of order or not at all. ``carry`` is one round.

    Like GitHub it does not try again where nobody took one.
    """

    def __init__(self, site: Installation, chance: random.Random, ports: list[int]) -> None:
        self.brought: Counter[str] = Counter()
        self.honest = False
        self._site = site
        self._chance = chance
        self._ports = ports
        self._seen = 0
        self._bag: list[Webhook] = []
        self._guard = threading.Lock()

    def carry(self) -> None:
        with self._guard:
            sent = self._site.github.webhooks
            fresh, self._seen = sent[self._seen :], len(sent)
            for webhook in fresh:
                self._bag += [webhook] * (1 if self.honest else self._chance.choice((0, 1, 1, 1, 1, 1, 1, 2, 2)))
                self.brought["never sent"] += self._bag[-1:] != [webhook]
            if not self.honest:
                self._chance.shuffle(self._bag)
            late = 0 if self.honest else self._chance.randint(0, len(self._bag) // 2)
            now, self._bag = self._bag[late:], self._bag[:late]
            for webhook in now:
                self._bring(webhook)

    def _bring(self, webhook: Webhook) -> None:
        own = signed(
            webhook.repository,
            webhook.event,
            webhook.delivery_id,
            webhook.body,
            self._site.github.webhook_secret,
            self._chance.choice(("json", "form")),
        )
        line = http.client.HTTPConnection("127.0.0.1", self._chance.choice(self._ports), timeout=5)
        try:
            line.request("POST", "/github/webhook", body=own.body, headers=own.headers)
            self.brought["taken" if line.getresponse().status == 202 else "refused"] += 1
        except (OSError, http.client.HTTPException):
            self.brought["lost"] += 1
        finally:
            line.close()
