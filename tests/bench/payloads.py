"""Webhook payloads of the size and shape that GitHub sends: 25 kB, most of it addresses."""

from __future__ import annotations

import hashlib
import hmac
import random
from typing import Any

import msgspec

from tests.servers.github.server import GitHubServer

SIZE = 25_000
SECRET = "bench-webhook-secret"

_USER = (
    "followers following{/other_user} gists{/gist_id} starred{/owner}{/repo} subscriptions orgs repos events{/privacy}"
)
_REPOSITORY = (
    "forks keys{/key_id} collaborators{/collaborator} teams hooks issues/events{/number} events assignees{/user} "
    "branches{/branch} tags git/blobs{/sha} git/tags{/sha} git/refs{/sha} git/trees{/sha} languages stargazers "
    "contributors subscribers subscription commits{/sha} git/commits{/sha} comments{/number} "
    "issues/comments{/number} contents/{+path} compare/{base}...{head} merges downloads issues{/number} "
    "pulls{/number} milestones{/number} notifications{?since,all,participating} labels{/name} releases{/id}"
)
_PROSE = (
    "search index orders customer invoice payment retry cache timeout worker queue migration column nullable default "
    "rollout canary dashboard latency error budget because without before after while should must never always"
)


def payloads(count: int) -> list[bytes]:
    """Different merged pull requests, each of about ``SIZE`` bytes; the same ones at each call."""
    with GitHubServer(webhook_secret=SECRET) as github:
        github.add_repository("acme/web")
        github.commit("acme/web", "topic", "Add search")
        github.open_pull_request("acme/web", "topic", author="hubot")
        plain = github.webhooks[-1].body
    return [_grown(plain, random.Random(number)) for number in range(count)]


def _grown(plain: bytes, chance: random.Random) -> bytes:
    said = msgspec.json.decode(plain)
    _fill(said)
    said["number"] = said["pull_request"]["number"] = chance.randrange(1, 10_000)
    said["pull_request"]["title"] = " ".join(chance.choices(_PROSE.split(), k=7)).capitalize()
    room = SIZE - len(msgspec.json.encode(said))
    words: list[str] = []
    prose = _PROSE.split()
    while room > 0:
        words.append(chance.choice(prose))
        room -= len(words[-1]) + 1
    said["pull_request"]["body"] = " ".join(words)
    return msgspec.json.encode(said)


def _fill(value: Any) -> None:
    """Add the addresses that GitHub puts into every user and repository, and our small server leaves out."""
    if isinstance(value, dict):
        for one in list(value.values()):
            _fill(one)
        if isinstance(value.get("url"), str) and ("login" in value or "full_name" in value):
            for path in (_USER if "login" in value else _REPOSITORY).split():
                name = path.partition("{")[0].strip("/").replace("/", "_")
                value.setdefault(f"{name}_url", f"{value['url']}/{path}")
    elif isinstance(value, list):
        for one in value:
            _fill(one)


def signature(body: bytes) -> str:
    return "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
