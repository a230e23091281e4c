"""``python -m bot`` and the name of a process: where processes begin, open their ports and start their threads."""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import socket
import sys
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

if sys.argv[1:2] == ["web"]:
    # structlog loads rich where it finds it, for tracebacks in colour that are never printed here: 5 MB of 80.
    sys.modules["rich"] = None  # type: ignore[assignment]

import structlog

from bot import __version__, tasks, tokens
from bot.adapters.system.dumpable import forbid_dumps
from bot.core.errors import Rejected, ShipmateError, Unavailable
from bot.database import bring_up_to_date
from bot.logs import TICK, Logs, log_to
from bot.settings import SettingsProblems, load, process_environment, requirements_missing, secret_values
from bot.settings.current import CurrentSettings
from bot.settings.environment import Process

if TYPE_CHECKING:
    from slack_bolt import App

    from bot.adapters.slack.bolt_app import Listening
    from bot.adapters.slack.chat import Slack
    from bot.adapters.storage.store import Store
    from bot.app import Bot
    from bot.http.metrics import Meter
    from bot.http.server import Monitors
    from bot.settings import Settings

log = structlog.get_logger("bot")

HOME = Path(".shipmate")
"""Where ``talk`` keeps its sample, its database and what it deploys."""
SWITCH_EVERY = 0.0003
"""Seconds after which a thread that computes lets another one go on; Python's own 0.005 are a long wait among many."""


@dataclass(frozen=True, slots=True)
class Task:
    """What ``python -m bot NAME`` does: ``line`` says it in the help, ``options`` adds arguments besides the settings.

    ``do`` is given what was typed, with ``settings`` the path of the settings file, if any; it returns an exit code and
    raises ShipmateError.
    """

    line: str
    do: Callable[[Namespace], int]
    options: Callable[[ArgumentParser], None] = lambda _: None


def main(arguments: list[str] | None = None) -> int:
    """Run one process; returns its exit code."""
    try:
        # First of all: commands of earlier deployments may be running and look.
        forbid_dumps()
        given = _read(arguments)
        # What ends by itself says in its answer what became of it; a process that goes on logs more than that.
        log_to(sys.stderr, least=logging.ERROR)
        return TASKS[given.process].do(given)
    except SettingsProblems as error:
        for problem in error.problems:
            print(f"✗ {problem}", file=sys.stderr)
        return 1
    except ShipmateError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _read(arguments: list[str] | None) -> Namespace:
    parser = ArgumentParser(prog="python -m bot", description="Shipmate, a deployment bot.")
    parser.add_argument("--version", action="version", version=f"Shipmate {__version__}")
    processes = parser.add_subparsers(dest="process", required=True, metavar="PROCESS")
    for name, task in TASKS.items():
        process = processes.add_parser(name, help=task.line, description=task.line)
        process.add_argument(
            "--settings", type=Path, help="the settings file (default: $SHIPMATE_SETTINGS, else settings.toml)"
        )
        task.options(process)
    return parser.parse_args(arguments)


def _since(process: ArgumentParser) -> None:
    since = "a duration (7d), a date (2026-03-01) or a moment (default: everything)"
    process.add_argument("--since", default="1970-01-01", help=since)


def _of_check(process: ArgumentParser) -> None:
    mend = "ask what is to become of what the settings no longer name"
    process.add_argument("--mend", action="store_true", help=mend)
    gallery = "ask Slack of every message that the bot may send whether it would take it; nothing is posted"
    process.add_argument("--gallery", action="store_true", help=gallery)


def _no_browser(process: ArgumentParser) -> None:
    process.add_argument("--no-browser", action="store_true", help="only print links; open none")


def _names(process: ArgumentParser) -> None:
    process.add_argument("names", nargs="+", metavar="NAME", help="as `check` gives it")


def talk(given: Namespace) -> int:
    from bot.adapters.system.directories import disk_errors, make_private_file, make_private_place
    from bot.app import talking
    from bot.context import SkippableClock
    from bot.http.api.app import Api
    from bot.http.loopback import Loopback
    from bot.http.pages.site import Site
    from bot.http.server import signatures
    from bot.talk.console import Terminal, console, local_zone
    from bot.talk.sample import prepare
    from bot.talk.session import Talk, greeting
    from bot.talk.session import run as converse
    from bot.talk.simulation import Simulator

    with disk_errors(writing=HOME):
        make_private_place(HOME)
        make_private_file(HOME / "talk.log")
        log_to((HOME / "talk.log").open("a", encoding="utf-8"))
    settings = load(given.settings or prepare(HOME), {})
    clock = SkippableClock()
    loopback, channel = Loopback(), next(iter(settings.apps.values())).channel
    terminal = Terminal(console(), channel=channel, zone=local_zone(), pages=loopback.address)
    bot, parts, forge = talking(settings, HOME, terminal, clock, loopback.address)
    parts.launch()
    site = Site(settings, parts.store, signatures(settings, parts.store))
    loopback.serve(site, Api(parts.settings, parts.store, parts.engine.nudge))
    app = next(iter(settings.apps.values()))
    terminal.greet(greeting(forge, app.repository, app.default_environment or next(iter(app.environments))))
    repositories = [one.repository for one in settings.apps.values()]
    world = Simulator(bot, terminal, forge, clock, repositories, loopback.address)
    code = 1
    try:
        code = converse(Talk(world, name=settings.bot.name), HOME)
    finally:
        parts.stop()
        _leave(code)


