"""The documents say what is true: tables, links, names, commands, and what the bot is shown to answer.

``python -m tests.test_documents`` brings the README's table and diagram up to date, and docs/commands.md.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
import tomllib
from collections import Counter
from pathlib import Path

import pytest

import handlers
from bot import __version__
from bot.__main__ import TASKS
from bot.adapters.github.doctor import APP_NEEDS
from bot.adapters.github.webhook_doctor import NEEDED_EVENTS
from bot.adapters.system.accounts import CAPABILITIES
from bot.core.deployments.model import state_diagram
from bot.core.grammar.parser import COMMANDS, command_table
from bot.core.grammar.reference import command_reference
from bot.core.workflows.inputs import DEFAULT_INPUTS
from bot.router import collect
from bot.settings import Secrets
from bot.settings.required import requirements
from tests.patience import PATIENCE
from tests.world import REPOSITORY, World, read_out

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
REFERENCE = ROOT / "docs" / "commands.md"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
ONE_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
# Variables that are not the bot's own: of other programs, and of examples.
OTHERS = {"SENTRY_ENVIRONMENT", "LC_", "RAILS_ENV", "DEPLOY_KEY", "SSH_AUTH_SOCK"}
OTHERS |= {"RENDER_API_KEY", "VERCEL_TOKEN", "NETLIFY_TOKEN", "COOLIFY_TOKEN", "DEPLOY_HOOK", "CALLBACK_URL"}
OTHERS |= {"EVENTS_SECRET", "DOCS_REPOSITORY"}


def refreshed(page: str) -> str:
    """The README with its table and its diagram made anew."""
    page = _replaced(page, "table", command_table(collect(handlers).commands))
    return _replaced(page, "diagram", f"```mermaid\n{state_diagram()}\n```\n")


def with_reference(page: str) -> str:
    """The page of the commands with its sections made anew."""
    return _replaced(page, "commands", command_reference(collect(handlers).commands), verb="are")


def _replaced(page: str, what: str, made: str, verb: str = "is") -> str:
    begin, end = (f"<!-- The {what} {where} {verb} made by python -m tests.test_documents -->" for where in _WHERE)
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n\n{made}\n{end}{rest.partition(end)[2]}"


_WHERE = ("below", "above")


# --- what is made from the code ----------------------------------------------------------------------------------


def test_the_readme_has_the_table_of_commands_and_the_diagram_of_states() -> None:
    page = README.read_text(encoding="utf-8")

    assert page == refreshed(page), "run: python -m tests.test_documents"


def test_the_page_of_the_commands_has_what_is_declared() -> None:
    page = REFERENCE.read_text(encoding="utf-8")

    assert page == with_reference(page), "run: python -m tests.test_documents"
    assert re.findall(r"^### (.+)$", page, flags=re.MULTILINE) == [spec.name for spec in COMMANDS]


def test_the_table_marks_the_commands_that_no_feature_answers() -> None:
    there = collect(handlers).commands
    missing = [spec for spec in COMMANDS if spec.makes not in there]

    table = command_table(there)

    assert table.count("*Not there yet.*") == len(missing)
    assert "| `version` | Show which version of the bot this is. |" in table
    assert "Not there yet" not in command_table()


# --- what names something ----------------------------------------------------------------------------------------


@ONE_PAGE
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]+))?\)", page.read_text(encoding="utf-8"))
    targets = [((page.parent / path).resolve() if path else page, anchor) for path, anchor in links]

    lost = [str(target) for target, _ in targets if not target.exists()]
    unknown = [anchor for target, anchor in targets if anchor and target.exists() and anchor not in _anchors(target)]

    assert lost == []
    assert unknown == []


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@ONE_PAGE
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = re.findall(r"`((?:bot|handlers|tests|docs)/[\w/.]*)`", page.read_text(encoding="utf-8"))

    assert [name for name in named if not (ROOT / name).exists()] == []


PROMISES = [(README, "## What is promised\n"), (ROOT / "docs" / "security.md", "## Promises\n")]


@pytest.mark.parametrize(("page", "heading"), PROMISES, ids=["README", "security"])
def test_every_promise_names_a_test_that_is_there(page: Path, heading: str) -> None:
    promised = page.read_text(encoding="utf-8").partition(heading)[2].partition("\n## ")[0]
    rows = [line for line in promised.splitlines() if line.startswith("| ") and not line.startswith("| promise ")]

    tests = [re.search(r"`(tests/[\w/]+\.py)::(test_\w+)` \|$", row) for row in rows]

    assert rows
    assert all(tests), [row for row, test in zip(rows, tests, strict=True) if test is None]
    gone = [test[0] for test in tests if test and f"\ndef {test[2]}(" not in (ROOT / test[1]).read_text("utf-8")]
    assert gone == []


@ONE_PAGE
def test_every_command_line_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    targets = re.findall(r"(?:^|[`|]|\| )make ([a-z]+)", text, flags=re.MULTILINE)
    processes = re.findall(r"python -m bot ([a-z]+)", text)
    modules = re.findall(r"python -m ((?:bot|tests)\.[\w.]+)", text)

    assert [target for target in targets if not re.search(rf"^{target}:", makefile, flags=re.MULTILINE)] == []
    assert set(processes) <= set(TASKS)
    assert [name for name in modules if not _can_be_run(name)] == []


def _can_be_run(module: str) -> bool:
    path = ROOT / module.rstrip(".").replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__main__.py").exists()


@ONE_PAGE
def test_every_variable_that_is_named_exists(page: Path) -> None:
    known = {*Secrets.variables(), *OTHERS, *CAPABILITIES, *_constants(), "SHIPMATE_SETTINGS"}

    named = set(re.findall(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]*\b", page.read_text(encoding="utf-8")))

    # What a provider hands to its command is told, and tested, with the provider.
    assert {name for name in named - known if not name.startswith("SHIPMATE_")} == set()


def _constants() -> set[str]:
    """Names in capitals that modules of the bot define."""
    sources = [*ROOT.glob("bot/**/*.py"), *ROOT.glob("handlers/*.py")]
    return {name for path in sources for name in re.findall(r"^([A-Z_]+)\b", path.read_text("utf-8"), re.MULTILINE)}


def test_the_workflows_that_are_shown_can_be_read_and_run_for_deployments() -> None:
    yaml = pytest.importorskip("yaml")
    shown = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "providers.md").read_text("utf-8"), re.DOTALL)

    read = [yaml.safe_load(textwrap.dedent(one)) for one in shown]
    # YAML 1.1 takes the key `on` for a yes.
    whole = [one for one in read if True in one]
    of_deployments = [one for one in whole if one[True] == "deployment"]
    [dispatched] = [one for one in whole if one not in of_deployments]

    assert len(of_deployments) == 2
    assert all(set(one) == {"name", True, "permissions", "jobs"} for one in of_deployments)
    assert all("request_id" in job["if"] and job["steps"] for one in of_deployments for job in one["jobs"].values())
    assert [one["environment"]["deployment"] for one in read if one not in whole] == [False]
    assert [*dispatched[True]["workflow_dispatch"]["inputs"]] == [*DEFAULT_INPUTS]
    assert "inputs.request_id" in dispatched["run-name"]
    assert dispatched["jobs"]["deploy"]["steps"][0]["with"]["ref"] == "${{ inputs.sha }}"


@ONE_PAGE
def test_every_setting_that_is_named_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    settings = (ROOT / "settings.toml").read_text(encoding="utf-8")

    named = {tomllib.loads(line).popitem()[0] for line in re.findall(r"`([a-z_]+ = [^`]+)`", text)}

    assert [key for key in named if not re.search(rf"^#?{key} =", settings, flags=re.MULTILINE)] == []


@ONE_PAGE
def test_every_example_in_python_stands_in_its_file(page: Path) -> None:
    examples = re.findall(r"^```python\n# (\S+)\n(.*?)^```", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)

    changed = [line for path, code in examples for line in _not_in_order(code, (ROOT / path).read_text("utf-8"))]

    assert changed == []


def _not_in_order(code: str, source: str) -> list[str]:
    """The first line of ``code`` that ``source`` does not have after the one before."""
    rest = source
    for line in filter(None, code.splitlines()):
        _, found, rest = rest.partition(f"{line}\n")
        if not found:
            return [line]
    return []


def test_the_first_screen_of_the_readme_has_the_two_commands() -> None:
    screen = README.read_text(encoding="utf-8").splitlines()[:24]

    assert screen[:1] == ["# Shipmate"]
    assert [line.split("#")[0].strip() for line in screen if line.startswith("make ")] == ["make talk", "make test"]


def test_every_process_has_its_row() -> None:
    page = README.read_text(encoding="utf-8")

    assert re.findall(r"^\| `python -m bot (\w+)` \|", page, flags=re.MULTILINE) == list(TASKS)


# --- what the bot is shown to answer -----------------------------------------------------------------------------


def _block_after(page: Path, comment: str) -> list[str]:
    found = re.search(rf"<!-- {re.escape(comment)} -->\n```\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL)
    assert found, comment
    return found[1].splitlines()


def test_the_conversation_in_the_readme_is_one_with_the_bot(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Greet the whole crew", author="maria")
    lines = _block_after(README, "A test holds this conversation with the bot, and compares.")

    asked = world.says("maria", "deploy topic to production")
    [remote] = world.github.deployments(REPOSITORY)
    world.github.report_deployment_status(REPOSITORY, remote.id, "in_progress")
    world.wait(minutes=4)
    world.github.report_deployment_status(REPOSITORY, remote.id, "success")
    world.settle()

    told = [read_out(world.parent(1)).partition("\n[")[0], world.answers(asked)[-1]]
    assert lines[0] == "maria      @shipmate deploy topic to production"
    assert lines[1:] == _read(
        "\n".join(f"shipmate   {one.replace(chr(10), chr(10) + ' ' * 11)}" for one in told)
    ).split("\n")


def _read(mrkdwn: str) -> str:
    """What is seen of Slack's marks."""
    seen = re.sub(r"<https?://[^|>]+\|([^>]+)>", r"\1", mrkdwn).replace("*", "")
    return seen.replace("<@U00000001>", "@maria")


