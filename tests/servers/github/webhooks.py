"""The sending side of GitHub's webhooks: signed, kept for tests to deliver by hand, and posted in order."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import itertools
import json
import queue
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.servers.github.state import Hook

TIMEOUT = 10.0  # seconds, GitHub's own
_attempt_ids = itertools.count(9_001)


@dataclass(frozen=True)
class Webhook:
    """One delivery. ``body`` and ``headers`` are ready to be posted; a redelivery is the same object again."""

    event: str
    delivery_id: str
    body: bytes
    headers: dict[str, str]
    repository: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Attempt:
    """What became of posting a webhook: the listener's status, or the error instead. ``id`` is the attempt's own."""

    url: str
    event: str
    delivery_id: str
    status: int | None
    error: str | None = None
    id: int = 0
    hook: int = 0
    at: datetime | None = None
    webhook: Webhook | None = None


class Webhooks:
    """``sent`` keeps every webhook; subscribers get theirs over HTTP, one after the other, from a thread each."""

    def __init__(self, lock: threading.RLock, secret: str, now: Callable[[], datetime]) -> None:
        self.secret = secret
        self.now = now
        self.sent: list[Webhook] = []
        self.attempts: list[Attempt] = []
        self.subscribers: list[Subscriber] = []
        self._lock = lock
        self._ids = itertools.count(501)

    def subscribe(
        self, url: str, secret: str, events: Sequence[str], content_type: str, repository: str | None, active: bool
    ) -> Hook:
        with self._lock:
            hook = Hook(next(self._ids), url, secret, tuple(events), content_type, active, repository)
            self.subscribers.append(Subscriber(hook, self.attempts, self.now))
            return hook

    def rename(self, old: str, new: str) -> None:
        """The webhooks of a repository stay with it."""
        with self._lock:
            for subscriber in self.subscribers:
                if subscriber.hook.repository == old:
                    subscriber.hook.repository = new

    def send(self, repository: str, event: str, payload: Mapping[str, Any]) -> None:
        body = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
        with self._lock:
            webhook = signed(repository, event, str(uuid.uuid4()), body, self.secret, "json")
            self.sent.append(webhook)
            for subscriber in self.subscribers:
                if subscriber.wants(webhook):
                    subscriber.deliver(webhook)

    def redeliver(self, webhook: Webhook) -> None:
        """To everybody who wants it, under its old delivery id."""
        with self._lock:
            for subscriber in self.subscribers:
                if subscriber.wants(webhook):
                    subscriber.deliver(webhook)

    def settle(self) -> None:
        """Return when everything sent so far has been posted, answered or not."""
        for subscriber in list(self.subscribers):
            subscriber.waiting.join()

    def close(self) -> None:
        for subscriber in self.subscribers:
            subscriber.close()


class Subscriber:
    """Posts to one listener in the order of sending; like GitHub it never tries twice by itself."""

    def __init__(self, hook: Hook, attempts: list[Attempt], now: Callable[[], datetime]) -> None:
        self.hook = hook
        self._now = now
        self.waiting: queue.Queue[Webhook | None] = queue.Queue()
        self._attempts = attempts
        self._thread = threading.Thread(target=self._post_all, name=f"webhooks to {hook.url}", daemon=True)
        self._thread.start()

    def wants(self, webhook: Webhook) -> bool:
        here = self.hook.repository in (None, webhook.repository)
        return self.hook.active and here and ("*" in self.hook.events or webhook.event in self.hook.events)

    def deliver(self, webhook: Webhook) -> None:
        hook = self.hook
        own = signed(
            webhook.repository, webhook.event, webhook.delivery_id, webhook.body, hook.secret, hook.content_type
        )
        own.headers["X-GitHub-Hook-ID"] = str(hook.id)
        self.waiting.put(own)

    def close(self) -> None:
        self.waiting.put(None)
        self._thread.join(TIMEOUT)

    def _post_all(self) -> None:
        while (webhook := self.waiting.get()) is not None:
            try:
                tried = self._post(webhook)
                more = {"id": next(_attempt_ids), "hook": self.hook.id, "at": self._now(), "webhook": webhook}
                self._attempts.append(replace(tried, **more))
            finally:
                self.waiting.task_done()
        self.waiting.task_done()

    def _post(self, webhook: Webhook) -> Attempt:
        address = urlsplit(self.hook.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT)
        told = (self.hook.url, webhook.event, webhook.delivery_id)
        try:
            connection.request("POST", address.path or "/", body=webhook.body, headers=webhook.headers)
            answer = connection.getresponse()
            answer.read()
            return Attempt(*told, answer.status)
        except (OSError, http.client.HTTPException) as broken:
            return Attempt(*told, None, f"{type(broken).__name__}: {broken}")
        finally:
            connection.close()


def signed(repository: str, event: str, delivery_id: str, payload: bytes, secret: str, content_type: str) -> Webhook:
    """A delivery with the headers that GitHub sends; ``content_type`` is ``json`` or ``form``."""
    form = content_type == "form"
    body = urlencode({"payload": payload.decode()}).encode() if form else payload
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/x-www-form-urlencoded" if form else "application/json",
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Delivery": delivery_id,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-Installation-Target-Type": "repository",
        "X-Hub-Signature": f"sha1={hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()}",
        "X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}",
    }
    return Webhook(event, delivery_id, body, headers, repository)