def run(given: Namespace) -> int:
    return _work(given.settings, "run", web=True)


def web(given: Namespace) -> int:
    """Without the engine and all that it works with: most of the memory of the other processes."""
    from bot.adapters.storage.clock import DatabaseClock
    from bot.adapters.storage.engine import WEB_CONNECTIONS, connect
    from bot.adapters.storage.store import Store
    from bot.context import SystemClock
    from bot.http.metrics import Meter
    from bot.http.server import of_listener, slack_app, slack_client

    settings, stop, logs = _begin(given.settings, "web")
    current = CurrentSettings(settings)
    clock = DatabaseClock(SystemClock())
    store = Store(connect(settings.secrets.database_url.get_secret_value(), pool_size=WEB_CONNECTIONS), clock)
    bring_up_to_date(store.database, "web")
    meter = Meter()

    def slack() -> App:
        # One-time passwords are kept in memory only, so from this process none can reach the one that deploys.
        return slack_app(current, slack_client(settings, clock, meter), store, lambda: None, lambda *_: None)

    close_port = _open_port(current, store, lambda: None, slack, of_listener(meter, store))
    _wait_for_end("web", stop, logs, _reloading(current, given.settings, "web", store))
    close_port()
    logs.end()
    _leave(0)


def worker(given: Namespace) -> int:
    return _work(given.settings, "worker", web=False)


def _work(settings_file: Path | None, process: Process, *, web: bool) -> int:
    """Run until SIGTERM or Ctrl-C; then finish what is at hand and leave."""
    from bot.adapters.storage.engine import WORKER_CONNECTIONS
    from bot.app import real
    from bot.http.metrics import Meter
    from bot.mend import Mender

    settings, stop, logs = _begin(settings_file, process)
    meter = Meter()
    bot = real(settings, connections=WORKER_CONNECTIONS - 1 if web else WORKER_CONNECTIONS, measures=meter)
    bot.engine.reserve()
    bring_up_to_date(bot.store.database, process)
    metrics_port = None if web else _metrics_port(settings)
    with suppress(Unavailable):
        Mender(bot.store, settings).log()
    bot.launch()
    listening = _listen_to_slack(bot)
    told = _told_by(bot, meter, listening)
    if web:
        close_port = _open_port(bot.settings, bot.store, bot.engine.nudge, lambda: _slack_app(bot), told)
    else:
        close_port = _show_metrics(metrics_port, bot.settings, bot.store, told)
    close_slack = listening.close if listening is not None else lambda: None
    _wait_for_end(process, stop, logs, _reloading(bot.settings, settings_file, process, bot.store))
    # Closing waits up to three seconds for Slack, which the work at hand may need; what still comes is stored.
    threading.Thread(target=close_slack, name="leaving Slack", daemon=True).start()
    (closing := threading.Thread(target=close_port, name="closing the port", daemon=True)).start()
    bot.stop()
    closing.join(10)
    logs.end()
    _leave(0)


def _begin(settings_file: Path | None, process: Process) -> tuple[Settings, int, Logs]:
    """The settings, a file descriptor that tells of signals, and the log. Raises SettingsProblems."""
    sys.setswitchinterval(SWITCH_EVERY)
    stop, logs = _signals(), log_to(sys.stderr)
    settings = load(settings_file, process_environment())
    logs.hide(secret_values(settings.secrets))
    missing = requirements_missing(settings, process)
    if missing:
        raise SettingsProblems(missing)
    if (dsn := settings.secrets.sentry_dsn) is not None:
        from bot.logs.fault_reports import report_faults

        report_faults(logs, dsn.get_secret_value(), process)
    return settings, stop, logs


