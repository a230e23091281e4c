"""The page of one deployment: how it stands, who and what, how it got there, and what was written meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.core.ansi import cut
from bot.core.audit import messages as audit_messages
from bot.core.deployments import ships, thread
from bot.core.deployments.card import Around, card
from bot.core.deployments.model import DEPLOY, Deployment, StepRun, Waiting
from bot.core.deployments.wording import spoken, where
from bot.core.names import listed
from bot.core.ports.transaction import Reads
from bot.core.rich_text import Bold, Code, Line, Link, Moment, Span, plain
from bot.http.pages import lines
from bot.http.pages.access import Reader
from bot.http.pages.output import Window, download, window
from bot.http.pages.site import Site
from bot.http.pages.stream import stream

LARGEST = 34_000
"""Bytes of a page: with stylesheet and script less than 50 kB."""
SHARES = (1.0, 0.5, 0.25, 0.1, 0.0)
"""How much is shown of long lists, where all that may be shown of them is too much together."""
MOST_CHANGES = 60
MOST_DECISIONS = 40
MOST_STEPS, FEWEST_STEPS = 50, 8
LONGEST = 300
"""So many characters are shown of what somebody said."""
LONGEST_NAME = 80
LONGEST_URL = 1_000
UNKNOWN = "There is no such deployment here. The link may lack a part of what it had."


def routes(site: Site) -> list[Route]:
    path = "/deployments/{request_id}"
    return [
        Route(path, site.page(show)),
        Route(f"{path}/output", site.endpoint(stream)),
        Route(f"{path}/output.txt", site.endpoint(download)),
    ]


def show(site: Site, request: Request, reader: Reader) -> Response:
    reads = site.store.reads()
    one = reads.by_request(request.path_params["request_id"])
    if one is None:
        return site.missing(reader, UNKNOWN)
    found = _found(site, reads, one, request.query_params.get("from", ""))
    for share in SHARES:
        drawn = _draw(site, reader, found, share)
        if len(drawn.body) <= LARGEST:
            break
    return drawn


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that a page is drawn from. ``related`` are other deployments, each with what it is to this one."""

    deployment: Deployment
    around: Around
    decided: Sequence[Line]
    approvals: Sequence[Line]
    related: Sequence[tuple[str, Deployment]]
    output: Window


def _found(site: Site, reads: Reads, one: Deployment, wanted: str) -> Found:
    related = ((word, reads.deployment(number)) for word, number in _numbers(one) if number is not None)
    # People count from one.
    begin = int(wanted) - 1 if wanted.isascii() and wanted.isdigit() and 0 < len(wanted) < 9 else None
    return Found(
        deployment=one,
        around=_around(site, reads, one),
        decided=audit_messages.history(reads.audit.of(one.id, MOST_DECISIONS)),
        approvals=[(f"{given.by.name}, ", Moment(given.at)) for given in reads.approvals.of(one.id)],
        related=[(word, other) for word, other in related if other is not None],
        output=window(site, one, max(0, begin) if begin is not None else None),
    )


def _numbers(one: Deployment) -> Sequence[tuple[str, int | None]]:
    return (
        ("Retry of", one.retry_of),
        ("Takes back", one.rollback_of),
        ("Promoted from", one.promoted_from),
        ("Part of", one.superseded_by),
        ("Followed by", one.replaced_by),
    )


def _around(site: Site, reads: Reads, one: Deployment) -> Around:
    """As far as it can be known without asking anybody but the database."""
    app = site.settings.apps.get(one.app)
    environment = app.environment(one.environment) if app else None
    place = (one.app, one.environment)
    queued = one.waits_for is Waiting.QUEUE
    before = [other for other in reads.waiting(*place) if other.waits_for is Waiting.QUEUE] if queued else ()
    ahead = (*reads.busy(*place), *(other for other in before if other.id < one.id)) if queued else ()
    live = reads.last_success(*place) if one.ended else None
    source = reads.deployment(one.promoted_from) if one.promoted_from is not None else None
    return Around(
        production=bool(environment and environment.production),
        live=live if live is not None and live.id != one.id else None,
        ahead=ahead,
        promoted_from=source.environment if source else None,
        dashboards=tuple(environment.dashboards.items()) if environment else (),
    )


# --- drawing -----------------------------------------------------------------------------------------------------


