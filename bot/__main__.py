"""``python -m bot talk | run | web | worker | migrate | check``: the only file that opens ports or starts threads."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

import structlog

from bot import __version__
from bot.core.errors import Rejected, ShipmateError
from bot.settings import SettingsProblems, load, process_environment, requirements_missing
from bot.settings_secrets import Process

if TYPE_CHECKING:
    from slack_bolt import App
    from sqlalchemy import Engine

    from bot.adapters.slack import Slack
    from bot.app import Bot

log = structlog.get_logger("bot")

HOME = Path(".shipmate")
"""Where ``talk`` keeps its sample, its database and what it deploys."""


def main(arguments: list[str] | None = None) -> int:
    """Run one process; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="Shipmate, a deployment bot.")
    parser.add_argument("--version", action="version", version=f"Shipmate {__version__}")
    processes = parser.add_subparsers(dest="process", required=True, metavar="PROCESS")
    for name, (_, line) in PROCESSES.items():
        process = processes.add_parser(name, help=line, description=line)
        process.add_argument("--settings", type=Path, help="the settings file (default: settings.toml)")
    given = parser.parse_args(arguments)
    try:
        return PROCESSES[given.process][0](given.settings)
    except SettingsProblems as error:
        for problem in error.problems:
            print(f"✗ {problem}", file=sys.stderr)
        return 1
    except ShipmateError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def talk(settings_file: Path | None) -> int:
    from bot.adapters.terminal import Terminal, console
    from bot.app import talking
    from bot.context import SkippableClock
    from bot.sample import prepare
    from bot.talk import Talk, greeting
    from bot.talk import run as converse
    from bot.worldlines import World

    HOME.mkdir(exist_ok=True)
    _log_to((HOME / "talk.log").open("a", encoding="utf-8"))
    settings = load(settings_file or prepare(HOME), {})
    clock = SkippableClock()
    terminal = Terminal(console(), channel=next(iter(settings.apps.values())).channel)
    bot, parts, forge = talking(settings, HOME, terminal, clock)
    parts.launch()
    app = next(iter(settings.apps.values()))
    terminal.greet(greeting(forge, app.repository, app.default_environment or next(iter(app.environments))))
    world = World(bot, terminal, forge, clock, [one.repository for one in settings.apps.values()])
    code = 1
    try:
        code = converse(Talk(world, name=settings.bot.name), HOME)
    finally:
        parts.stop()
        _leave(code)
    return code


def run(settings_file: Path | None) -> int:
    return _serve(settings_file, "run", web=True, works=True)


def web(settings_file: Path | None) -> int:
    return _serve(settings_file, "web", web=True, works=False)


def worker(settings_file: Path | None) -> int:
    return _serve(settings_file, "worker", web=False, works=True)


def migrate(settings_file: Path | None) -> int:
    from bot.app import database
    from bot.context import SystemClock

    settings = load(settings_file, process_environment())
    _migrate(database(settings, SystemClock()).engine)
    print("The database is up to date.")
    return 0


def _migrate(engine: Engine) -> None:
    """Our own tables, and the engine's."""
    from bot.adapters import migrations
    from bot.engine import migrate as migrate_engine

    migrations.upgrade(engine)
    migrate_engine(engine)


def check(settings_file: Path | None) -> int:
    from bot.app import examiners
    from bot.check import check as run_check

    return run_check(lambda: load(settings_file, process_environment()), examiners, sys.stdout)


def _serve(settings_file: Path | None, process: Process, *, web: bool, works: bool) -> int:
    """Run until SIGTERM or Ctrl-C; then finish what is at hand and leave."""
    from bot.adapters import migrations
    from bot.adapters.database import WEB_CONNECTIONS, WORKER_CONNECTIONS
    from bot.app import real

    _log_to(sys.stderr)
    settings = load(settings_file, process_environment())
    missing = requirements_missing(settings, process)
    if missing:
        raise SettingsProblems(missing)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    bot = real(settings, connections=WORKER_CONNECTIONS if works else WEB_CONNECTIONS)
    # Several processes share a Postgres, so only `migrate` changes it; a SQLite file, and a new database for `run`, are
    # nobody else's.
    if bot.store.is_sqlite or (process == "run" and migrations.is_new(bot.store.engine)):
        _migrate(bot.store.engine)
    elif not migrations.is_current(bot.store.engine):
        raise Rejected("The database is not up to date: run `python -m bot migrate` first.")
    if works:
        bot.launch()
    close_slack = _listen_to_slack(bot, works=works)
    if web:
        _open_port(bot)
    log.info("ready", process=process, version=__version__)
    stop.wait()
    log.info("stopping", process=process)
    close_slack()
    bot.stop()
    _leave(0)
    return 0


def _listen_to_slack(bot: Bot, *, works: bool) -> Callable[[], None]:
    """Open Socket Mode where there is an app token; what closes it again."""
    token = bot.settings.secrets.slack_app_token
    if token is None or not works:
        return lambda: None
    from bot.adapters.slack_listeners import connect

    client = connect(slack_app(bot), token.get_secret_value())
    return client.close


def slack_app(bot: Bot) -> App:
    """The Bolt app that stores what is said into the bot's inbox."""
    from bot.adapters.slack_listeners import build

    secret = bot.settings.secrets.slack_signing_secret
    return build(
        cast("Slack", bot.chat),
        bot_name=bot.settings.bot.name,
        signing_secret=secret.get_secret_value() if secret else None,
        inbox=bot.store,
        on_stored=bot.engine.nudge,
        keep_password=bot.passwords.put,
    )


def _open_port(bot: Bot) -> None:
    """The listener, in a thread of its own; on PORT, all addresses, as Heroku wants it."""
    import uvicorn

    from bot.adapters.slack_listeners import http_handler
    from bot.web import Listener

    secrets = bot.settings.secrets
    webhook_secret, signing_secret = secrets.github_webhook_secret, secrets.slack_signing_secret
    slack = http_handler(slack_app(bot), signing_secret.get_secret_value()) if signing_secret else None
    listener = Listener(
        inbox=bot.store,
        webhook_secret=webhook_secret.get_secret_value() if webhook_secret else "",
        stored=bot.engine.nudge,
        ready=bot.store.answers,
        slack=slack,
    )
    config = uvicorn.Config(
        listener.app(),
        host="0.0.0.0",  # noqa: S104
        port=secrets.port,
        log_config=None,
        access_log=False,
        server_header=False,
    )
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, name="listener", daemon=True).start()


def _log_to(stream: TextIO) -> None:
    """One line per event, for people and for log drains; libraries are heard from warnings on."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    logging.basicConfig(stream=stream, level=logging.WARNING, format="level=%(levelname)s logger=%(name)s %(message)s")


def _leave(code: int) -> None:
    """End at once: threads of libraries that are parked in a wait would hold the process up."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


PROCESSES: dict[str, tuple[Callable[[Path | None], int], str]] = {
    "talk": (talk, "the bot in this terminal: no Slack, no tokens"),
    "run": (run, "everything in one process"),
    "web": (web, "the listener alone"),
    "worker": (worker, "Slack, the engine and the clock, without a port"),
    "migrate": (migrate, "bring the database up to date"),
    "check": (check, "what is set up, what is wrong with it, and how to mend it"),
}


if __name__ == "__main__":
    sys.exit(main())
