"""What the small Heroku answers, as the Platform API's published schema has it; what that does not have is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.servers.heroku.state import T0, App, Build, Promotion, Release, State

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Answer:
    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An answer outside 2xx, with Heroku's ``id`` and ``message``."""

    def __init__(self, status: int, id: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.answer = Answer({"id": id, "message": message, **more}, status)


@dataclass
class Call:
    state: State
    streams: str
    body: Any
    range: str | None
    params: dict[str, str]

    @property
    def app(self) -> App:
        app = self.state.app(self.params["app"])
        if app is None:
            raise Refusal(404, "not_found", "Couldn't find that app.", resource="app")
        return app

    @property
    def build(self) -> Build:
        return self._of(self.app.builds, "build")

    @property
    def release(self) -> Release:
        return self._of(self.app.releases, "release")

    def _of(self, things: list[Any], kind: str) -> Any:
        found = next((one for one in things if one.id == self.params[kind]), None)
        if found is None:
            raise Refusal(404, "not_found", f"Couldn't find that {kind}.", resource=kind)
        return found

    def sent(self, shape: dict[str, Any]) -> dict[str, Any]:
        """The body, which has the fields of ``shape`` and no other. Raises Refusal (422)."""
        flaw = _flaw(self.body, shape, "body")
        if flaw:
            raise Refusal(422, "invalid_params", flaw)
        return dict(self.body)

    def page(self, newest_first: list[Any], attribute: str, show: Callable[[Any], Any]) -> Answer:
        """A range of a list. https://devcenter.heroku.com/articles/platform-api-reference#ranges"""
        if self.range is None:
            return Answer([show(one) for one in reversed(newest_first)])
        found = re.fullmatch(rf"{attribute} (?:\]?([\w.-]+))?\.\.; order=desc,max=(\d+)", self.range)
        if found is None or not 1 <= int(found[2]) <= 1000:
            raise Refusal(416, "requested_range_not_satisfiable", f"Invalid range {self.range}.")
        first, most = int(found[1] or 0), int(found[2])
        shown = newest_first[first : first + most]
        more = first + most < len(newest_first)
        headers = {"Next-Range": f"{attribute} ]{first + most}..; order=desc,max={most}"} if more else {}
        return Answer([show(one) for one in shown], 206 if more else 200, headers)


Route = tuple[str, re.Pattern[str], Callable[[Call], Answer]]
ROUTES: list[Route] = []


def route(method: str, path: str) -> Callable[[Callable[[Call], Answer]], Callable[[Call], Answer]]:
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))

    def register(answer: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        ROUTES.append((method, pattern, answer))
        return answer

    return register


def find(method: str, path: str) -> tuple[Callable[[Call], Answer], dict[str, str]] | None:
    for wanted, pattern, answer in ROUTES:
        if wanted == method and (found := pattern.fullmatch(path)):
            return answer, {name: unquote(value) for name, value in found.groupdict().items()}
    return None


@route("GET", "/account")
def _account(_call: Call) -> Answer:
    return Answer({"id": "01234567-89ab-cdef-0123-456789abcdef", "email": "deploy@acme.example", "verified": True})


@route("GET", "/apps/{app}")
def _app(call: Call) -> Answer:
    app = call.app
    url = f"https://{app.name}-0123456789ab.herokuapp.com/"
    return Answer({"id": app.id, "name": app.name, "web_url": url, "maintenance": app.maintenance})


@route("PATCH", "/apps/{app}")
def _change_app(call: Call) -> Answer:
    """https://devcenter.heroku.com/articles/platform-api-reference#app-update"""
    sent = call.sent({"?": {"maintenance": bool, "name": str, "build_stack": str}})
    call.app.maintenance = sent.get("maintenance", call.app.maintenance)
    return _app(call)


@route("DELETE", "/apps/{app}")
def _delete_app(call: Call) -> Answer:
    """https://devcenter.heroku.com/articles/platform-api-reference#app-delete"""
    gone = _app(call)
    del call.state.apps[call.app.name]
    return gone


@route("GET", "/apps/{app}/formation")
def _formation(call: Call) -> Answer:
    shown = [
        {"id": call.state.new_id(), "type": type, "quantity": many, "size": "Basic", "command": f"bin/{type}"}
        for type, many in call.app.formation.items()
    ]
    return Answer(shown)


@route("PATCH", "/apps/{app}/formation")
def _scale(call: Call) -> Answer:
    """https://devcenter.heroku.com/articles/platform-api-reference#formation-batch-update"""
    updates = call.sent({"updates": [{"type": str, "?": {"quantity": int, "size": str}}]})["updates"]
    odd = next((one["type"] for one in updates if one["type"] not in call.app.formation), None)
    if odd is not None:
        raise Refusal(404, "not_found", f"Couldn't find that process type ({odd}).", resource="formation")
    call.app.formation |= {one["type"]: one.get("quantity", call.app.formation[one["type"]]) for one in updates}
    return _formation(call)


@route("GET", "/apps/{app}/builds")
def _builds(call: Call) -> Answer:
    return call.page(call.app.builds[::-1], "created_at", lambda one: _shown_build(call, one))


@route("POST", "/apps/{app}/builds")
def _create_build(call: Call) -> Answer:
    app = call.app
    optional = {"version": str, "version_description": str, "checksum": str}
    body = call.sent({"source_blob": {"url": str, "?": optional}, "?": {"buildpacks": list}})
    if not re.match(r"https?://", body["source_blob"]["url"]):
        raise Refusal(422, "invalid_params", "Source blob URL is invalid.")
    return Answer(_shown_build(call, call.state.build(app, body["source_blob"])), 201)


@route("GET", "/apps/{app}/builds/{build}")
def _build(call: Call) -> Answer:
    build = call.build
    call.state.seen_build(build)
    return Answer(_shown_build(call, build))


@route("DELETE", "/apps/{app}/builds/{build}")
def _cancel_build(call: Call) -> Answer:
    build = call.build
    if build.status != "pending":
        raise Refusal(422, "unprocessable_entity", "Can only cancel pending builds.")
    build.stream.write(" !     Build canceled")
    call.state.end_build(build, "failed")
    return Answer(_shown_build(call, build))


@route("GET", "/apps/{app}/releases")
def _releases(call: Call) -> Answer:
    for promotion in call.state.promotions.values():
        if promotion.target == call.app.id:
            call.state.seen_promotion(promotion)  # it goes on by itself
    return call.page(call.app.releases[::-1], "version", lambda one: _shown_release(call, one))


@route("GET", "/apps/{app}/releases/{release}")
def _release(call: Call) -> Answer:
    call.state.seen_release(call.release)
    return Answer(_shown_release(call, call.release))


@route("POST", "/apps/{app}/releases")
def _roll_back(call: Call) -> Answer:
    app = call.app
    call.params["release"] = call.sent({"release": UUID})["release"]
    earlier = call.release
    if not earlier.eligible:
        raise Refusal(422, "invalid_params", "Release is not eligible for rollback.")
    made = call.state.release(app, earlier.slug, f"Rollback to v{earlier.version}", app.plan)
    return Answer(_shown_release(call, made), 201)


@route("GET", "/apps/{app}/slugs/{slug}")
def _slug(call: Call) -> Answer:
    slug = call.params["slug"]
    if slug not in {one.slug for one in call.app.releases}:
        raise Refusal(404, "not_found", "Couldn't find that slug.", resource="slug")
    return Answer({"id": slug, "commit": call.state.slugs[slug], "process_types": {"web": "bin/web"}})


@route("GET", "/apps/{app}/pipeline-couplings")
def _coupling(call: Call) -> Answer:
    if call.app.pipeline is None:
        raise Refusal(404, "not_found", "Couldn't find that pipeline coupling.", resource="pipeline_coupling")
    return Answer({"id": call.app.id, "app": {"id": call.app.id}, "pipeline": {"id": call.app.pipeline}})


@route("GET", "/pipelines/{pipeline}")
def _pipeline(call: Call) -> Answer:
    for name, id in call.state.pipelines.items():
        if call.params["pipeline"] in (name, id):
            return Answer({"id": id, "name": name})
    raise Refusal(404, "not_found", "Couldn't find that pipeline.", resource="pipeline")


@route("POST", "/pipeline-promotions")
def _promote(call: Call) -> Answer:
    app = {"app": {"id": UUID}}
    body = call.sent({"pipeline": {"id": UUID}, "source": app, "targets": [app]})
    state = call.state
    source, target = (state.app(one["app"]["id"]) for one in (body["source"], body["targets"][0]))
    if source is None or target is None or not source.pipeline == target.pipeline == body["pipeline"]["id"]:
        raise Refusal(422, "invalid_params", "The apps are not in that pipeline.")
    slug = state.current_slug(source)
    if slug is None:
        raise Refusal(422, "invalid_params", "The source has no release.")
    made = Promotion(state.new_id(), body["pipeline"]["id"], target.id, slug, state.promotion_looks)
    state.promotions[made.id] = made
    return Answer({"id": made.id, "status": "pending", "pipeline": body["pipeline"], "source": body["source"]}, 201)


@route("GET", "/pipeline-promotions/{promotion}/promotion-targets")
def _targets(call: Call) -> Answer:
    promotion = call.state.promotions.get(call.params["promotion"])
    if promotion is None:
        raise Refusal(404, "not_found", "Couldn't find that promotion.")
    call.state.seen_promotion(promotion)
    status = "failed" if promotion.error else "succeeded" if promotion.release else "pending"
    target = {
        "id": promotion.id,
        "app": {"id": promotion.target},
        "status": status,
        "error_message": promotion.error,
        "release": {"id": promotion.release} if promotion.release else None,
    }
    return Answer([target])


def _shown_build(call: Call, build: Build) -> dict[str, Any]:
    return {
        "id": build.id,
        "app": {"id": build.app},
        "status": build.status,
        "created_at": T0.format(build.number % 60),
        "updated_at": T0.format(build.number % 60),
        "output_stream_url": f"{call.streams}/streams/{build.id}?token=hush",
        "source_blob": {"checksum": None, "version": None, "version_description": None, **build.blob},
        "release": {"id": build.release} if build.release else None,
        "slug": {"id": build.slug} if build.slug else None,
        "user": {"email": "deploy@acme.example"},
    }


def _shown_release(call: Call, release: Release) -> dict[str, Any]:
    return {
        "id": release.id,
        "version": release.version,
        "status": release.status,
        "current": call.state.apps[release.app].current == release.id,
        "description": release.description,
        "slug": {"id": release.slug},
        "output_stream_url": f"{call.streams}/streams/{release.id}" if release.stream else None,
        "eligible_for_rollback": release.eligible,
    }


def _flaw(value: Any, shape: Any, where: str) -> str | None:
    """What is wrong with a value; fields under ``?`` may be missing."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return f"{where} must be an object"
        optional = shape.get("?", {})
        required = {name: one for name, one in shape.items() if name != "?"}
        odd = sorted(set(value) - set(required) - set(optional)) + sorted(set(required) - set(value))
        if odd:
            return f"{where}: {', '.join(odd)}"
        known = {**optional, **required}
        return next((flaw for name in value if (flaw := _flaw(value[name], known[name], f"{where}.{name}"))), None)
    if isinstance(shape, list):
        if not isinstance(value, list) or not value:
            return f"{where} must be a list"
        return next((flaw for one in value if (flaw := _flaw(one, shape[0], where))), None)
    if isinstance(shape, re.Pattern):
        return None if isinstance(value, str) and shape.fullmatch(value) else f"{where} must be an id"
    return None if isinstance(value, shape) else f"{where} must be {shape.__name__}"
