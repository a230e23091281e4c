"""The documentation as a site: its navigation, what is made of links and lists, and what it says about other bots.

Whether it builds, and whether every link in it leads somewhere, is for ``make docs`` to say, which CI runs.
"""

from __future__ import annotations

import importlib.util
import logging
import re
from pathlib import Path
from types import ModuleType

import pytest

from bot.core.grammar.parser import NotUnderstood, parse, parse_slash
from bot.core.grammar.vocabulary import AppVocabulary, Vocabulary
from bot.settings.models import AppSettings, BotSettings, EnvironmentSettings, GitHubSettings, SlackSettings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
COMING_FROM = sorted(DOCS.glob("coming-from-*.md"))
ONE_PAGE = pytest.mark.parametrize("page", COMING_FROM, ids=lambda page: page.stem)
WORDS = Vocabulary(apps={"web": AppVocabulary(("staging", "production"), {}, "acme/web")}, here="web")
PLACES = {None, "staging", "production", "all", "mine"}
ELSEWHERE = "https://github.com/acme/shipmate"


def test_every_page_is_in_the_navigation_once() -> None:
    shown = re.findall(r"^ +- (?:[^:\n]+: )?([\w-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE)

    assert sorted(shown) == sorted(path.name for path in DOCS.glob("*.md"))


# --- what people come from ---------------------------------------------------------------------------------------


def rows(page: Path, heading: str) -> list[list[str]]:
    """The cells of the rows of each table whose heading begins like that."""
    tables = re.findall(rf"^\| {heading} .*\n\|[-|]+\n((?:\|.*\n)+)", page.read_text("utf-8"), flags=re.MULTILINE)
    return [re.split(r"(?<!\\)\|", line)[1:-1] for table in tables for line in table.splitlines()]


def spans(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@ONE_PAGE
def test_every_command_that_is_called_otherwise_elsewhere_is_understood_here(page: Path) -> None:
    shown = [one for cells in rows(page, r"(?:with \w+|as a comment) \| here \|") for one in spans(cells[1])]

    read = {one: understood(one) for one in shown}

    assert len(shown) > 12
    assert {one: str(why.reason) for one, why in read.items() if isinstance(why, NotUnderstood)} == {}
    # A name that is no environment, or no app, is understood as well, and refused later.
    assert [one for one, command in read.items() if getattr(command, "environment", None) not in PLACES] == []
    assert [one for one, command in read.items() if getattr(command, "app", None) not in {None, "web"}] == []


def understood(said: str) -> object:
    slash, _, text = said.rpartition("/deploy ")
    return parse(said, WORDS) if said == text or slash else parse_slash(text, WORDS)


def test_what_hubot_hears_is_said_here_word_by_word() -> None:
    words = rows(DOCS / "coming-from-hubot.md", r"with Hubot \| here \|")

    same = [(there.strip(), spans(here)[0]) for there, here, _ in words if "<" not in there]

    assert [there for there, here in same if there != f"`{here}`"] == []


@ONE_PAGE
def test_every_setting_that_is_called_otherwise_elsewhere_is_there(page: Path) -> None:
    tables = (BotSettings, SlackSettings, AppSettings, GitHubSettings, EnvironmentSettings)
    keys = {"apps"}.union(*(table.keys() for table in tables))

    named = [one for cells in rows(page, r"there \| setting \|") for one in spans(cells[1])]

    assert named
    assert [one for one in named if one not in keys] == []


# --- what GitHub and MkDocs do not read alike --------------------------------------------------------------------


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hooks", DOCS / "site" / "hooks.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("written", "built"),
    [
        ("[r](../README.md)", f"[r]({ELSEWHERE}/blob/HEAD/README.md)"),
        ("[p](../README.md#what-is-promised).", f"[p]({ELSEWHERE}/blob/HEAD/README.md#what-is-promised)."),
        ("[`core`](../bot/core)", f"[`core`]({ELSEWHERE}/tree/HEAD/bot/core)"),
        ("[s](settings.md#bot) [g](https://github.com/../x)", "[s](settings.md#bot) [g](https://github.com/../x)"),
        ("`](../README.md)`", "`](../README.md)`"),
        ("```\n[r](../README.md)\n```\n", "```\n[r](../README.md)\n```\n"),
    ],
)
def test_a_link_out_of_the_site_leads_to_the_repository(
    hooks: ModuleType, caplog: pytest.LogCaptureFixture, written: str, built: str
) -> None:
    assert hooks.led_on(written, DOCS, ROOT, ELSEWHERE) == built
    assert caplog.records == []


def test_a_link_to_a_file_that_is_not_there_is_a_warning(hooks: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    hooks.led_on("[r](../REDAME.md)", DOCS, ROOT, ELSEWHERE)

    assert [(one.name, one.levelno) for one in caplog.records] == [("mkdocs.hooks.docs", logging.WARNING)]
    assert "../REDAME.md" in caplog.text


def test_what_stands_below_a_number_is_nested_and_code_stays_as_it_is(hooks: ModuleType) -> None:
    written = "1. One\n\n   | a |\n   |---|\n\n   b\n2. Two\n   goes on\n\n```\n   kept\n1. kept\n```\n"
    built = "1. One\n\n    | a |\n    |---|\n\n    b\n\n2. Two\n    goes on\n\n```\n   kept\n1. kept\n```\n"

    assert hooks.nested(written) == built


def test_a_bar_in_the_code_of_a_table_is_one_bar(hooks: ModuleType) -> None:
    assert hooks.barred("| `a \\| b` | \\| `c` |\n`a \\| b`\n") == "| `a | b` | \\| `c` |\n`a \\| b`\n"


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ('<script src="https://cdn.example/x.js"></script>', True),
        ('<link rel="stylesheet" href="https://fonts.example/css">', True),
        ('<img alt="" src="https://pictures.example/x.png">', True),
        ('<link rel="next" href="https://docs.example/next/">', False),
        ('<script src="../assets/x.js"></script>', False),
        ('<a href="https://github.com">', False),
    ],
)
def test_what_would_be_fetched_from_elsewhere_is_found(hooks: ModuleType, tag: str, found: bool) -> None:
    assert bool(hooks.fetched(f"<p>{tag}</p>")) is found
