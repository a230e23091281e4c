"""What the GitHub server tells of the webhooks it has posted, and how it is asked to post one again."""

from __future__ import annotations

from typing import Any

from tests.servers.github.accounts import App
from tests.servers.github.routes import Answer, Call, Refusal, route
from tests.servers.github.state import iso
from tests.servers.github.webhooks import Attempt


@route("GET", "/repos/{repo}/hooks/{hook#}/deliveries", "administration=read")
def deliveries(call: Call) -> Answer:
    return _listed(call, call.number("hook"))


@route("POST", "/repos/{repo}/hooks/{hook#}/deliveries/{id#}/attempts", "administration=write")
def attempt(call: Call) -> Answer:
    return _posted_again(call, call.number("hook"))


@route("GET", "/app/hook/deliveries", "")
def app_deliveries(call: Call) -> Answer:
    return _listed(call, _hook_of_app(call))


@route("POST", "/app/hook/deliveries/{id#}/attempts", "")
def app_attempt(call: Call) -> Answer:
    return _posted_again(call, _hook_of_app(call))


def _hook_of_app(call: Call) -> int:
    app = call.credential.app
    if call.credential.kind != "app" or not isinstance(app, App):
        raise Refusal(401, "A JSON web token could not be decoded")
    return next((one.hook.id for one in call.world.hooks.subscribers if one.hook.url == app.hook_url), 0)


def _listed(call: Call, hook: int) -> Answer:
    """The newest first."""
    page, headers = call.page([one for one in reversed(call.world.hooks.attempts) if one.hook == hook])
    return Answer([_shown(call, one) for one in page], headers=headers)


def _shown(call: Call, one: Attempt) -> dict[str, Any]:
    assert one.at is not None
    again = any(other.delivery_id == one.delivery_id and other.id < one.id for other in call.world.hooks.attempts)
    return {
        "id": one.id,
        "guid": one.delivery_id,
        "delivered_at": iso(one.at),
        "redelivery": again,
        "duration": 0.1,
        "status": "OK" if one.status and one.status < 300 else one.error or f"Invalid HTTP Response: {one.status}",
        "status_code": one.status or 0,
        "event": one.event,
        "action": None,
        "installation_id": None,
        "repository_id": None,
    }


def _posted_again(call: Call, hook: int) -> Answer:
    found = next((one for one in call.world.hooks.attempts if (one.hook, one.id) == (hook, call.number("id"))), None)
    if found is None or found.webhook is None:
        raise Refusal(404, "Not Found")
    for subscriber in call.world.hooks.subscribers:
        if subscriber.hook.id == hook:
            subscriber.deliver(found.webhook)
    return Answer({}, 202)
