"""Faults of the bot's own, sent to Sentry where SENTRY_DSN names a project; the only module that imports its SDK."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from structlog.typing import EventDict

from bot import __version__

if TYPE_CHECKING:
    from bot.logs import Logs

T = TypeVar("T")
TAGS = ("deployment", "delivery", "effect", "lane", "handler", "thread")
"""What of a line is sent along with its exception, to look it up in the log."""
FLUSH = 2.0
"""Seconds that are left for what is on its way when the process ends."""


def report_faults(logs: Logs, dsn: str, process: str) -> None:
    """Send each kind of fault once that the log shows a traceback of; outages and refusals are none.

    No value of a variable, no line of the log, no name of the machine goes along, and secrets are masked.
    """
    import sentry_sdk

    def masked(event: Any, _: Any) -> Any:
        return _scrubbed(event, logs.mask.text)

    sentry_sdk.init(
        dsn,
        release=f"shipmate@{__version__}",
        # Nothing is listened to, patched or looked up by itself.
        default_integrations=False,
        auto_enabling_integrations=False,
        include_local_variables=False,
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
        server_name="",
        before_send=masked,
    )

    def report(error: BaseException, line: EventDict) -> None:
        with sentry_sdk.new_scope() as scope:
            scope.set_tag("process", process)
            scope.set_tag("event", str(line.get("event", "")))
            for name in TAGS:
                if line.get(name) is not None:
                    scope.set_tag(name, str(line[name]))
            sentry_sdk.capture_exception(error)

    logs.faults.report = report
    logs.before_end = lambda: sentry_sdk.flush(FLUSH)


def _scrubbed(value: T, mask: Callable[[str], str]) -> T:
    """All texts in it, names included, without secrets."""
    if isinstance(value, str):
        return cast("T", mask(value))
    if isinstance(value, dict):
        return cast("T", {_scrubbed(name, mask): _scrubbed(one, mask) for name, one in value.items()})
    if isinstance(value, list | tuple):
        return cast("T", type(value)(_scrubbed(one, mask) for one in value))
    return value
