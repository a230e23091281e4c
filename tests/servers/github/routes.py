"""How a request to the GitHub server finds the function that answers it, and what such a function is given."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

from tests.servers.github.state import Repository

if TYPE_CHECKING:
    from tests.servers.github.accounts import Credential
    from tests.servers.github.world import World


@dataclass
class Answer:
    """``body`` goes out as JSON; bytes as they are."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An answer outside 2xx, with GitHub's ``message``."""

    def __init__(
        self, status: int, message: str, *, errors: Any = None, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(message)
        body = {"message": message, **more, "documentation_url": "https://docs.github.com/rest", "status": str(status)}
        if errors is not None:
            body["errors"] = errors
        self.answer = Answer(body, status, headers or {})


@dataclass
class Call:
    """A request that may be answered: who asks, about which repository, with what."""

    world: World
    credential: Credential
    path: str
    query: dict[str, str]
    body: Any
    params: dict[str, str]
    found: Repository | None = None

    @property
    def repository(self) -> Repository:
        assert self.found is not None
        return self.found

    @property
    def login(self) -> str:
        return self.credential.login

    def number(self, name: str) -> int:
        return int(self.params[name])

    def commit(self, ref: str, *, status: int = 422) -> str:
        """The sha behind a ref. GitHub answers 422 for commits, 404 where the repository has no such ref."""
        if not self.repository.commits:
            raise Refusal(409, "Git Repository is empty.")
        sha = self.repository.find(ref)
        if sha is None:
            raise Refusal(status, f"No commit found for SHA: {ref}" if status == 422 else "Not Found")
        return sha

    def page(self, items: list[Any], *, default: int = 30) -> tuple[list[Any], dict[str, str]]:
        """This page of a list and its ``Link`` header: 30 items unless asked, 100 at most."""
        size = min(max(_integer(self.query.get("per_page"), default), 1), 100)
        last = max(1, -(-len(items) // size))
        page = max(_integer(self.query.get("page"), 1), 1)
        links = []
        if page > 1:
            links += [("first", 1), ("prev", min(page - 1, last))]
        if page < last:
            links += [("next", page + 1), ("last", last)]
        header = ", ".join(f'<{self._at(number)}>; rel="{relation}"' for relation, number in links)
        return items[(page - 1) * size : page * size], {"Link": header} if header else {}

    def _at(self, page: int) -> str:
        return f"{self.world.url}{self.path}?{urlencode({**self.query, 'page': str(page)})}"


@dataclass(frozen=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    needs: str
    answer: Callable[[Call], Answer]


ROUTES: list[Route] = []


def route(method: str, path: str, needs: str = "metadata=read") -> Callable[[Callable[[Call], Answer]], Any]:
    """Register a function. ``{repo}`` is owner and name, ``{x}`` one segment, ``{x+}`` the rest, ``{x#}`` a number.

    ``needs`` is the permission as GitHub names it in ``X-Accepted-GitHub-Permissions``; "" for the credentials' own.
    """
    pattern = re.escape(path).replace(r"\{repo\}", r"(?P<repo>[^/]+/[^/]+)")
    pattern = re.sub(r"\\\{(\w+)\\\+\\\}", r"(?P<\1>.+)", pattern)
    pattern = re.sub(r"\\\{(\w+)\\#\\\}", r"(?P<\1>[0-9]+)", pattern)
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", pattern)

    def register(answer: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        ROUTES.append(Route(method, re.compile(pattern), needs, answer))
        return answer

    return register


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    for candidate in ROUTES:
        if candidate.method == method and (found := candidate.pattern.fullmatch(path)):
            return candidate, {name: unquote(value) for name, value in found.groupdict().items()}
    return None


def _integer(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default
