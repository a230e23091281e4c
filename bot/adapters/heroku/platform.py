"""What the bot asks of Heroku's Platform API, and has it do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from bot.adapters.heroku import payloads
from bot.adapters.heroku.http import Connection
from bot.core.errors import NotThere
from bot.core.ports.chat import Clock
from bot.core.ports.forge_types import JSON
from bot.core.ports.measures import UNMEASURED, Measures


class Heroku:
    """Safe to share between threads. ``app`` is an app's name or id; each method raises what ``errors`` makes of an
    answer."""

    def __init__(
        self,
        api_url: str,
        key: str,
        clock: Clock | None = None,
        pause: Callable[[float], None] = time.sleep,
        measures: Measures = UNMEASURED,
    ) -> None:
        self._connection = Connection(api_url, key, clock=clock, pause=pause, measures=measures)

    def __repr__(self) -> str:
        return f"Heroku({self._connection!r})"

    @property
    def runs_low(self) -> bool:
        """Whether it should be asked more seldom."""
        return self._connection.runs_low

    def account(self) -> payloads.Account:
        """Whose key it is."""
        return self._connection.get("/account", payloads.Account)

    def app(self, app: str) -> payloads.App:
        return self._connection.get(_at(app), payloads.App)

    def set_maintenance(self, app: str, *, on: bool) -> None:
        """Whether visitors see a page of Heroku's own instead of the app."""
        self._connection.patch(_at(app), {"maintenance": on}, payloads.App)

    def delete(self, app: str) -> None:
        """The app with all that belongs to it, for good."""
        self._connection.delete(_at(app))

    def formation(self, app: str) -> dict[str, int]:
        """How many dynos there are of each type of process."""
        return {one.type: one.quantity for one in self._connection.get(_at(app, "formation"), list[payloads.Formation])}

    def scale(self, app: str, quantities: Mapping[str, int]) -> None:
        updates: list[JSON] = [{"type": name, "quantity": many} for name, many in quantities.items()]
        self._connection.patch(_at(app, "formation"), {"updates": updates}, list[payloads.Formation])

    def builds(self, app: str, most: int) -> list[payloads.Build]:
        """The newest first."""
        return list(self._connection.newest(_at(app, "builds"), payloads.Build, by="created_at", most=most))

    def build(self, app: str, build: str) -> payloads.Build:
        return self._connection.get(_at(app, "builds", build), payloads.Build)

    def create_build(self, app: str, url: str, version: str, description: str) -> payloads.Build:
        """Let Heroku fetch the tarball at ``url``, which nobody else should read, and build it."""
        blob: dict[str, JSON] = {"url": url, "version": version, "version_description": description}
        return self._connection.post(_at(app, "builds"), {"source_blob": blob}, payloads.Build)

    def cancel_build(self, app: str, build: str) -> None:
        """Stop a build that is pending."""
        self._connection.delete(_at(app, "builds", build))

    def releases(self, app: str, most: int) -> Iterator[payloads.Release]:
        """The newest first, page by page as they are wanted."""
        return self._connection.newest(_at(app, "releases"), payloads.Release, by="version", most=most)

    def release(self, app: str, release: str) -> payloads.Release:
        return self._connection.get(_at(app, "releases", release), payloads.Release)

    def roll_back(self, app: str, release: str) -> payloads.Release:
        """A new release with the slug and the config vars of an earlier one."""
        return self._connection.post(_at(app, "releases"), {"release": release}, payloads.Release)

    def commit_of(self, app: str, slug: str) -> str | None:
        """The commit that a slug was built of, None where that is not known any more."""
        try:
            return self._connection.get(_at(app, "slugs", slug), payloads.Slug).commit
        except NotThere:
            return None

    def pipeline_of(self, app: str) -> str | None:
        """The id of the pipeline that the app is in, None where it is in none."""
        try:
            return self._connection.get(_at(app, "pipeline-couplings"), payloads.Coupling).pipeline.id
        except NotThere:
            return None

    def pipeline(self, pipeline: str) -> str:
        """The id of a pipeline, by its name or its id."""
        return self._connection.get(f"/pipelines/{_quoted(pipeline)}", payloads.Pipeline).id

    def promote(self, pipeline: str, source: str, target: str) -> payloads.Promotion:
        """A release of the app ``target`` with the slug that the app ``source`` has now; all three by their ids."""
        body: dict[str, JSON] = {
            "pipeline": {"id": pipeline},
            "source": {"app": {"id": source}},
            "targets": [{"app": {"id": target}}],
        }
        return self._connection.post("/pipeline-promotions", body, payloads.Promotion)

    def promotion_target(self, promotion: str) -> payloads.PromotionTarget | None:
        """What has become of a promotion to one app; None while Heroku has not come to it."""
        path = f"/pipeline-promotions/{_quoted(promotion)}/promotion-targets"
        return next(iter(self._connection.get(path, list[payloads.PromotionTarget])), None)


def _at(app: str, *rest: str) -> str:
    return "/".join(["/apps", _quoted(app), *map(_quoted, rest)])


def _quoted(part: str) -> str:
    return quote(part, safe="")