def test_what_make_talk_shows_is_what_the_readme_says(tmp_path: Path) -> None:
    typed, *shown = _block_after(README, "A test types these lines, and compares.")
    lines = re.fullmatch(r"\$ printf '(.*)' \| make talk", typed)
    assert lines

    seen = _ran(tmp_path, "talk", said=lines[1].replace(r"\n", "\n"))

    # Both ways. Messages and threads are written side by side: between which lines a line comes is a matter of speed.
    assert Counter(map(_timeless, _as_drawn_at_last(shown))) == Counter(
        map(_timeless, _as_drawn_at_last(seen.splitlines()))
    )


def test_the_tutorial_can_be_followed_in_the_terminal(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    part = page.partition("## Five minutes in Slack")[0]
    clone, *typed = re.findall(r"^```\n(.*?)```$", part, flags=re.DOTALL | re.MULTILINE)

    seen = _ran(tmp_path, "talk", said="".join(typed))

    # What is written side by side comes in any order.
    assert clone.splitlines()[-1] == "make talk"
    assert seen.count("↳ ✅ @you live in") == 2
    for told in (
        "❌ Checks failed: ci",
        "⏳ web → production",
        "🔒 @you has locked web → staging",
        "🔓 @you has unlocked",
    ):
        assert told in seen
    assert not re.search("did not understand|do not know", seen)


def _as_drawn_at_last(lines: list[str]) -> list[str]:
    """With the last drawing of each message anew alone, and one that only brings buttons as if it had had them before:
    speed decides how many there are, and whether that it has begun is still told."""
    blocks: list[list[str]] = []
    for line in (one for one in lines if not re.match(r"  [↳⟳] 🚀 Started", one)):
        if line.startswith("    ") and blocks and blocks[-1][0].startswith("  ⟳ "):
            blocks[-1].append(line)
        else:
            blocks.append([line])

    def message(block: list[str]) -> str:
        """Its place, or the words of a reply."""
        return re.split(" {2,}", block[0].strip(" ⟳").lstrip("🚀✅ "))[0] if block[0].startswith("  ⟳ ") else ""

    last = [
        block
        for n, block in enumerate(blocks)
        if not message(block) or message(block) not in map(message, blocks[n + 1 :])
    ]
    return [re.sub(r"^  ⟳ .* {3}(?=\[)", "    ", line) for block in last for line in block]


def test_what_the_check_shows_is_what_the_page_says(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text((ROOT / "settings.toml").read_text("utf-8"), encoding="utf-8")
    page = ROOT / "docs/troubleshooting.md"
    _, *shown = _block_after(page, "A test runs the check without any variable, and compares.")

    seen = _ran(tmp_path, "check")

    assert shown == seen.splitlines()


def _ran(directory: Path, process: str, said: str = "") -> str:
    """What a process of the bot writes in an empty directory, with no variable of ours set."""
    kept = {
        name: value for name, value in os.environ.items() if name not in {*Secrets.variables(), "SHIPMATE_SETTINGS"}
    }
    done = subprocess.run(
        [sys.executable, "-m", "bot", process],
        cwd=directory,
        input=said,
        env={**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "TZ": "UTC"},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def _timeless(line: str) -> str:
    """Columns are as wide as what stands in them, which may be a day as well."""
    line = re.sub(r"(page: http://127\.0\.0\.1:)\S+", r"\1…", line)
    line = re.sub(r"since .* by|since \d+:\d+|\b\d+ s\b|(?:\w+ \d+ \w+ )?\d+:\d+(?=, you)", "…", line)
    return re.sub(r"(?<=\S) {2,}", "  ", line)


# --- GitHub, Heroku, and versions --------------------------------------------------------------------------------


def test_the_page_asks_github_for_what_is_needed_and_nothing_else() -> None:
    page = (ROOT / "docs/setup-by-hand.md").read_text(encoding="utf-8")
    levels = {"read and write": "write", "read": "read"}

    permissions = re.findall(r"^ +\| ([A-Z][a-z ]+) \| (read|read and write) \|", page, flags=re.MULTILINE)
    events = re.findall(r"^ +\| [A-Z][a-z ]+ \| `([a-z_]+)` \|", page, flags=re.MULTILINE)

    named = {"commit_statuses": "statuses"}
    keys = {name: name.lower().replace(" ", "_") for name, _ in permissions}
    assert {named.get(keys[name], keys[name]): levels[level] for name, level in permissions} == {
        **APP_NEEDS,
        "actions": "read",  # asked for, and gone on without
    }
    assert events == list(NEEDED_EVENTS)


def test_heroku_starts_processes_that_exist() -> None:
    procfile = (ROOT / "Procfile").read_text(encoding="utf-8").splitlines()
    app = json.loads((ROOT / "app.json").read_text(encoding="utf-8"))

    started = dict(re.fullmatch(r"(\w+): python -m bot (\w+)", line).groups() for line in procfile)  # type: ignore[union-attr]

    assert started == {"release": "migrate", "web": "web", "worker": "worker"}
    assert set(app["formation"]) == {"web", "worker"}
    assert [plan.partition(":")[0] for plan in app["addons"]] == ["heroku-postgresql"]


def test_heroku_asks_for_the_variables_that_the_processes_cannot_start_without() -> None:
    asked = json.loads((ROOT / "app.json").read_text(encoding="utf-8"))["env"]
    given = {name.lower(): "x" for name, how in asked.items() if how.get("required") or "generator" in how}

    missing = [finding.what for finding in requirements(Secrets.model_validate(given), "run")]

    assert set(asked) <= set(Secrets.variables())
    # Socket Mode or HTTP, a token or an App: Heroku cannot ask for one of two.
    assert missing == [
        "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set, so nothing said in Slack reaches the bot",
        "GITHUB_TOKEN is not set, nor are GITHUB_APP_ID and GITHUB_PRIVATE_KEY",
    ]


def test_heroku_asks_for_everything_that_the_bot_is_told_by_secrets() -> None:
    asked = json.loads((ROOT / "app.json").read_text(encoding="utf-8"))["env"]
    beside = {"DATABASE_URL", "PORT", "METRICS_PORT"}  # Heroku's own, and what no worker there has
    addresses = {name for name in Secrets.variables() if name.endswith(("_API_URL", "_WEB_URL"))}

    assert set(asked) == set(Secrets.variables()) - beside - addresses


def test_the_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    python = (ROOT / ".python-version").read_text(encoding="utf-8").strip()

    assert f">={python}" == project["requires-python"]
    assert re.search(r"Python ≥ ([\d.]+)", README.read_text(encoding="utf-8"))[1] == python  # type: ignore[index]
    assert re.search(
        rf"^## \[(?:Unreleased|{re.escape(__version__)})\]",
        (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text(encoding="utf-8")), encoding="utf-8")
    REFERENCE.write_text(with_reference(REFERENCE.read_text(encoding="utf-8")), encoding="utf-8")
