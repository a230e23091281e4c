"""A GitHub to test against: a real HTTP server with real state that speaks the REST API and sends signed webhooks."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import tests.servers.github.actions
import tests.servers.github.environments
import tests.servers.github.graphql
import tests.servers.github.hooks
import tests.servers.github.people
import tests.servers.github.publishing
import tests.servers.github.rest
import tests.servers.github.rest_writes  # noqa: F401 - they register their routes
from tests.servers.background import Background
from tests.servers.github.accounts import Accounts, App, Credential, check_access
from tests.servers.github.http import Cut, Fault, Listener, Request, Silence, check_manners, parsed, tarball
from tests.servers.github.json import WEB
from tests.servers.github.people import SignIns
from tests.servers.github.registrations import Registrations
from tests.servers.github.routes import Answer, Call, Refusal, find_route
from tests.servers.github.state import Deployment, DeploymentStatus, Hook, Repository
from tests.servers.github.webhooks import Attempt, Webhook
from tests.servers.github.world import World

MESSAGES = {
    401: "Bad credentials",
    403: "Forbidden",
    404: "Not Found",
    422: "Validation Failed",
    429: "You have exceeded a secondary rate limit",
}


class GitHubServer(World):
    """Use it as a context manager::

        with GitHubServer() as github:
            github.add_repository("acme/web")
            sha = github.commit("acme/web", "topic", "Add search")
            number = github.open_pull_request("acme/web", "topic", author="hubot")
            bot = GitHub(github.url, TokenAuth(github.token), clock=clock, web_url=github.web_url)
            …
            github.webhooks[-1]          # what was sent last: .event, .delivery_id, .body, .headers, .json

    ``token`` belongs to ``bot_login``, who may write to every repository unless ``set_permission`` says otherwise.
    Webhooks are kept in ``webhooks``, signed with ``webhook_secret``; with ``subscribe`` they are posted as well.
    ``now`` gives the server's time; by default the machine's, and so the frozen one under freezegun.
    """

    web_url = WEB
    date: str | None = None
    """The header of that name, where a test wants one."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime] | None = None,
        bot_login: str = "shipmate-bot",
        webhook_secret: str = "webhook-secret",
    ) -> None:
        super().__init__(now, webhook_secret)
        self.bot_login = bot_login
        self.webhook_secret = webhook_secret
        self.accounts = Accounts()
        self.requests: list[Request] = []
        self.codeload_requests: list[Request] = []
        self.tarballs: dict[str, bytes] = {}
        self.crashes: list[str] = []
        self.token = self.add_token(bot_login)
        self.client_id = "Iv1.shipmate"
        self.sign_ins = SignIns(self.accounts, self.now, self.client_id)
        self.registrations = Registrations(self.accounts)
        self._faults: list[Fault] = []
        self._taken: dict[str, Credential] = {}
        self._listeners = (Listener(self, codeload=False), Listener(self, codeload=True))
        self.url, self.codeload_url = (listener.url for listener in self._listeners)
        self._running = [Background(listener) for listener in self._listeners]

    def __enter__(self) -> GitHubServer:
        for running in self._running:
            running.start()
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        self.hooks.close()
        for listener, running in zip(self._listeners, self._running, strict=True):
            listener.close_connections()
            running.stop()
        if self.crashes and kind is None:
            raise AssertionError("the GitHub server itself failed:\n" + "\n".join(self.crashes))

    @property
    def webhooks(self) -> list[Webhook]:
        """Every webhook sent so far, in order, whether or not anybody subscribed to it."""
        return self.hooks.sent

    @property
    def attempts(self) -> list[Attempt]:
        """What became of every webhook posted to a subscriber."""
        return self.hooks.attempts

    def webhooks_of(self, event: str) -> list[Webhook]:
        return [webhook for webhook in self.webhooks if webhook.event == event]

    def subscribe(
        self,
        url: str,
        secret: str | None = None,
        events: Sequence[str] = ("*",),
        *,
        content_type: str = "json",
        repository: str | None = None,
        active: bool = True,
    ) -> Hook:
        """Post webhooks to ``url`` from now on, in order, from a thread; shown among the repository's hooks.

        ``content_type`` is ``json`` or ``form``; ``repository`` None means all of them.
        """
        return self.hooks.subscribe(url, secret or self.webhook_secret, events, content_type, repository, active)

    def redeliver(self, webhook: Webhook) -> None:
        """Post a webhook of ``webhooks`` once more, under its old delivery id, to everybody who wants it."""
        self.hooks.redeliver(webhook)

    def settle(self) -> None:
        """Return when everything sent so far has been posted to the subscribers and answered."""
        self.hooks.settle()

    def ping(self, repository: str) -> None:
        """What GitHub sends when a webhook is made."""
        found = self.repositories[repository]
        self.send(found, "ping", {"zen": "Keep it logically awesome.", "hook_id": 1}, self.bot_login)

    def deployments(self, repository: str) -> list[Deployment]:
        """Oldest first; each with its ``statuses``, oldest first, and ``state``."""
        return sorted(self.repositories[repository].deployments.values(), key=lambda deployment: deployment.id)

    def deployment_statuses(self, repository: str, deployment_id: int) -> list[DeploymentStatus]:
        return list(self.repositories[repository].deployments[deployment_id].statuses)

    def add_repository(self, name: str, **how: Any) -> str:
        """See ``World.add_repository``. The bot may write to it."""
        sha = super().add_repository(name, **how)
        self.set_permission(name, self.bot_login, "write")
        return sha

    def rename_repository(self, old: str, new: str, *, by: str = "octocat") -> None:
        """See ``World.rename_repository``. Who may see it by an App still may, where the owner stays the same."""
        super().rename_repository(old, new, by=by)
        for app in self.accounts.apps.values():
            for names in app.installations.values():
                if old in names and old.partition("/")[0] == new.partition("/")[0]:
                    names.add(new)
                names.discard(old)

    def set_permission(self, repository: str, login: str, level: str) -> None:
        """``admin``, ``maintain``, ``write``, ``triage``, ``read`` or ``none``."""
        self.repositories[repository].permissions[login] = level

    def set_base_permission(self, login: str, level: str) -> None:
        """What somebody may do with every repository of which ``set_permission`` says nothing."""
        self.people.base[login] = level

    def add_team(self, name: str, members: Sequence[str], *, invited: Sequence[str] = ()) -> None:
        """A team, by ``acme/devs``, in place of one of that name."""
        self.people.teams[name] = {**dict.fromkeys(members, "active"), **dict.fromkeys(invited, "pending")}

    def set_email(self, login: str, email: str) -> None:
        """The public address on somebody's profile."""
        self.people.emails[login] = email

    def set_commit_email(self, login: str, email: str) -> None:
        """What somebody writes commits with, instead of the address that GitHub makes up."""
        self.people.written[login] = email

    def add_token(self, login: str, *, denied: Sequence[str] = ()) -> str:
        """A token of somebody's, without the permissions ``denied`` (``checks``, ``deployments=write`` …)."""
        token = f"ghp_{len(self.accounts.tokens) + 1:036d}"
        self.accounts.tokens[token] = Credential(login, denied=set(denied))
        return token

    def deny(self, token: str, *permissions: str) -> None:
        """Take permissions from a token; with none named, take the token away altogether (401)."""
        if permissions:
            self.accounts.tokens[token].denied.update(permissions)
        else:
            self._taken[token] = self.accounts.tokens.pop(token)

    def allow(self, token: str) -> None:
        """Give a token back that was taken away."""
        self.accounts.tokens[token] = self._taken.pop(token)

    def add_app(self, *repositories: str, slug: str = "shipmate") -> App:
        """A GitHub App with ``app_id`` and ``private_key``, installed on the repositories."""
        app = self.accounts.new_app(slug)
        app.installations[7001] = set(repositories)
        return app

    def fail_next(
        self,
        method: str,
        path_regex: str,
        fault: int | str,
        *,
        times: int = 1,
        headers: dict[str, str] | None = None,
        body: Any = None,
    ) -> None:
        """Let the next requests of ``method`` fail whose path matches (searched, without the query).

        ``fault`` is a status (nothing is carried out; ``body`` replaces GitHub's usual one, bytes go out as they are),
        ``"cut_before"`` (the connection drops, nothing is carried out), ``"cut_after"`` (it is carried out, then the
        connection drops), ``"silence"`` (carried out, and never answered), or ``"malformed"`` (carried out, and
        answered with broken JSON).
        """
        self._faults.append(Fault(method, re.compile(path_regex), fault, times, headers or {}, body))

    def heal(self) -> None:
        """Nothing fails any more."""
        with self.lock:
            self._faults.clear()

    def answer(self, request: Request, raw: bytes) -> Answer:
        """What the REST API answers. Raises Cut or Silence where there is to be no answer."""
        with self.lock:
            self.requests.append(request)
            fault = self._fault_for(request)
            if fault is not None and fault.what == "cut_before":
                raise Cut
            if fault is not None and isinstance(fault.what, int):
                message = {"message": MESSAGES.get(fault.what, "Server Error"), "status": str(fault.what)}
                return Answer(message if fault.body is None else fault.body, fault.what, fault.headers)
            answer = self._carried_out(request, raw)
            if fault is not None and fault.what == "cut_after":
                raise Cut
            if fault is not None and fault.what == "silence":
                raise Silence
            if fault is not None and fault.what == "malformed":
                return Answer(b'{"id": 1, "mess', answer.status, fault.headers)
            return answer

    def codeload(self, request: Request) -> Answer:
        """The other host, where tarballs are: a signed link is enough, and a token there is a leak."""
        self.codeload_requests.append(request)
        if "Authorization" in request.headers:
            return Answer({"message": "This host must not see a token."}, 400)
        owner, name, *rest, sha = request.path.strip("/").split("/")
        if rest == ["logs"]:
            jobs = (job for run in self.repositories[f"{owner}/{name}"].workflow_runs for job in run.jobs)
            log = next(job.log for job in jobs if job.id == int(sha))
            return Answer(("\ufeff" + "\n".join(log) + "\n").encode(), 200, {"Content-Type": "text/plain"})
        content = self.tarballs.get(sha)
        if content is None:
            files = self.repositories[f"{owner}/{name}"].commits[sha].files
            content = tarball(files, f"{owner}-{name}-{sha[:7]}")
        return Answer(content, 200, {"Content-Type": "application/x-gzip"})

    def _fault_for(self, request: Request) -> Fault | None:
        for fault in self._faults:
            if fault.times > 0 and fault.method == request.method and fault.path.search(request.path):
                fault.times -= 1
                return fault
        return None

    def _carried_out(self, request: Request, raw: bytes) -> Answer:
        try:
            if request.path.endswith("/settings/apps/new"):  # a browser's, not the API's
                return self.registrations.page(request.path, request.query, raw, self.now())
            check_manners(request.headers)
            request.body = parsed(raw)
            return self._routed(request)
        except Refusal as refusal:
            return refusal.answer
        except Exception:  # noqa: BLE001 - a mistake of this server must fail the test, not look like GitHub
            self.crashes.append(traceback.format_exc())
            return Answer({"message": "Server Error"}, 500)

    def _routed(self, request: Request) -> Answer:
        if request.path.startswith("/login/"):
            accept = {name.lower(): value for name, value in request.headers.items()}.get("accept", "")
            return self.sign_ins.answer(request.path, request.body or {}, accept)
        if converted := re.fullmatch(r"/app-manifests/([^/]+)/conversions", request.path):
            if request.method != "POST" or request.body:
                raise Refusal(400, "Problems parsing JSON")
            return self.registrations.convert(converted[1], self.now())
        credential = self.accounts.credential(request.headers.get("Authorization"), self.now())
        path = self._with_name(request.path)
        found = find_route(request.method, path)
        if found is None:
            raise Refusal(404, "Not Found")
        route, params = found
        call = Call(self, credential, path, request.query, request.body, params)
        moved = self.renamed.get(params.get("repo", ""))
        if moved is not None:
            now = next(one for one in self.repositories.values() if one.id == moved)
            return self._moved(request, params["repo"], now)
        if "repo" in params and route.needs:
            call.found = self.repositories.get(params["repo"])
            if call.found is None:
                raise Refusal(404, "Not Found")
            check_access(credential, call.found, route.needs)
        answer = route.answer(call)
        answer.headers.update({"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4999"})
        return answer

    def _with_name(self, path: str) -> str:
        """``/repositories/1001/…`` is where redirects of renamed repositories lead."""
        found = re.match(r"/repositories/([0-9]+)", path)
        if found is None:
            return path
        name = next((name for name, one in self.repositories.items() if one.id == int(found[1])), "no/body")
        return f"/repos/{name}{path[found.end() :]}"

    def _moved(self, request: Request, old: str, found: Repository) -> Answer:
        rest = request.path.partition(f"/repos/{old}")[2] or unquote(request.path)[len(f"/repos/{old}") :]
        query = "&".join(f"{name}={value}" for name, value in request.query.items())
        location = f"{self.url}/repositories/{found.id}{rest}{'?' + query if query else ''}"
        body = {"message": "Moved Permanently", "url": location}
        return Answer(body, 301 if request.method == "GET" else 307, {"Location": location})
