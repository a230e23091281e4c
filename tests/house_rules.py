"""The house rules that a machine can keep: each takes a file, and says what is wrong with it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

from bot.core.grammar.registry import COMMANDS

Rule = Callable[[str, str], list[str]]
"""Takes a file's path from the root and its text; returns what is wrong with it, a line each."""

SHARED_BY_ADAPTERS = (
    *("bot.adapters.circuit_breaker", "bot.adapters.checkout", "bot.adapters.decoding"),
    *("bot.adapters.http_dates", "bot.adapters.measured_calls", "bot.__version__"),
)
HANDED_TO_HANDLERS = ("bot.context", "bot.router", "bot.settings")

# Who may import what of ours, by the first pattern that fits the file. What is not named here may not be imported.
INWARD: dict[str, tuple[str, ...]] = {
    "bot/core/*": ("bot.core",),
    "handlers/*": (
        "bot.core",
        "bot.services",
        "bot.router",
        "bot.context",
        "bot.settings",
        "bot.providers",
        "bot.__version__",
    ),
    "bot/services/*": ("bot.core", "bot.services", "bot.context", "bot.settings"),
    "bot/adapters/storage/migrations.py": ("bot.core", "bot.adapters.storage", "bot.migrations"),
    "bot/adapters/github/*": ("bot.core", "bot.adapters.github", *SHARED_BY_ADAPTERS),
    "bot/adapters/slack/*": ("bot.core", "bot.adapters.slack", *SHARED_BY_ADAPTERS),
    "bot/adapters/heroku/*": ("bot.core", "bot.adapters.heroku", *SHARED_BY_ADAPTERS),
    "bot/adapters/hooks/*": ("bot.core", "bot.adapters.hooks", *SHARED_BY_ADAPTERS),
    "bot/adapters/storage/*": ("bot.core", "bot.adapters.storage", "bot.adapters.decoding"),
    "bot/adapters/local/*": ("bot.core", "bot.adapters.local", "bot.adapters.system", *SHARED_BY_ADAPTERS),
    "bot/adapters/clock/*": ("bot.core", "bot.adapters.clock"),
    "bot/adapters/git/*": ("bot.core", "bot.adapters.git", "bot.adapters.system"),
    "bot/adapters/system/*": ("bot.core", "bot.adapters.system"),
    "bot/adapters/checkout.py": ("bot.core", "bot.adapters.system"),
    "bot/adapters/*": ("bot.core",),
    "bot/migrations/*": ("bot.adapters.storage.tables",),
    "bot/providers/http/*": ("bot.core", "bot.adapters", "bot.settings", "bot.providers.http"),
    "bot/providers/heroku/*": ("bot.core", "bot.adapters", "bot.settings", "bot.providers.heroku"),
    # A provider works with what adapters know of git, processes and directories. None imports another; how commands
    # are run is shared with the steps around providers.
    "bot/providers/*": ("bot.core", "bot.adapters", "bot.settings", "bot.providers._command*"),
    "bot/context.py": ("bot.core", "bot.settings"),
    "bot/router.py": ("bot.core", "bot.context"),
    "bot/settings/*": ("bot.core", "bot.settings", "bot.providers"),
    "bot/http/*": ("bot.core", "bot.adapters", "bot.settings", "bot.http"),
    "bot/talk/local_bot.py": ("bot.core", "bot.adapters", "bot.context", "bot.runtime"),
    "bot/talk/*": ("bot.core", "bot.adapters", "bot.talk"),
    "bot/runtime/*": ("bot.core", "bot.adapters", "bot.runtime", "bot.services", "bot.providers", *HANDED_TO_HANDLERS),
    "bot/gallery/*": ("bot.core", "bot.adapters.slack.blocks", "bot.gallery"),
    "bot/app.py": ("bot", "handlers"),
    "bot/__main__.py": ("bot",),
    "bot/*": ("bot",),
}
ONLY_IMPORTED_BY: dict[str, tuple[str, ...]] = {
    "handlers": ("bot/app.py",),
    "bot.app": ("bot/__main__.py", "bot/tasks.py"),
    "bot.__main__": (),
}