def _signals() -> int:
    """A file descriptor from which the numbers of SIGTERM, SIGINT and SIGHUP can be read, a byte each, once they come.

    Not an Event: its ``set`` in a handler waits for ever for the lock that its ``wait`` holds at that moment; and a
    signal that reaches another thread does not wake the main one, which alone runs handlers. This wakes it always
    (docs.python.org/3/library/signal.html#signal.set_wakeup_fd).
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return reading


def _reloading(current: CurrentSettings, file: Path | None, process: Process, store: Store) -> Callable[[], None]:
    """What reads the settings again; from now on that is also done where `python -m bot reload` asks for it."""
    from bot.reloading import LOOKED_EVERY, Reloading

    reloading = Reloading(current, file, process, store.notebook)

    def look() -> None:
        while True:
            reloading.look()
            time.sleep(LOOKED_EVERY)

    threading.Thread(target=look, name="settings", daemon=True).start()
    return reloading.reload


def _wait_for_end(process: Process, signals: int, logs: Logs, reload: Callable[[], None] = lambda: None) -> None:
    """``reload`` is called at SIGHUP, unless that came because the terminal is gone."""
    terminal = os.isatty(0)
    # What is loaded by now stays: looking through it at each full collection would hold webhooks up for 50 ms.
    gc.collect()
    gc.freeze()
    log.info("ready", process=process, version=__version__)
    while True:
        came = os.read(signals, 64) if select.select([signals], [], [], TICK)[0] else b""
        if came.strip(bytes([signal.SIGHUP])) or (came and terminal and not os.isatty(0)):
            break
        if came:
            reload()
        logs.tick()
    log.info("stopping", process=process)


def _listen_to_slack(bot: Bot) -> Listening | None:
    """Open Socket Mode, where there is an app token."""
    token = bot.settings().secrets.slack_app_token
    if token is None:
        return None
    from bot.adapters.slack.bolt_app import Listening

    return Listening(_slack_app(bot), token.get_secret_value())


def _told_by(bot: Bot, meter: Meter, listening: Listening | None) -> Monitors:
    """What a process with an engine tells monitors of itself."""
    from bot.http.metrics import Vitals
    from bot.http.server import Monitors

    connected = listening.connected if listening is not None else None
    vitals = Vitals(bot.store.database.pool, bot.engine.in_hand, connected)
    return Monitors(meter, vitals, bot.engine.obstacles)


def _slack_app(bot: Bot) -> App:
    from bot.http.server import slack_app

    chat, suggest = cast("Slack", bot.chat), bot.pipeline.suggestions
    return slack_app(bot.settings, chat, bot.store, bot.engine.nudge, bot.passwords.put, suggest)


def _open_port(
    settings: CurrentSettings, store: Store, stored: Callable[[], None], slack: Callable[[], App], process: Monitors
) -> Callable[[], None]:
    """The listener, in a thread of its own; on PORT, all addresses, as Heroku wants it. What closes it again.

    Raises Rejected where the port is taken.
    """
    from bot.adapters.storage.batching_inbox import BatchingInbox
    from bot.http.server import listener, server_of
    from bot.runtime.decoder import labels

    intake = BatchingInbox(store.database)
    server = server_of(listener(settings, store, intake, labels(settings), stored, slack, process))
    opened = _opened(settings().secrets.port, server.config.backlog)
    thread = threading.Thread(target=server.run, args=([opened],), name="listener", daemon=True)
    thread.start()

    def close() -> None:
        """Answer what has come in, and take nothing more."""
        server.should_exit = True
        thread.join(9)

    return close


def _metrics_port(settings: Settings) -> socket.socket | None:
    """Where METRICS_PORT is set: its own, before anything begins. Raises Rejected where it is taken."""
    port = settings.secrets.metrics_port
    return None if port is None else _opened(port, 16, " Set METRICS_PORT to another one, or unset it.")


def _show_metrics(
    opened: socket.socket | None, settings: CurrentSettings, store: Store, told: Monitors
) -> Callable[[], None]:
    """The pages for monitors alone, on this port; what closes it again."""
    if opened is None:
        return lambda: None
    from bot.http.server import monitor_server, monitored

    server = monitor_server(monitored(settings, store, told))
    thread = threading.Thread(target=server.run, args=([opened],), name="metrics", daemon=True)
    thread.start()

    def close() -> None:
        server.should_exit = True
        thread.join(6)

    return close


def _opened(port: int, backlog: int, mend: str = "") -> socket.socket:
    try:
        return socket.create_server(("0.0.0.0", port), backlog=backlog)  # noqa: S104
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]  # create_server adds the address in brackets
        raise Rejected(f"The port {port} cannot be opened: {reason}.{mend}") from error


def _leave(code: int) -> NoReturn:
    """End at once: threads of libraries that are parked in a wait would hold the process up."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


TASKS = {
    "talk": Task("the bot in this terminal: no Slack, no tokens", talk),
    "run": Task("everything in one process", run),
    "web": Task("the listener alone", web),
    "worker": Task("Slack, the engine and the clock, with no port but METRICS_PORT", worker),
    "setup": Task("ask for what is missing, make the two apps, check everything", tasks.setup, _no_browser),
    "migrate": Task("bring the database up to date", tasks.migrate),
    "audit": Task("who decided what, when, from where and why, as JSON lines", tasks.audit, _since),
    "check": Task("what is set up, what is wrong with it, and how to mend it", tasks.check, _of_check),
    "reload": Task("let every process read the settings again", tasks.reload),
    "retry": Task("try again what was set aside after it had failed again and again", tasks.retry, _names),
    "drop": Task("leave undone what was set aside after it had failed again and again", tasks.drop, _names),
    "adopt": Task("take the repository that has the name now for the one that the settings mean", tasks.adopt, _names),
    "token": Task("make, list and revoke tokens of the API", tasks.token, tokens.options),
}


if __name__ == "__main__":
    _leave(main())
