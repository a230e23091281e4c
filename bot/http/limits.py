"""What a sender may have of this process before its signature is verified: bytes, time and number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

WEBHOOK = "/github/webhook"
SLACK_EVENTS = "/slack/events"
CALLBACKS = "/providers/http/"
"""The beginning of the addresses that deploy hooks call back."""
API = "/api/"
"""The beginning of the API's addresses; a body there is one of the others, of 64 kB."""

_OUR_OWN = frozenset(
    ("api", "apps", "auth", "deployments", "github", "healthz", "metrics", "providers", "readyz", "slack", "static")
)
"""What our own paths begin with."""


def inner(path: str, root: str) -> str:
    """The path as we know it, where a proxy in front has left the ``root`` before it, the path of BASE_URL.

    A root that begins as a path of ours does cannot be told from it: there the proxy has taken it off.

    >>> inner("/ship/github/webhook", "/ship"), inner("/github/webhook", "/ship"), inner("/apps/web", "/apps")
    ('/github/webhook', '/github/webhook', '/apps/web')
    """
    if not root or root.split("/")[1] in _OUR_OWN or not f"{path}/".startswith(f"{root}/"):
        return path
    return path[len(root) :] or "/"


_KB = 1024
_MB = 1024 * _KB


def _bodies() -> Mapping[str, int]:
    # GitHub's own limit: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap
    return MappingProxyType({WEBHOOK: 25 * _MB, SLACK_EVENTS: _MB, CALLBACKS: _MB})


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds.

    ``unverified_bytes`` are those of all bodies together that have not come whole. Whoever holds most of them gives
    way, so that a body of at most ``unverified_bytes / connections`` (256 kB) always has room, whatever others send.
    ``keep_alive_seconds`` is longer than a router in front keeps a connection (Heroku's: 90): where we close first, a
    request that is on its way at that moment is lost (https://devcenter.heroku.com/articles/http-routing#keepalives).
    """

    head_bytes: int = 32 * _KB
    """The request line and all headers."""
    headers: int = 100
    bodies: Mapping[str, int] = field(default_factory=_bodies)
    """The largest body for each path that takes one."""
    other_body: int = 64 * _KB
    unverified_bytes: int = 64 * _MB
    connections: int = 256
    request_seconds: float = 10
    """From the opening of a connection, or the first byte of a later request, until the request has come whole."""
    keep_alive_seconds: int = 100
    stalled_seconds: float = 30
    """How long an answer may wait for somebody who does not read it."""
    linger_seconds: float = 2
    """How long what still comes from somebody who was refused is thrown away, so that the answer is seen."""
    refusals_told_every: float = 60
    """At most one line in the log in this time for each kind of refusal."""

    def largest_body(self, path: str) -> int:
        return self.bodies.get(CALLBACKS if path.startswith(CALLBACKS) else path, self.other_body)


PRODUCTION = Limits()


def shown(size: int) -> str:
    """``25 MB``, ``64 kB``, ``100 bytes``."""
    for unit, name in ((_MB, "MB"), (_KB, "kB")):
        if size >= unit:
            return f"{size // unit} {name}"
    return f"{size} bytes"