# Each foreign library has its place. Types alone (under TYPE_CHECKING) may be named anywhere.
PLACES: dict[str, tuple[str, ...]] = {
    "slack_bolt": ("bot/adapters/slack/*",),
    "slack_sdk": ("bot/adapters/slack/*",),
    "requests": (
        *("bot/adapters/github/*", "bot/adapters/heroku/*", "bot/adapters/hooks/*"),
        "bot/adapters/measured_calls.py",
    ),
    "urllib3": ("bot/adapters/github/*", "bot/adapters/heroku/*", "bot/adapters/hooks/*"),
    "jwt": ("bot/adapters/github/auth.py", "bot/adapters/slack/sign_in.py"),
    "cachetools": ("bot/adapters/*",),
    "psutil": ("bot/adapters/system/*",),
    "cryptography": ("bot/adapters/github/auth.py",),
    "apscheduler": ("bot/adapters/clock/scheduler.py",),
    "dotenv": ("bot/settings/env_file.py", "bot/setup/env_file.py"),
    "cronsim": ("bot/adapters/clock/*", "bot/settings/*"),
    # The engine names the type of the database that it hands to dbos.
    "sqlalchemy": ("bot/adapters/storage/*", "bot/migrations/*", "bot/runtime/dispatcher.py"),
    # The pool's connections are made by sqlalchemy; the one that the event loop waits for is not.
    "psycopg": ("bot/adapters/storage/bulk_insert.py",),
    "alembic": ("bot/adapters/storage/migrations.py", "bot/migrations/*"),
    "dbos": ("bot/runtime/dispatcher.py",),
    "dateparser": ("bot/adapters/clock/natural_time.py",),
    "prompt_toolkit": ("bot/talk/keyboard.py",),
    "rich": ("bot/talk/console.py", "bot/talk/drawing.py"),
    "tzlocal": ("bot/talk/console.py",),
    "uvicorn": ("bot/http/*",),
    "httptools": ("bot/http/protocol.py",),
    "starlette": ("bot/http/*", "bot/adapters/slack/bolt_app.py"),
    "prometheus_client": ("bot/http/*",),
    "sentry_sdk": ("bot/logs/fault_reports.py",),
    "jinja2": ("bot/http/pages/*",),
    "markupsafe": ("bot/http/pages/*",),
    "itsdangerous": ("bot/adapters/signing.py",),
    "zstandard": ("bot/adapters/storage/*",),
    "msgspec": ("bot/http/*", "bot/adapters/*"),
    "pydantic": ("bot/settings/*", "bot/app.py", "bot/providers/*", "bot/adapters/system/environment.py"),
    "pydantic_core": ("bot/settings/*",),
    "structlog": ("bot/*.py", "handlers/*", "bot/adapters/*"),
}

# What asks what time it is, and who may: the wall clock in one place, stopwatches where something is waited for.
CLOCKS = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"),
    *("time.localtime", "time.gmtime", "time.ctime", "time.monotonic", "time.monotonic_ns", "time.perf_counter"),
    "time.clock_gettime",
}
MAY_ASK: dict[str, set[str]] = {
    "bot/context.py": {"datetime.now"},
    "bot/logs/__init__.py": {"time.monotonic"},
    # time_ns makes ids that never come again, and is not a time
    "bot/runtime/dispatcher.py": {"time.monotonic", "time.time_ns"},
    "bot/runtime/provider_runner.py": {"time.monotonic"},
    "bot/runtime/run_output.py": {"time.monotonic"},
    "bot/adapters/system/processes.py": {"time.monotonic"},
    "bot/adapters/hooks/client.py": {"time.monotonic"},
    "bot/adapters/probe.py": {"time.monotonic"},
    "bot/adapters/storage/engine.py": {"time.time"},  # in the place of a function of SQLite's
    "bot/adapters/storage/clock.py": {"time.clock_gettime"},
}
ENVIRONMENT = {"os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv"}

LONGEST_FUNCTION = 40
# A migration is a record of what was done once; nobody reads it as code.
RECORDS = "bot/migrations/versions/*"
DRAWERS = {"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc"}
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b")
INDEX = re.compile(r"py" + r"pi\.org|python" + r"hosted\.org|--(?:extra-)?ind" + r"ex-url|--trusted" + r"-host")


OFFERS = "bot/core/grammar/offers.py"
DECODING = "bot/adapters/decoding.py"
VERBS = tuple(f"{name.lower()} " for spec in COMMANDS for name in spec.names)


# --- the rules ---------------------------------------------------------------------------------------------------


def imports_inward(path: str, text: str) -> list[str]:
    """Ours are imported by those who may, foreign ones in their place, and nothing by a relative name."""
    found = []
    allowed = next(names for pattern, names in INWARD.items() if fnmatch(path, pattern))
    for name in imported(path, text):
        top = name.partition(".")[0]
        if top in {"bot", "handlers"}:
            if not any(_within(name, one) for one in allowed):
                found.append(f"{path} may not import {name}")
            only = next((by for one, by in ONLY_IMPORTED_BY.items() if _within(name, one)), (path,))
            if path not in only and not (top == "handlers" and path.startswith("handlers/")):
                found.append(f"{path} may not import {name}: only {' and '.join(only) or 'nobody'} does")
        elif top not in sys.stdlib_module_names:
            if path.startswith("bot/core/"):
                found.append(f"{path} may not import {name}: the core has no libraries")
            elif top not in PLACES:
                found.append(f"{path} imports {name}, which has no place yet")
            elif not any(fnmatch(path, place) for place in PLACES[top]):
                found.append(f"{path} may not import {name}: its place is {', '.join(PLACES[top])}")
    return found


