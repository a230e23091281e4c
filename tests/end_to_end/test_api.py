"""Programs ask a whole bot over HTTP: in one process on SQLite, and in several on Postgres."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.end_to_end.api_client import asks, new_token
from tests.end_to_end.cluster import Cluster, cluster
from tests.end_to_end.installation import REPOSITORY, Installation
from tests.patience import PATIENCE

DEPLOY = {"app": "web", "ref": "topic", "environment": "production"}


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield stack.enter_context(cluster(tmp_path, "echo $SHIPMATE_REQUEST_ID >>{directory}/begun"))


def commit(site: Installation) -> None:
    site.github.commit(REPOSITORY, "topic", "Add search", files={"search.txt": "found"})


def ended(site: Installation, port: str, secret: str, request: str) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        _, body, _ = asks(port, secret, "GET", f"/api/deployments/{request}")
        return body if body["finished_at"] else None

    deployment: dict[str, Any] = site.wait_for(found, "the end of the deployment")
    return deployment


def test_a_bot_in_one_process_deploys_what_a_program_asks_for(site: Installation) -> None:
    secret = new_token(site, "--app", "web")
    port = site.environ["PORT"]
    site.runs()
    commit(site)

    status, body, headers = asks(port, secret, "POST", "/api/deployments", DEPLOY)
    done = ended(site, port, secret, body["id"])
    lock = asks(port, secret, "POST", "/api/locks/web/staging", {"reason": "testing", "for": "2h"})
    locks = asks(port, secret, "GET", "/api/locks")[1]["locks"]
    released = asks(port, secret, "DELETE", "/api/locks/web/staging")[0]
    [board] = asks(port, secret, "GET", "/api/board")[1]["apps"]
    revoked = site.starts("token", "revoke", "ci").wait()
    refused = asks(port, secret, "GET", "/api/board")[0]

    assert (status, headers["location"]) == (201, f"/api/deployments/{body['id']}")
    assert (done["state"], done["ref"], done["requested_by"]["name"]) == ("succeeded", "topic", "maria")
    assert (lock[0], [one["reason"] for one in locks], released) == (201, ["testing"], 204)
    assert next(one for one in board["environments"] if one["name"] == "production")["live"]["id"] == body["id"]
    assert (revoked, refused) == (0, 401)
    assert all(secret not in one.printed for one in site.processes[1:])
    audit = site.starts("audit")
    assert audit.wait() == 0
    entries = [json.loads(line) for line in audit.lines if line.startswith("{")]
    asked = {one["action"] for one in entries if one["from"].get("token") == "ci"}
    assert asked == {"token create", "deployment", "deploy", "lock", "unlock", "token revoke"}


def test_a_request_outlives_the_worker_and_has_one_answer(there: Cluster) -> None:
    """The listener and the worker are two processes; the worker is killed while requests come in twice at once."""
    secret = new_token(there)
    there.web()
    port = there.environ["PORT"]
    commit(there)
    answers: list[tuple[int, Any, dict[str, str]]] = []

    def ask() -> None:
        with suppress(OSError):
            answers.append(asks(port, secret, "POST", "/api/deployments", DEPLOY, Idempotency_Key="build-1"))

    threads = [Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    first = there.worker()
    first.kill()
    for lease in there.leases():
        there.silence(lease)
    there.worker()
    for one in threads:
        one.join(PATIENCE)

    def decided() -> Any:
        again = asks(port, secret, "POST", "/api/deployments", DEPLOY, Idempotency_Key="build-1")
        return again if again[0] == 201 else None

    status, body, headers = there.wait_for(decided, "the answer")
    done = ended(there, port, secret, body["id"])

    assert (status, headers["idempotent-replayed"], done["state"]) == (201, "true", "succeeded")
    assert len(answers) == 4
    assert {one[0] for one in answers} <= {201, 202}
    assert there.begun() == [body["id"]]
    assert len(there.deployments()) == 1
    assert there.ask("SELECT count(*) FROM deliveries WHERE source = 'api'") == [(1,)]


def test_tokens_are_made_listed_and_revoked_at_a_terminal(site_with: Callable[[str], Installation]) -> None:
    site = site_with("true")

    def says(*arguments: str) -> tuple[int, str]:
        task = site.starts("token", *arguments)
        return task.wait(), task.printed.replace(secret, "(secret)")

    secret = new_token(site, "--app", "web", "--read-only", "--expires", "90d")

    assert says("create", "--name", "ci", "--as", site.maria) == (
        *(1, "✗ There is a token called ci already; take another name, or revoke it first."),
    )
    assert says("create", "--name", "x", "--as", "maria")[1].startswith("✗ “maria” is not the Slack id of a person")
    assert says("create", "--name", "x", "--as", site.maria, "--app", "wbe") == (
        *(1, "✗ There is no app “wbe”; did you mean web?"),
    )
    assert says("create", "--name", "x", "--as", site.maria, "--expires", "soon")[0] == 1
    code, listed = says("list")
    assert (code, listed.partition(", valid until")[0]) == (0, f"ci: as {site.maria}, web, read only")
    assert listed.endswith(", never used")
    assert says("revoke", "--name", "ci") == (0, "The token ci is revoked: whoever has it is refused from now on.")
    assert says("revoke", "ci")[0] == 1
    assert says("revoke")[0] == 1
