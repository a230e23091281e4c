"""Which of the bot's own pages a link leads to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

LONGEST_LINK = 2_000
_PORTS = {"https": 443, "http": 80}
_NAME = re.compile(r"[\w.:-]{1,100}")


@dataclass(frozen=True, slots=True)
class Page:
    """Of a ``deployment``, by its request id, or of an ``app``."""

    deployment: str | None = None
    app: str | None = None


def page(link: str, base: str) -> Page | None:
    """None for what leads elsewhere; ``base`` is the address below which our pages are.

    >>> page("https://bot.example.com/deployments/ab12/output?key=x", "https://bot.example.com")
    Page(deployment='ab12', app=None)
    >>> page("https://bot.example.com.evil.example/apps/web", "https://bot.example.com")
    """
    if len(link) > LONGEST_LINK:
        return None
    try:
        asked, ours = urlsplit(link), urlsplit(base)
        at_home = _host(asked) is not None and _host(asked) == _host(ours)
    except ValueError:
        return None
    root = ours.path.rstrip("/")
    if not at_home or asked.username is not None or not asked.path.startswith(f"{root}/"):
        return None
    kind, _, rest = asked.path.removeprefix(f"{root}/").partition("/")
    name = unquote(rest.partition("/")[0])
    if not _NAME.fullmatch(name):
        return None
    return {"deployments": Page(deployment=name), "apps": Page(app=name)}.get(kind)


def _host(address: SplitResult) -> tuple[str, str, int] | None:
    """What is asked: another scheme or another port is somebody else. Raises ValueError for a port that is none."""
    if address.scheme not in _PORTS or not address.hostname:
        return None
    return address.scheme, address.hostname.rstrip("."), address.port or _PORTS[address.scheme]
