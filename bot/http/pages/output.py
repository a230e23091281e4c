"""What was written while a deployment ran: a window of it for its page, and all of it as a file."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from bot.adapters.storage.output import FIRST_KEPT
from bot.core.ansi import colourless
from bot.core.deployments.model import Deployment
from bot.http.pages.access import Reader
from bot.http.pages.drawing import guarded
from bot.http.pages.lines import Numbered
from bot.http.pages.site import Seated, Site

LINES = 200
"""So many lines of output are on a page at most."""
BATCH = 500
"""So many are read at once for a file."""
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Window:
    """Lines of output from one on: from the number that was ``wanted``, None for the newest.

    ``total`` is how many there were so far, those that were left out among them; ``earlier`` where the window before
    this one begins, None where there is none.
    """

    lines: Sequence[Numbered]
    wanted: int | None
    total: int
    earlier: int | None = None

    @property
    def first(self) -> int:
        return self.lines[0][0] if self.lines else 0

    @property
    def following(self) -> int:
        """The number of the line after the last of them."""
        return self.lines[-1][0] + 1 if self.lines else self.total

    @property
    def reaches_the_end(self) -> bool:
        return self.following >= self.total


def window(site: Site, deployment: Deployment, wanted: int | None) -> Window:
    """Raises Unavailable."""
    reads, total = site.store.reads(), site.store.output.next_number(deployment.id)
    begin = max(0, total - LINES) if wanted is None else wanted
    lines = reads.output_from(deployment.id, begin, LINES)
    first = lines[0][0] if lines else 0
    earlier = max(0, first - LINES) if first else None
    if earlier is not None and earlier > FIRST_KEPT - LINES:
        # Before the newest there may be a gap.
        before = reads.output_from(deployment.id, earlier, 1)
        earlier = earlier if before and before[0][0] < first else max(0, FIRST_KEPT - LINES)
    return Window(lines, wanted, total, earlier)


async def download(site: Site, request: Request, _reader: Reader) -> Response:
    """All of it without its colours. Raises Unavailable and Busy."""
    reads = site.store.reads()
    one = await site.apart(partial(reads.by_request, request.path_params["request_id"]))
    if one is None:
        return guarded(Response("There is no such deployment here.\n", 404, media_type=PLAIN))
    first = await site.apart(partial(reads.output_from, one.id, 0, BATCH))
    name = _UNFIT.sub("-", f"{one.app}-{one.environment}-{one.id}").strip("-.")
    headers = {"Content-Disposition": f'attachment; filename="{name}.txt"'}
    if request.method == "HEAD":
        return guarded(Response(media_type=PLAIN, headers=headers))
    return guarded(Seated(site, _all(site, one.id, first), media_type=PLAIN, headers=headers))


async def _all(site: Site, deployment_id: int, lines: Sequence[Numbered]) -> AsyncIterator[str]:
    following = 0
    while lines:
        yield "".join(_text(lines, following))
        following = lines[-1][0] + 1
        read = partial(site.store.reads().output_from, deployment_id, following, BATCH)
        lines = await site.patiently(read) if len(lines) == BATCH else ()


def _text(lines: Sequence[Numbered], following: int) -> Iterator[str]:
    for number, line in lines:
        if number > following:
            yield f"… {number - following:,} lines left out …\n"
        yield f"{colourless(line)}\n"
        following = number + 1
