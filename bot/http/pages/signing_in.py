"""The way to Slack and back: whoever is a member of the workspace gets a session, and may end it again."""

from __future__ import annotations

import asyncio
import hmac
import re
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from secrets import token_urlsafe

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.adapters.slack.sign_in import SignIn
from bot.core.errors import NotAllowed, ShipmateError, Unavailable
from bot.core.ports.chat import Person
from bot.http.pages.access import CALLBACK, NEXT, SESSION, SIGN_IN, SIGN_OUT, SIGNED_IN_FOR
from bot.http.pages.drawing import guarded
from bot.http.pages.site import Site

log = structlog.get_logger(__name__)

BROWSER = "shipmate_sign_in"
"""The cookie that ties the way back to the browser that went, and the purpose of its signature."""
ON_THE_WAY_SECONDS = 600
# A path of this site: neither //elsewhere nor /\elsewhere, which browsers take for it, and no end of a header's line.
_PATH = re.compile(r"/(?:[^/\\\x00-\x20\x7f][^\\\x00-\x20\x7f]{0,1000})?")
_CODE = re.compile(r"[\x21-\x7e]{1,500}")
TOLD_EVERY = 60.0
REASONS = 20
"""So many reasons are told apart in that time: there are fewer, but for names of workspaces."""


@dataclass(slots=True)
class TurnedAway:
    """Tells each reason in one line a minute: strangers fill no log, however many codes they make up."""

    _told: dict[str, float] = field(default_factory=dict)

    def note(self, reason: str) -> None:
        now = asyncio.get_running_loop().time()
        self._told = {one: at for one, at in self._told.items() if now - at < TOLD_EVERY}
        if reason not in self._told and len(self._told) < REASONS:
            self._told[reason] = now
            log.warning("not signed in", reason=reason)


def routes(site: Site) -> list[Route]:
    """None where nobody can sign in."""
    found = site.sign_in
    if found is None:
        return []
    return [
        Route(SIGN_IN, site.answering(partial(_go, site, found))),
        Route(CALLBACK, site.answering(partial(_come_back, site, found, TurnedAway()))),
        Route(SIGN_OUT, site.answering(partial(_leave, site)), methods=["POST"]),
    ]


async def _go(site: Site, sign_in: SignIn, request: Request) -> Response:
    """To Slack, with a state that only this browser can bring back."""
    await site.ready()
    browser, nonce = token_urlsafe(32), token_urlsafe(32)
    until = site.clock.now() + timedelta(seconds=ON_THE_WAY_SECONDS)
    there = {"browser": browser, "nonce": nonce, "next": own_path(request.query_params.get(NEXT, ""))}
    answer = RedirectResponse(sign_in.address(site.signatures.token(BROWSER, there, until), nonce), 303)
    _set(site, answer, BROWSER, browser, ON_THE_WAY_SECONDS)
    return guarded(answer)


async def _come_back(site: Site, sign_in: SignIn, turned_away: TurnedAway, request: Request) -> Response:
    """From Slack: nothing is asked of it before the state is found to be ours, and this browser's."""
    await site.ready()
    asked, now = request.query_params, site.clock.now()
    there = site.signatures.read(BROWSER, asked.get("state", ""), now)
    cookie = request.cookies.get(BROWSER, "")
    if there is None or not hmac.compare_digest(there["browser"].encode(), cookie.encode()):
        return _refused(site, "This way back from Slack is not yours, or was used before.")
    code = asked.get("code", "")
    if "error" in asked or not _CODE.fullmatch(code):
        return _refused(site, "Slack has let nobody in: you may have declined there.")
    try:
        person = await site.for_a_stranger(partial(sign_in.person, code, there["nonce"]))
    except NotAllowed as error:
        turned_away.note(str(error))
        return _refused(site, str(error), 403)
    except Unavailable as error:
        log.warning("not signed in", reason=str(error), during=error.service)
        return site.trouble("Slack does not answer just now; please sign in again in a moment.")
    except ShipmateError as error:
        turned_away.note(str(error))
        return _refused(site, "Slack did not confirm who you are.")
    return _let_in(site, person, there["next"])


def _let_in(site: Site, person: Person, path: str) -> Response:
    said = {"person": person.id, "name": person.name}
    token = site.signatures.token(SESSION, said, site.clock.now() + SIGNED_IN_FOR)
    answer = RedirectResponse(f"{site.access.root}{path}", 303)
    _set(site, answer, SESSION, token, int(SIGNED_IN_FOR.total_seconds()))
    _drop(site, answer, BROWSER)
    log.info("signed in", person=person.id)
    return guarded(answer)


async def _leave(site: Site, request: Request) -> Response:
    """CSRF: a form of another site comes without the cookie, which is ``SameSite``, and so it ends nothing."""
    answer = site.draw(None, "said.html", title="Signed out", said=("You are signed out on this browser.",))
    if SESSION in request.cookies:
        _drop(site, answer, SESSION)
    return answer


def _refused(site: Site, why: str, status: int = 401) -> Response:
    answer = site.refused_because((why,), status)
    _drop(site, answer, BROWSER)
    return answer


def own_path(path: str) -> str:
    """The path where it leads to this site, else the first page: nobody is sent elsewhere from here.

    >>> own_path("/apps/web?state=failed"), own_path("//evil.example"), own_path("/\\\\evil.example")
    ('/apps/web?state=failed', '/', '/')
    """
    return path if _PATH.fullmatch(path) else "/"


def _set(site: Site, answer: Response, name: str, value: str, seconds: int) -> None:
    """For this site and this browser alone, out of reach of scripts, and of other sites' forms."""
    answer.set_cookie(
        name, value, max_age=seconds, path=site.access.root or "/", secure=site.is_secure, httponly=True, samesite="lax"
    )


def _drop(site: Site, answer: Response, name: str) -> None:
    answer.delete_cookie(name, path=site.access.root or "/", secure=site.is_secure, httponly=True, samesite="lax")