def asks_no_clock(path: str, text: str) -> list[str]:
    asked = {name for name in _dotted(text) for clock in CLOCKS if name == clock or name.endswith(f".{clock}")}
    asked |= {name for name in imported(path, text) if name in CLOCKS}
    allowed = MAY_ASK.get(path, set())
    return [f"{path} asks {name}" for name in sorted(asked) if name not in allowed]


def reads_no_environment(path: str, text: str) -> list[str]:
    read = {name for name in (*_dotted(text), *imported(path, text)) if name in ENVIRONMENT}
    return [] if path == "bot/settings/__init__.py" else [f"{path} reads {name}" for name in sorted(read)]


def has_short_functions(path: str, text: str) -> list[str]:
    """A module is an idea, of whatever length (``make check`` asks from 400 lines on which one is missing)."""
    if fnmatch(path, RECORDS):
        return []
    found = []
    for node in ast.walk(_tree(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                found.append(f"{path}: {node.name} has {length} lines")
    return found


def writes_commands_by_printing(path: str, text: str) -> list[str]:
    """What people press or type is printed from a command: joined text may be read as something else."""
    if path == OFFERS:
        return []
    found = []
    for node in ast.walk(_tree(text)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func).rpartition(".")[2]
        if called == "Button":
            found.append(f"{path}:{node.lineno} makes a button itself: {OFFERS} does")
        elif called == "Code" and any(_joins_a_command(argument) for argument in node.args):
            found.append(f"{path}:{node.lineno} joins a command: {OFFERS} prints one")
    return found


def _joins_a_command(node: ast.expr) -> bool:
    """Whether a text is put together that begins as a command does, or ends in what follows one."""
    if isinstance(node, ast.JoinedStr):
        texts = [one.value for one in node.values if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    elif isinstance(node, ast.BinOp | ast.Call):
        texts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    else:
        return False
    return any(f"{text.lower()} ".startswith(VERBS) or "--force" in text for text in texts)


def decodes_in_one_place(path: str, text: str) -> list[str]:
    """Two threads that read a class for the first time at once take the process down, so one gets it ready."""
    if path == DECODING:
        return []
    found = []
    for node in ast.walk(_tree(text)):
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        typed = isinstance(node, ast.Call) and any(one.arg == "type" for one in node.keywords)
        if called == "msgspec.convert" or (called == "msgspec.json.decode" and typed):
            found.append(f"{path}:{node.lineno} reads a class itself: {DECODING} does")
    return found


def opens_with_a_sentence(path: str, text: str) -> list[str]:
    docstring = ast.get_docstring(_tree(text)) or ""
    first = docstring.partition("\n\n")[0]
    good = re.fullmatch(r"[A-Z`].*[.!?]", first, flags=re.DOTALL) is not None
    return [] if good else [f"{path} does not open with a sentence that says what it holds"]


def is_no_drawer(path: str, text: str) -> list[str]:
    """Neither the file nor anything in it is called after what it is not."""
    names = [(Path(path).stem, path)]
    for node in ast.walk(_tree(text)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.append((node.name, f"{path}: {node.name}"))
    return [where for name, where in names if _words(name) & DRAWERS]


def is_finished(path: str, text: str) -> list[str]:
    return [f"{path}: {line.strip()}" for line in text.splitlines() if UNFINISHED.search(line)]


def names_no_index(path: str, text: str) -> list[str]:
    return [f"{path}: {line.strip()}" for line in text.splitlines() if INDEX.search(line)]


def pins_by_name(path: str, text: str) -> list[str]:
    """Each line is a comment, a hash, or ``name==version``: no address, no path, no option."""
    pin = r"[a-z0-9._-]+(?:\[[a-z,]+\])?==[\w.+!-]+(?: ; [\w.' =!<>()]+)? \\"
    line_of_its_own = re.compile(rf"\s*#.*|\s+--hash=sha256:[0-9a-f]{{64}}(?: \\)?|{pin}|")
    odd = [line for line in text.splitlines() if not line_of_its_own.fullmatch(line)]
    return [f"{path}: {line}" for line in (*odd, *(one for one in text.splitlines() if re.search(r"://|/\w+/", one)))]


# --- what the rules look at --------------------------------------------------------------------------------------


def imported(path: str, text: str) -> Iterator[str]:
    """Full names of what a module imports when it runs, in ``from a import b`` each ``a.b``."""
    package = Path(path).parts[:-1]
    tree = ast.parse(text)
    for statement in ast.walk(tree):
        # What is imported for types alone is not imported when it runs.
        if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            statement.body.clear()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


@cache
def _tree(text: str) -> ast.Module:
    """Parsed once for all rules that only look."""
    return ast.parse(text)


def _within(name: str, allowed: str) -> bool:
    parts = name.split(".")
    return any(fnmatch(".".join(parts[:length]), allowed) for length in range(1, len(parts) + 1))


def _dotted(text: str) -> Iterator[str]:
    for node in ast.walk(_tree(text)):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node)


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}
