"""Statuses that are found on GitHub."""

from __future__ import annotations

from bot.core.ports.forge_types import RemoteStatus
from bot.services.remote_statuses import status_event
from tests.core.deployments.made import T0


def test_a_status_found_on_github_is_told_like_one_that_came_as_a_webhook() -> None:
    found = RemoteStatus(9, "success", "done", "https://ci.example", None, "argo", T0)

    event = status_event("acme/web", 77, found)

    assert (event.repository, event.remote_id, event.status_id) == ("acme/web", 77, 9)
    assert (event.state, event.description, event.log_url) == ("success", "done", "https://ci.example")
    assert (event.creator, event.created_at) == ("argo", T0)
