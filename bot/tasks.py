"""The tasks of ``python -m bot`` that end by themselves; each returns an exit code and raises ShipmateError."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from bot.core.errors import NotThere, Unavailable
from bot.settings import SettingsProblems, load, process_environment

if TYPE_CHECKING:
    from bot.adapters.storage.store import Store


def migrate(given: Namespace) -> int:
    from bot import database as databases
    from bot.adapters.storage import migrations
    from bot.adapters.storage.engine import NEWER
    from bot.app import open_store

    database = open_store(load(given.settings, process_environment())).database
    databases.demand_answer(database)
    newer = migrations.age(database.engine) is migrations.Age.NEWER
    if not newer:
        databases.migrate(database.engine)
    databases.demand_tables(database)
    print(f"There is nothing to migrate: {NEWER}." if newer else "The database is up to date.")
    return 0


def check(given: Namespace) -> int:
    from bot.app import doctors
    from bot.check import check as run_check

    if given.mend:
        _mend(given.settings)
    return run_check(lambda: load(given.settings, process_environment()), doctors, sys.stdout, gallery=given.gallery)


def _mend(settings_file: Path | None) -> None:
    """Before all is examined, which tells whatever keeps it from being mended."""
    from bot.app import open_store
    from bot.mend import Mender

    with suppress(SettingsProblems, Unavailable):
        settings = load(settings_file, process_environment())
        Mender(open_store(settings), settings).at_terminal(sys.stdin, sys.stdout)


def audit(given: Namespace) -> int:
    from bot.audit_export import export, moment

    store = _current_store(given.settings)
    try:
        export(store.reads().audit.since, moment(given.since, store.database.clock.now()), sys.stdout)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough, as `head` has: what is left goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def reload(given: Namespace) -> int:
    from bot.reloading import LOOKED_EVERY, ask

    store = _current_store(given.settings)
    ask(store.notebook)
    within = f"within {LOOKED_EVERY:g} seconds, and says so in its log"
    print(f"The settings are understood. Every process of this database reads its own file again {within}.")
    return 0


def retry(given: Namespace) -> int:
    _current_store(given.settings).set_aside.retry(given.names)
    print("It is tried again." if len(given.names) == 1 else "They are tried again.")
    return 0


def drop(given: Namespace) -> int:
    _current_store(given.settings).set_aside.drop(given.names)
    print("It is left undone." if len(given.names) == 1 else "They are left undone.")
    return 0


def adopt(given: Namespace) -> int:
    store = _current_store(given.settings)
    for name in given.names:
        if not store.repositories.forget(name):
            raise NotThere(f"No app has been looked up by the name {name}; see `python -m bot check`.")
        print(f"Whatever is called {name} on GitHub is what the bot takes it for, within three minutes.")
    return 0


def token(given: Namespace) -> int:
    """A SQLite file may be made before the first start."""
    from bot import tokens
    from bot.app import open_store
    from bot.database import bring_up_to_date

    settings = load(given.settings, process_environment())
    store = open_store(settings)
    bring_up_to_date(store.database, "web")
    return tokens.do(given, settings, store)


def _current_store(settings_file: Path | None) -> Store:
    """Raises Rejected where the database was not made by this version of the bot."""
    from bot.app import open_store

    store = open_store(load(settings_file, process_environment()))
    store.database.demand_current()
    return store


def setup(given: Namespace) -> int:
    from bot.adapters.system.browser import has_browser
    from bot.context import SystemClock
    from bot.settings import DEFAULT_PATH
    from bot.setup.dialogue import Terminal
    from bot.setup.env_file import EnvFile
    from bot.setup.guide import Guide

    environ = process_environment(file=False)
    env = EnvFile(environ)
    file = given.settings or Path(env.variables().get("SHIPMATE_SETTINGS") or DEFAULT_PATH)
    terminal = Terminal(browser=not given.no_browser and has_browser(environ))
    guide = Guide(terminal, env, SystemClock(), settings_file=file, examine=lambda: _examined(file))
    return guide.run()


def _examined(file: Path) -> int:
    from bot.app import doctors
    from bot.check import check as run_check

    return run_check(lambda: load(file, process_environment()), doctors, sys.stdout)
