"""Apps that are registered from a manifest: GitHub's page takes it, and a code is changed for the credentials once.

https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

from tests.servers.github.routes import Answer, Refusal

if TYPE_CHECKING:
    from tests.servers.github.accounts import Accounts, App

KEYS: dict[str, type] = {
    "name": str,
    "url": str,
    "hook_attributes": dict,
    "redirect_url": str,
    "callback_urls": list,
    "setup_url": str,
    "description": str,
    "public": bool,
    "default_events": list,
    "default_permissions": dict,
    "request_oauth_on_install": bool,
    "setup_on_update": bool,
}
LEVELS = {"read", "write", "admin"}
EVENTS = {
    *("check_run", "check_suite", "deployment", "deployment_status", "pull_request", "pull_request_review", "push"),
    *("repository", "status", "workflow_run", "workflow_job", "release", "issues"),
}
NEEDS = {
    "check_run": "checks",
    "check_suite": "checks",
    "deployment": "deployments",
    "deployment_status": "deployments",
    "pull_request": "pull_requests",
    "pull_request_review": "pull_requests",
    "status": "statuses",
    "workflow_run": "actions",
    "workflow_job": "actions",
    "push": "contents",
}
HOLDS = timedelta(hours=1)


@dataclass
class Registrations:
    """What GitHub's page has made; ``made`` are the Apps, with their credentials."""

    accounts: Accounts
    serial: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    codes: dict[str, tuple[App, datetime]] = field(default_factory=dict)
    manifests: list[dict[str, Any]] = field(default_factory=list)
    made: list[App] = field(default_factory=list)

    def page(self, path: str, query: dict[str, str], form: bytes, now: datetime) -> Answer:
        """A person presses the button: GitHub leads the browser back with a code."""
        if not re.fullmatch(r"(/organizations/[\w-]+)?/settings/apps/new", path):
            raise Refusal(404, "Not Found")
        manifest = _valid(json.loads(parse_qs(form.decode())["manifest"][0]))
        slug = re.sub(r"[^a-z0-9]+", "-", manifest["name"].lower()).strip("-")
        app = self.accounts.new_app(slug)
        app.permissions, app.events = manifest["default_permissions"], tuple(manifest["default_events"])
        app.hook_url = manifest.get("hook_attributes", {}).get("url", "")
        code = f"code{next(self.serial):036d}"
        self.codes[code] = (app, now + HOLDS)
        self.manifests.append(manifest)
        self.made.append(app)
        back = urlencode({"code": code, **({"state": query["state"]} if "state" in query else {})})
        return Answer(b"", 302, {"Location": f"{manifest['redirect_url']}?{back}"})

    def convert(self, code: str, now: datetime) -> Answer:
        app, until = self.codes.pop(code, (None, now))
        if app is None or until <= now:
            raise Refusal(404, "Not Found")
        told = {
            "id": int(app.app_id),
            "slug": app.slug,
            "node_id": "A_kwHOAA",
            "owner": {"login": "acme", "id": 1},
            "name": self.manifests[-1]["name"],
            "html_url": f"https://github.com/apps/{app.slug}",
            "client_id": f"Iv1.{app.app_id}",
            "client_secret": "0" * 40,
            "webhook_secret": f"whsec{app.app_id}" if app.hook_url else None,
            "pem": app.private_key,
            "permissions": app.permissions,
            "events": list(app.events),
        }
        return Answer(told, 201)


def _valid(manifest: dict[str, Any]) -> dict[str, Any]:
    wrong = [key for key, value in manifest.items() if not isinstance(value, KEYS.get(key, ()))]
    lacking = {"url", "redirect_url"} - manifest.keys()
    levels = [level for level in manifest.get("default_permissions", {}).values() if level not in LEVELS]
    granted = manifest.get("default_permissions", {})
    events = [
        event
        for event in manifest.get("default_events", [])
        if event not in EVENTS or NEEDS.get(event, "metadata") not in {*granted, "metadata"}
    ]
    named = "url" in manifest.get("hook_attributes", {"url": ""})
    if wrong or lacking or levels or events or not named or len(manifest.get("name", "")) > 34:
        raise Refusal(422, f"Invalid manifest: {wrong or lacking or levels or events}")
    return manifest