def _draw(site: Site, reader: Reader, found: Found, share: float) -> Response:
    one, zone = found.deployment, site.settings.bot.timezone
    drawn = card(one, found.around)
    emoji, _, _ = plain(drawn.lines[0]).partition(" ")
    path = f"/deployments/{one.request_id}"
    shown = ships.moved(one) if one.task == DEPLOY else ()
    most = int(MOST_CHANGES * share)
    return site.draw(
        reader,
        "deployment.html",
        one=one,
        path=path,
        emoji=emoji,
        title=cut(" ".join(plain(drawn.lines[0]).split()), LONGEST),
        place=f"{one.app} → {where(one)}",
        headline=lines.said(_short(_news(drawn.lines[0])), zone),
        sentence=cut(plain(drawn.sentence), LONGEST),
        context=[lines.said(_short(line), zone) for line in drawn.context],
        facts=[(word, lines.said(_short(line), zone)) for word, line in _facts(one)],
        related=[(word, other, f"/deployments/{other.request_id}") for word, other in found.related],
        goes_back=ships.goes_back(one),
        changes=[lines.said(_short(ships.line(change)), zone) for change in shown[:most]],
        more_changes=len(shown[most:]) + ships.unlisted(one),
        compare=one.changes.url if lines.is_web(one.changes.url) else None,
        remarks=[lines.said(_short(line), zone) for line in ships.notes(one)] if one.task == DEPLOY else [],
        gates=[lines.said(_short(line), zone) for line in _gates(found)],
        decided=[lines.said(_short(_undotted(line)), zone) for line in found.decided[: int(MOST_DECISIONS * share)]],
        steps=_steps(one, max(FEWEST_STEPS, int(MOST_STEPS * share))),
        silence=_silence(site, one),
        **_output(found.output, share),
    )


def _silence(site: Site, one: Deployment) -> str:
    """What is said where there is no output."""
    if not one.ended:
        return "Nothing has been written yet."
    kept_for = site.settings.bot.kept_for
    if (one.finished_at or one.created_at) < site.clock.now() - kept_for:
        return f"Output is kept for {spoken(kept_for)}, so there is none left."
    return "Nothing was written, as far as the bot knows."


def _output(output: Window, share: float) -> dict[str, object]:
    """Its lines, as many as there is room for: the newest, but where some line on was wanted."""
    room = int(LARGEST * 0.6 * share)
    drawn = lines.rows(output.lines)
    kept = drawn if output.wanted is not None else drawn[::-1]
    count = 0
    for row in kept:
        room -= len(row.encode("utf-8", "replace"))
        if room < 0:
            break
        count += 1
    newest = output.wanted is None
    fits = output.lines[-count:] if newest and count else output.lines[:count]
    cut_off = len(fits) < len(output.lines)
    first, following = (fits[0][0], fits[-1][0] + 1) if fits else (0, output.total)
    earlier = max(0, first - len(output.lines)) if newest and cut_off and first else output.earlier
    return {
        "rows": lines.rows(fits),
        "total": output.total,
        "following": following,
        "earlier": earlier,
        "at_the_end": following >= output.total,
    }


def _facts(one: Deployment) -> list[tuple[str, Line]]:
    """What there is to know besides: numbers, names and times, each with its word."""
    facts: list[tuple[str, Line]] = [("Number", (f"#{one.id}",)), ("Repository", (one.repository,))]
    facts.append(("Commit", (Link(one.url, one.sha),)))
    if one.task != DEPLOY:
        facts.append(("Task", (Code(one.task),)))
    facts.append(("Asked for", (Moment(one.created_at), f" by {one.by.name}")))
    if one.started_at is not None:
        facts.append(("Started", (Moment(one.started_at),)))
    if one.finished_at is not None:
        facts.append(("Ended", (Moment(one.finished_at), *((f", after {spoken(one.took)}",) if one.took else ()))))
    if one.remote_id is not None:
        facts.append(("On GitHub", (f"deployment {one.remote_id}",)))
    if one.environment_url:
        facts.append(("Address", (Link(one.environment_url, one.environment_url),)))
    if one.log_url:
        facts.append(("Log elsewhere", (Link(one.log_url, one.log_url),)))
    return facts


def _gates(found: Found) -> list[Line]:
    """What it had to wait for, and what was passed by force, as it was kept."""
    one = found.deployment
    waited = thread.gates(replace(one, approved_by=()), found.around).lines if one.waited else ()
    yes = [("👍 approved by ", *line) for line in found.approvals]
    if not yes and one.approved_by:
        yes = [(f"👍 approved by {listed(given.name for given in one.approved_by)}",)]
    return [*waited, *yes, *((f"⚠️ past by force: {gate}",) for gate in one.forced)]


def _short(line: Line) -> Line:
    """What others said is cut where it is long, and so is a link's text."""
    return tuple(_cut(span) for span in line)


def _cut(span: Span) -> Span:
    match span:
        case str():
            return cut(span, LONGEST)
        case Link(url=url, text=text):
            return Link(url, cut(text, LONGEST)) if len(url or "") <= LONGEST_URL else cut(text, LONGEST)
        case Bold(text=text) | Code(text=text):
            return replace(span, text=cut(text, LONGEST))
        case _:
            return span


def _undotted(line: Line) -> Line:
    """An entry of the audit without the dot before it."""
    return line[1:] if line and line[0] == "• " else line


def _news(first: Line) -> Line:
    """The first line of the card behind the emoji and the name of the place."""
    return first[3:]


def _steps(one: Deployment, most: int) -> list[tuple[str, StepRun, str]]:
    """The last of them, each with its name and how long it took."""
    return [
        (cut(step.name, LONGEST_NAME), step, spoken(step.ended_at - step.started_at) if step.ended_at else "")
        for step in one.steps.runs[-most:]
    ]
