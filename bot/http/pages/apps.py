"""The page of an app: how it stands, its delivery figures, and its history with filters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.core.board.page_messages import app_address
from bot.core.deployments.history import Page, Wanted
from bot.core.deployments.history_filters import FILTERS, LONGEST, wanted
from bot.core.deployments.history_messages import STATES, history_line
from bot.core.errors import Rejected
from bot.core.figures.charts import HEIGHT, Chart, charts
from bot.core.figures.weekly import WEEKS, weekly
from bot.core.names import listed
from bot.core.ports.transaction import Reads
from bot.http.pages.access import Reader
from bot.http.pages.board import LARGEST
from bot.http.pages.linked import html
from bot.http.pages.site import Site
from bot.http.pages.standings import Standings
from bot.settings import AppSettings

SIZES = (50, 30, 15)
"""So many deployments are on a page: as many as there is room for."""
MOST_CHARTED = 3
"""Of so many environments there are charts; of any other, where it is chosen."""
NOTHING = Page(())


def routes(site: Site) -> list[Route]:
    return [Route("/apps/{app}", site.page(show))]


def show(site: Site, request: Request, reader: Reader) -> Response:
    app = site.settings.app(request.path_params["app"])
    if app is None:
        return _unknown(site, reader, request.path_params["app"])
    reads = site.store.reads()
    asked, problem = Wanted(app.name), ""
    try:
        asked = wanted(app.name, request.query_params, list(app.environments), partial(_place, reads, app))
    except Rejected as error:
        problem = str(error)
    drawn = _Drawn(site, reader, reads, app, _filters(request, asked))
    charted = _charted(site, reads, app, asked) if not problem else []
    for size in SIZES:
        found = reads.histories.page(asked, size) if not problem else NOTHING
        page = drawn.page(found, charted, problem)
        if len(page.body) <= LARGEST:
            break
    return page


def _filters(request: Request, asked: Wanted) -> dict[str, str]:
    """As the form shows them: what was understood, in our words."""
    given = {name: request.query_params.get(name, "").strip()[:LONGEST] for name in FILTERS}
    return given | {name: str(value) for name in FILTERS if (value := getattr(asked, name)) is not None}


def _unknown(site: Site, reader: Reader, name: str) -> Response:
    """Whoever may see this page alone is not told which others there are."""
    others = f" There are {listed(list(site.settings.apps))}." if reader.scope == "/" else ""
    return site.missing(reader, f"There is no app called “{name[:100]}”.{others}")


def _place(reads: Reads, app: AppSettings, name: str) -> str | None:
    """The full name of an environment: by an alias, of a preview, or of one that there was before."""
    aliased = next((one.name for one in app.environments.values() if name in one.aliases), None)
    if aliased is not None:
        return aliased
    there = app.environment(name) is not None or reads.history(app=app.name, environment=name, ref=None, limit=1)
    return name if there else None


@dataclass(frozen=True, slots=True)
class Charted:
    """The figures of an environment."""

    environment: str
    charts: tuple[Chart, ...]


def _charted(site: Site, reads: Reads, app: AppSettings, asked: Wanted) -> list[Charted]:
    """Of the environment that is looked at, else of those that people outside use."""
    names = [asked.environment] if asked.environment else [one.name for one in app.productions[:MOST_CHARTED]]
    now, zone = site.store.database.clock.now(), site.settings.bot.timezone
    return [Charted(name, charts(weekly(reads.figures, app.name, name, now, zone))) for name in names]


class _Drawn:
    """The page of an app for one reader, but for what is listed on it."""

    def __init__(self, site: Site, reader: Reader, reads: Reads, app: AppSettings, filters: dict[str, str]) -> None:
        self._filters = filters
        self._site, self._reader, self._app = site, reader, app
        self._standings = Standings(reads, [app], site.store.database.clock.now())
        self._path = app_address(app.name)

    def page(self, found: Page, charted: list[Charted], problem: str) -> Response:
        link = partial(self._site.access.link, self._reader)
        filters = self._filters
        set_ = {name: value for name, value in filters.items() if value and name != "before"}
        return self._site.draw(
            self._reader,
            "app.html",
            400 if problem else 200,
            html=partial(html, link=link, zone=self._site.settings.bot.timezone),
            app=self._app.name,
            rows=self._standings.lines(self._standings.apps[0]),
            charted=charted,
            height=HEIGHT,
            weeks=WEEKS,
            path=self._path,
            filters=filters,
            filtered=bool(set_),
            problem=problem,
            environments=list(dict.fromkeys((*self._app.environments, *filter(None, (filters["environment"],))))),
            states=STATES,
            people=sorted({one.by.name for one in found.deployments}, key=str.casefold),
            history=[history_line(one) for one in found.deployments],
            older=link(self._path, **set_, before=found.before) if found.before is not None else None,
            newest=link(self._path, **set_) if filters["before"] else None,
            cut=found.cut,
        )
