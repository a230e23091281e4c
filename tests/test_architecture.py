"""The house keeps its rules: who imports whom, who asks the clock, how long things are, and what they are called."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot import providers
from bot.adapters.slack.doctor import SCOPES
from bot.adapters.slack.message_shortcuts import DEPLOY_THIS
from bot.adapters.slack.payloads import HOME_OPENED, LINK_SHARED, OPENING
from tests.house_rules import (
    Rule,
    asks_no_clock,
    decodes_in_one_place,
    has_short_functions,
    imports_inward,
    is_finished,
    is_no_drawer,
    names_no_index,
    opens_with_a_sentence,
    pins_by_name,
    reads_no_environment,
    writes_commands_by_printing,
)

ROOT = Path(__file__).parents[1]


def files(*patterns: str) -> list[str]:
    found = {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}
    return sorted(str(path.relative_to(ROOT)) for path in found)


SOURCES = files("bot/**/*.py", "handlers/**/*.py")
TESTS = files("tests/**/*.py")
PINNED = files("requirements*.txt")
TEXTS = files(
    "*.md", "*.toml", "*.txt", "*.yaml", "*.json", "*.ini", "docs/*.md", "Makefile", "Procfile", ".env.example"
)

EVERYWHERE: list[tuple[Rule, list[str]]] = [
    (imports_inward, SOURCES),
    (asks_no_clock, SOURCES),
    (reads_no_environment, SOURCES),
    (has_short_functions, SOURCES),
    (writes_commands_by_printing, SOURCES),
    (decodes_in_one_place, SOURCES),
    (opens_with_a_sentence, [*SOURCES, *TESTS]),
    (is_no_drawer, [*SOURCES, *TESTS]),
    (is_finished, [*SOURCES, *TESTS, *TEXTS]),
    (names_no_index, [*SOURCES, *TESTS, *TEXTS]),
    (pins_by_name, PINNED),
]


@pytest.mark.parametrize(("rule", "paths"), EVERYWHERE, ids=[rule.__name__ for rule, _ in EVERYWHERE])
def test_the_house_rule_holds(rule: Rule, paths: list[str]) -> None:
    texts = {path: (ROOT / path).read_text(encoding="utf-8") for path in paths}

    found = [line for path, text in texts.items() for line in rule(path, text)]

    assert len(texts) > 1
    assert found == []


@pytest.mark.parametrize(
    ("rule", "path", "text", "found"),
    [
        (
            imports_inward,
            "bot/core/gates/a.py",
            "import requests",
            "bot/core/gates/a.py may not import requests",
        ),
        (
            imports_inward,
            "bot/core/gates/a.py",
            "from bot.services import targets",
            "bot/core/gates/a.py may not import bot.services.targets",
        ),
        (
            imports_inward,
            "bot/core/gates/a.py",
            "from ...adapters import git",
            "bot/core/gates/a.py may not import bot",
        ),
        (
            imports_inward,
            "handlers/a.py",
            "from bot.adapters.storage.store import Store",
            "handlers/a.py may not import bot",
        ),
        (imports_inward, "handlers/a.py", "from handlers.b import x", "handlers/a.py may not import handlers.b.x"),
        (
            imports_inward,
            "bot/adapters/local/git.py",
            "import slack_sdk.web",
            "bot/adapters/local/git.py may not import slack_",
        ),
        (
            imports_inward,
            "bot/adapters/local/git.py",
            "import yaml",
            "bot/adapters/local/git.py imports yaml, which has no place",
        ),
        (
            imports_inward,
            "bot/runtime/dispatcher.py",
            "import handlers",
            "bot/runtime/dispatcher.py may not import handlers",
        ),
        (
            imports_inward,
            "bot/http/app.py",
            "def f():\n  from bot.app import real",
            "bot/http/app.py may not import bot.app",
        ),
        (decodes_in_one_place, "bot/a.py", "x = msgspec.convert(row, Actor)", "bot/a.py:1 reads a class itself"),
        (decodes_in_one_place, "bot/a.py", "msgspec.json.decode(b, type=A)", "bot/a.py:1 reads a class itself"),
        (asks_no_clock, "handlers/a.py", "x = datetime.now(UTC)", "handlers/a.py asks datetime.now"),
        (asks_no_clock, "handlers/a.py", "x = dt.datetime.utcnow()", "handlers/a.py asks dt.datetime.utcnow"),
        (
            asks_no_clock,
            "bot/runtime/provider_runner.py",
            "from time import time",
            "bot/runtime/provider_runner.py asks time.time",
        ),
        (
            asks_no_clock,
            "bot/runtime/provider_runner.py",
            "x = time.time()",
            "bot/runtime/provider_runner.py asks time.time",
        ),
        (reads_no_environment, "bot/app.py", "os.environ['HOME']", "bot/app.py reads os.environ"),
        (reads_no_environment, "bot/app.py", "from os import getenv", "bot/app.py reads os.getenv"),
        (has_short_functions, "bot/a.py", "def f():\n" + "    x = 1\n" * 40, "bot/a.py: f has 41 lines"),
        (
            writes_commands_by_printing,
            "bot/core/a.py",
            "Button('Go', f'deploy {ref}')",
            "bot/core/a.py:1 makes a button",
        ),
        (
            writes_commands_by_printing,
            "handlers/a.py",
            "x = rich_text.Button('Go', y)",
            "handlers/a.py:1 makes a button",
        ),
        (writes_commands_by_printing, "bot/core/a.py", "say('', Code(f'cancel #{n}'))", "bot/core/a.py:1 joins a"),
        (writes_commands_by_printing, "bot/core/a.py", "Code('take over ' + place)", "bot/core/a.py:1 joins a"),
        (writes_commands_by_printing, "bot/core/a.py", "Code('unlock {}'.format(x))", "bot/core/a.py:1 joins a"),
        (writes_commands_by_printing, "bot/core/a.py", """Code(f'{x} --force "why"')""", "bot/core/a.py:1 joins a"),
        (opens_with_a_sentence, "bot/a.py", "x = 1", "bot/a.py does not open with a sentence"),
        (opens_with_a_sentence, "bot/a.py", '"""things"""', "bot/a.py does not open with a sentence"),
        (is_no_drawer, "bot/string_utils.py", "x = 1", "bot/string_utils.py"),
        (is_no_drawer, "bot/a.py", "class LockManager: ...", "bot/a.py: LockManager"),
        (is_finished, "bot/a.py", "x = 1  # TO" + "DO: two", "bot/a.py: x = 1  # TO"),
        (names_no_index, "a.txt", "--trusted" + "-host example.com", "a.txt: --trusted"),
        (pins_by_name, "a.txt", "requests", "a.txt: requests"),
        (pins_by_name, "a.txt", "# from /srv/wheels/", "a.txt: # from /srv/wheels/"),
    ],
)
def test_what_breaks_a_house_rule_is_found(rule: Rule, path: str, text: str, found: str) -> None:
    lines = rule(path, text)

    assert lines[0].startswith(found)


def test_what_keeps_a_house_rule_is_let_pass() -> None:
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from slack_bolt import App\n"

    assert imports_inward("bot/context.py", text) == []
    assert (
        imports_inward(
            "handlers/a.py",
            "from bot.services import deploy_request\nfrom bot import __version__\nfrom bot.core import gates",
        )
        == []
    )
    assert asks_no_clock("bot/context.py", "datetime.now(UTC)") == []
    assert (
        writes_commands_by_printing("bot/core/a.py", "say(Code('locks'), Code(f'{key}={value}'), *offer(x, y))") == []
    )
    assert has_short_functions("bot/migrations/versions/0001_first_tables.py", "x = 1\n" * 401) == []


def test_every_provider_has_its_section_with_its_settings() -> None:
    page = (ROOT / "docs" / "providers.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", page, flags=re.MULTILINE | re.DOTALL))

    undocumented = [
        f"{name}.{key}"
        for name in providers.names()
        for key in getattr(providers.load(name).Settings, "model_fields", {})
        if f"| `{key}` |" not in sections.get(name, "")
    ]

    assert set(providers.names()) <= set(sections)
    assert [name for name in providers.names() if f"[`{name}`](#{name})" not in page] == []
    assert undocumented == []


def test_the_manifest_asks_slack_for_what_is_used_and_nothing_else() -> None:
    manifest = (ROOT / "slack-manifest.yaml").read_text(encoding="utf-8")

    assert _listed(manifest, "bot") == list(SCOPES)
    messages = ["message.channels", "message.groups", "message.im"]
    assert _listed(manifest, "bot_events") == sorted([*OPENING, HOME_OPENED, LINK_SHARED, "app_mention", *messages])
    assert re.findall(r"callback_id: (\S+)", manifest) == [DEPLOY_THIS]


def _listed(manifest: str, key: str) -> list[str]:
    found = re.search(rf"^ +{key}:\n((?: +- .+\n)+)", manifest, flags=re.MULTILINE)
    return re.findall(r"- (\S+)", found[1]) if found else []
