"""What a message means to whoever wants it deployed: the ref of a page that it links to, or what a card is about."""

from __future__ import annotations

from bot.context import Context
from bot.core.deployments.model import Deployment
from bot.core.events.external import AboutMessage
from bot.core.grammar import pasted
from bot.core.grammar.pasted import Named
from bot.core.modals import messages
from bot.core.modals.model import APP, TO, WHAT, Filled, Modal
from bot.core.rich_text import Line
from bot.services import boards, forms
from bot.settings import AppSettings


def form(context: Context, about: AboutMessage) -> Modal:
    """The deploy modal, with as much of it filled in as the message tells the asker, and why where that is nothing."""
    chosen, remark = meant(context, about)
    return forms.deploy(context, chosen, remark)


def meant(context: Context, about: AboutMessage) -> tuple[Filled, Line]:
    """What is chosen by the message, and what is to be said of it. Nobody is told of apps that they may not see."""
    card = _card(context, about)
    if card is not None:
        return ((APP, card.app), (TO, card.environment), (WHAT, card.ref)), ()
    seen = [app for app in context.settings.apps.values() if boards.may_see(context, app)]
    host = context.settings.vocabulary(context.here).web_host
    pages = [page for link in about.links if (page := pasted.page(link, host)) is not None]
    ours = [(page, app) for page in pages if (app := _app(context, page, seen)) is not None]
    named = [one for one in ours if one[0].ref or one[0].environment] or ours
    if named:
        page, app = named[0]
        values = ((APP, app.name), (TO, _environment(page, app)), (WHAT, page.ref))
        return tuple((name, value) for name, value in values if value), _remark(page, [one for one, _ in named])
    if pages:
        return (), messages.of_another_repository(pages[0].repository, _repositories(seen))
    return (), messages.names_nothing()


def _card(context: Context, about: AboutMessage) -> Deployment | None:
    """The deployment of a message of ours, where the asker may see it."""
    found = context.reads.by_request(about.deployment) if about.deployment else None
    if found is None and context.where.message:
        there = context.reads.in_thread(context.where.channel, context.where.message)
        found = next((one for one in there if one.parent == context.where.message), None)
    app = context.settings.apps.get(found.app) if found else None
    return found if app is not None and boards.may_see(context, app) else None


def _app(context: Context, page: Named, seen: list[AppSettings]) -> AppSettings | None:
    """The app whose code is there: the channel's own where it is one of several."""
    found = [app for app in seen if app.repository.casefold() == page.repository.casefold()]
    return next((app for app in found if app.name == context.here), next(iter(found), None))


def _repositories(seen: list[AppSettings]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for app in seen:
        found.setdefault(app.repository, []).append(app.name)
    return found


def _environment(page: Named, app: AppSettings) -> str | None:
    named = page.environment
    return named if named is not None and app.environment(named) is not None else None


def _remark(page: Named, named: list[Named]) -> Line:
    others = {one for one in named if one != page}
    return messages.names_several(page.ref or page.repository) if page.ref and others else ()
