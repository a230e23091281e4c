"""What ``python -m bot check`` says of an environment behind a deploy hook, which is not asked: it would deploy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.adapters.hooks.client import host_of
from bot.core.errors import Rejected
from bot.core.hooks import templates
from bot.core.ports.chat import Finding
from bot.providers.http.settings import Settings
from bot.providers.http.variables import CALLBACKS, Variables
from bot.settings import process_environment
from bot.settings.environment import from_environment


def doctor(settings: Settings) -> Sequence[Finding]:
    """Whether all that it needs of the environment is there, and somebody can tell how a deployment ends."""
    return [*_variables(settings, Variables(settings)), *_ends(settings), *_in_the_clear(settings)]


def _variables(settings: Settings, variables: Variables) -> Iterator[Finding]:
    for name in variables.missing():
        mend = "Set it in the bot's environment."
        if name == settings.secret:
            mend = "Make one up (openssl rand -hex 32), and set it for the hook, and for `web` and `worker` of the bot."
        yield Finding(False, f"{name} is not set", mend)
    if settings.secret in variables.missing():
        return
    try:
        variables.signing()
    except Rejected as error:
        yield Finding(False, str(error))


def _ends(settings: Settings) -> Iterator[Finding]:
    base = from_environment(process_environment(), []).base_url
    if base is not None:
        yield Finding(True, f"the hook may call back at {base}{CALLBACKS}…")
    if settings.poll is not None:
        yield Finding(True, f"it is asked every {settings.poll.every.total_seconds():.0f} s how it goes on")
    if base is None and settings.poll is None:
        yield Finding(
            False,
            "nobody could tell how a deployment ends, so none is begun",
            "Set BASE_URL to the public address of the web process, so that the hook can call back, or `poll`.",
        )


def _in_the_clear(settings: Settings) -> Iterator[Finding]:
    urls = [*settings.asked, *(part.url for part in (settings.poll, settings.cancel) if part is not None)]
    for url in dict.fromkeys(urls):
        if url.lower().startswith("http://") and not _is_near(url):
            what = f"what is sent to {host_of(url)} is not encrypted"
            yield Finding(True, what, "write https:// where it speaks it", warning=True)


def _is_near(url: str) -> bool:
    """What stays on the machine, or in a network of ours, may go as it is; and who knows what a variable holds."""
    host = host_of(url).partition(":")[0]
    return "." not in host or host.startswith("127.") or bool(templates.variables_in(host))
