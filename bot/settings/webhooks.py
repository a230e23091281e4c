"""``[[webhooks]]``: who is told of deployments by requests that the bot makes, and of which."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, ClassVar, Literal, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from pydantic import BeforeValidator, Field, PlainValidator, SecretStr

from bot.core.deployments.representation import STATES
from bot.core.outgoing_webhooks.model import Receiver, Subscription
from bot.settings.environment import Secrets
from bot.settings.fields import Names, did_you_mean, shown
from bot.settings.table import Table

_SHARED = "HTTP_PROVIDER_SECRET"
"""The one variable of the bot's own that is known to those who are asked by it."""
_SECRET = re.compile(r"token|secret|password|passwd|authorization|(?:^|[_-])(?:api)?[_-]?key$", re.IGNORECASE)


def _url(value: object) -> str:
    example = "https://example.com/shipmate"
    if not isinstance(value, str):
        raise ValueError(f'must be an address such as "{example}", not {shown(value)}')
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("https", "http") or not host or re.search(r"[\s\x00-\x1f\\]", value):
        raise ValueError(f'must be an address that begins with https:// or http://, such as "{example}"')
    if "@" in parts.netloc:
        raise ValueError("must not hold a user or a password: what is sent is signed, which proves that it is ours")
    told = next((name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if _SECRET.search(name)), None)
    if told is not None:
        raise ValueError(f"must not hold a secret (`{told}`): what is sent is signed, which proves that it is ours")
    if parts.fragment:
        raise ValueError("must not hold a #: what comes after it is never sent")
    return value


def _variable(value: object) -> str:
    # The value is never shown: it may be the secret itself.
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise ValueError('must be the name of a variable that holds the secret, such as "EVENTS_SECRET"')
    if value in Secrets.variables() and value != _SHARED:
        raise ValueError(f"cannot be {value}, which is the bot's own: make up a secret for this receiver alone")
    return value


def _states(value: object) -> object:
    if value == "all":
        return value
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f'must be "all", or a list of states such as ["succeeded", "failed"], not {shown(value)}')
    for one in value:
        if one not in STATES:
            choice = did_you_mean(one, STATES) if isinstance(one, str) else ""
            raise ValueError(f"has {shown(one)}, which is no state. {choice or did_you_mean('', STATES)}")
    return tuple(dict.fromkeys(value))


WebhookUrl: TypeAlias = Annotated[str, BeforeValidator(_url)]
Variable: TypeAlias = Annotated[str, BeforeValidator(_variable)]
States: TypeAlias = Annotated[Literal["all"] | tuple[str, ...], PlainValidator(_states)]


class WebhookSettings(Table):
    """``[[webhooks]]``"""

    COMPUTED: ClassVar[frozenset[str]] = frozenset({"held"})

    url: WebhookUrl = Field(
        description="Where events are sent, by POST; redirects are not followed.",
        examples=["https://example.com/shipmate"],
        repr=False,
    )
    secret: Variable = Field(
        description="The name of the variable with the secret that signs them; while it is changed that may hold two "
        "with a comma, of which the first signs.",
        examples=["EVENTS_SECRET"],
    )
    events: States = Field(
        default="all",
        description='Of which states it is told: "all", or a list of `waiting`, `starting`, `running`, `succeeded`, '
        "`failed`, `error`, `timed_out`, `cancelled`, `superseded`, `expired` and `rolled_back`.",
        examples=[["succeeded", "failed"]],
    )
    apps: Names = Field(
        default=(), description="The apps of whose deployments it is told; empty: all.", examples=[["web"]]
    )
    held: tuple[SecretStr, ...] = ()

    @property
    def host(self) -> str:
        """All of the address that is nobody's secret."""
        return urlsplit(self.url).netloc

    @property
    def subscription(self) -> Subscription:
        return Subscription(None if self.events == "all" else frozenset(self.events), frozenset(self.apps))


def receivers(webhooks: Sequence[WebhookSettings]) -> tuple[Receiver, ...]:
    """One for each address: tables of the same one are one receiver, which is told once of what either asks for."""
    by_url: dict[str, list[int]] = {}
    for number, one in enumerate(webhooks):
        by_url.setdefault(one.url, []).append(number)
    hosts = [webhooks[numbers[0]].host for numbers in by_url.values()]
    return tuple(_receiver(webhooks, numbers, hosts) for numbers in by_url.values())


def _receiver(webhooks: Sequence[WebhookSettings], numbers: Sequence[int], hosts: Sequence[str]) -> Receiver:
    first = webhooks[numbers[0]]
    held = tuple(one.get_secret_value() for one in first.held)
    return Receiver(
        id=hashlib.sha256(first.url.encode("utf-8", "replace")).hexdigest()[:32],
        name=first.host if hosts.count(first.host) == 1 else f"{first.host} (webhooks[{numbers[0]}])",
        url=first.url,
        key=held[0] if held else None,
        secrets=held,
        subscriptions=tuple(webhooks[number].subscription for number in numbers),
    )


def check_together(webhooks: Sequence[WebhookSettings | None], apps: Iterable[str], problems: list[str]) -> None:
    """What only shows beside the rest of the file: apps that there are not, and one address with two secrets."""
    secrets: dict[str, tuple[int, str]] = {}
    known = list(apps)
    for number, one in enumerate(webhooks):
        if one is None:
            continue
        for app in one.apps:
            if app not in known:
                choice = did_you_mean(app, known)
                problems.append(f"webhooks[{number}].apps has {shown(app)}, which is no app. {choice}".rstrip())
        before, secret = secrets.setdefault(one.url, (number, one.secret))
        if secret != one.secret:
            problems.append(
                f"webhooks[{number}] has the address of webhooks[{before}] and another secret: let them have the same."
            )
