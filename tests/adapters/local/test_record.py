"""What the local forge remembers in GitHub's place: deployments, statuses, checks, pull requests."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from bot.adapters.local.forge import LocalGit
from bot.core.errors import NotThere, Rejected
from bot.core.events.external import ChecksChanged, DeploymentCreated, DeploymentStatusReported
from bot.core.ports.forge_types import Check, NewRemoteDeployment, NewRemoteStatus
from bot.talk.sample import REPOSITORY, prepare
from tests.adapters.local.webhooks import MAIN, T0, TOPIC, Webhooks, open_forge
from tests.patience import PATIENCE


@pytest.fixture
def home(tmp_path: Path) -> Path:
    prepare(tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def webhooks() -> Webhooks:
    return Webhooks()


@pytest.fixture
def forge(home: Path, webhooks: Webhooks) -> LocalGit:
    return open_forge(home, webhooks)


def asked(request_id: str = "r1", environment: str = "staging", *, production: bool = False) -> NewRemoteDeployment:
    return NewRemoteDeployment(
        repository=REPOSITORY,
        sha=TOPIC,
        task="deploy",
        environment=environment,
        description="topic to staging",
        payload={"request_id": request_id, "ref": "topic"},
        request_id=request_id,
        production=production,
    )


def status(state: str, description: str = "") -> NewRemoteStatus:
    return NewRemoteStatus(state=state, description=description, environment="staging")


def test_deployment_is_recorded_and_told_as_a_webhook_would(forge: LocalGit, webhooks: Webhooks) -> None:
    remote_id = forge.deployments.create(asked())

    assert remote_id == 1
    assert webhooks.events == [
        DeploymentCreated(
            repository=REPOSITORY,
            remote_id=1,
            sha=TOPIC,
            ref=TOPIC,
            task="deploy",
            environment="staging",
            description="topic to staging",
            creator="shipmate",
            request_id="r1",
            created_at=T0,
        )
    ]
    deployment = forge.deployments.get(REPOSITORY, 1)
    assert deployment is not None
    assert (deployment.sha, deployment.environment, deployment.request_id) == (TOPIC, "staging", "r1")


def test_deployment_is_found_again_by_its_request(forge: LocalGit) -> None:
    forge.deployments.create(asked("r1"))
    forge.deployments.create(asked("r2"))

    found = [forge.deployments.find(asked(request_id)) for request_id in ("r1", "r2", "r3")]

    assert found == [1, 2, None]


def test_unknown_commit_is_not_deployed(forge: LocalGit, webhooks: Webhooks) -> None:
    unknown = NewRemoteDeployment(
        repository=REPOSITORY, sha="f" * 40, task="deploy", environment="x", description="", payload={}, request_id="r"
    )

    with pytest.raises(Rejected, match=r"^There is no commit fffffff in you/web\.$"):
        forge.deployments.create(unknown)

    assert webhooks.events == []


def test_statuses_are_kept_in_order_and_told(forge: LocalGit, webhooks: Webhooks) -> None:
    forge.deployments.create(asked())

    ids = [
        forge.deployments.post_status(REPOSITORY, 1, status(state, "x" * 200))
        for state in ("queued", "in_progress", "success")
    ]

    assert ids == [2, 3, 4]
    assert [(one.id, one.state) for one in forge.deployments.statuses(REPOSITORY, 1)] == [
        (2, "queued"),
        (3, "in_progress"),
        (4, "success"),
    ]
    assert webhooks.events[1] == DeploymentStatusReported(
        repository=REPOSITORY,
        remote_id=1,
        status_id=2,
        state="queued",
        description="x" * 140,
        log_url=None,
        environment_url=None,
        creator="shipmate",
        created_at=T0,
    )


def test_success_retires_the_deployment_before_but_not_one_of_production(forge: LocalGit, webhooks: Webhooks) -> None:
    remote_ids = []
    for new in (asked("r1"), asked("r2", production=True), asked("r3", "other"), asked("r4")):
        remote_ids.append(forge.deployments.create(new))
        forge.deployments.post_status(REPOSITORY, remote_ids[-1], status("success"))

    states = [forge.deployments.statuses(REPOSITORY, remote_id)[-1].state for remote_id in remote_ids]

    assert states == ["inactive", "success", "success", "success"]
    told = [event.state for event in webhooks.events if isinstance(event, DeploymentStatusReported)]
    assert told == ["success"] * 4


def test_status_of_no_deployment_and_no_state_are_refused(forge: LocalGit) -> None:
    forge.deployments.create(asked())

    with pytest.raises(NotThere, match=r"^There is no deployment 9 in you/web\.$"):
        forge.deployments.post_status(REPOSITORY, 9, status("queued"))
    with pytest.raises(Rejected, match=r"^A deployment's status cannot be great\.$"):
        forge.deployments.post_status(REPOSITORY, 1, status("great"))
    with pytest.raises(NotThere, match=r"^There is no deployment 9 in you/web\.$"):
        forge.deployments.statuses(REPOSITORY, 9)


def test_latest_of_each_check_counts(forge: LocalGit) -> None:
    for name, state in (("ci", "pending"), ("lint", "success"), ("ci", "failure")):
        changed = forge.set_check(REPOSITORY, TOPIC, name, state)  # type: ignore[arg-type]

    assert changed == ChecksChanged(repository=REPOSITORY, sha=TOPIC)
    assert forge.checks(REPOSITORY, TOPIC) == [Check("lint", "success"), Check("ci", "failure")]
    assert forge.checks(REPOSITORY, MAIN) == []


def test_everything_is_there_after_a_restart(forge: LocalGit, home: Path, webhooks: Webhooks) -> None:
    forge.deployments.create(asked())
    forge.deployments.post_status(REPOSITORY, 1, status("queued"))
    forge.set_check(REPOSITORY, TOPIC, "ci", "success")
    forge.merge(REPOSITORY, "topic", by="you")

    again = open_forge(home, webhooks)

    assert again.deployments.get(REPOSITORY, 1) == forge.deployments.get(REPOSITORY, 1)
    assert again.deployments.statuses(REPOSITORY, 1) == forge.deployments.statuses(REPOSITORY, 1)
    assert again.checks(REPOSITORY, TOPIC) == [Check("ci", "success")]
    assert again.pull_request(REPOSITORY, 1) == forge.pull_request(REPOSITORY, 1)


def test_record_that_is_none_is_left_alone_and_said(forge: LocalGit, home: Path) -> None:
    (home / "record.json").write_text("shopping list")

    with pytest.raises(Rejected) as caught:
        forge.deployments.create(asked())

    assert str(caught.value).startswith(f"{home / 'record.json'} is not a record of deployments (")
    assert str(caught.value).endswith("). Move it away to begin anew.")
    assert (home / "record.json").read_text() == "shopping list"


def test_threads_take_turns_with_the_record(home: Path, webhooks: Webhooks) -> None:
    def deploy(name: str) -> None:
        for turn in range(10):
            open_forge(home, webhooks).deployments.create(asked(f"{name}{turn}"))

    threads = [Thread(target=deploy, args=[name]) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    told = sorted(event.remote_id for event in webhooks.events if isinstance(event, DeploymentCreated))
    assert told == [*range(1, 41)]
    assert not (home / "record.json.new").exists()
