"""The picture of an event's way, the tree and the glossary in CONTRIBUTING.md are those of the code."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from tests.world import REPOSITORY, World

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
Call = tuple[str, str]
"""A file from the root, and the qualified name of a function in it."""
MARK: Call = ("bot/runtime/commands.py", "Conversation.see")
ANSWER: Call = ("bot/runtime/commands.py", "Conversation.answer")


def pictured() -> list[Call]:
    """The calls in the order of the picture."""
    picture = PAGE.partition("<!-- A test deploys, and compares the order of these calls. -->")[2].partition("```\n\n")[
        0
    ]
    return re.findall(r'\["(\S+): ([\w.]+)"\]', picture)


@contextmanager
def traced(wanted: set[Call]) -> Iterator[list[Call]]:
    """The calls of these that are made meanwhile, in any thread that begins meanwhile too."""
    seen: list[Call] = []

    def trace(frame: FrameType, what: str, _: Any) -> None:
        code = frame.f_code
        if what == "call" and code.co_filename.startswith(str(ROOT)):
            qualified = code.co_qualname.partition(".<locals>")[0]
            call = (str(Path(code.co_filename).relative_to(ROOT)), qualified)
            if call in wanted:
                seen.append(call)

    threading.setprofile(trace)
    sys.setprofile(trace)
    try:
        yield seen
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def test_a_command_goes_the_way_of_the_picture(world: World) -> None:
    world.github.commit(REPOSITORY, "topic", "Add search")
    steps = pictured()

    with traced(set(steps)) as made:
        world.says("maria", "deploy topic to production")

    assert len(steps) > 12
    # The mark on the command is a decision of its own, and a small one: the picture goes past what that calls.
    marked, answered = made.index(MARK), made.index(ANSWER)
    inside = made[marked + 1 : answered]
    assert {file for file, _ in inside} == {"bot/core/grammar/parser.py", "bot/context.py"}
    assert [*dict.fromkeys([*made[: marked + 1], *made[answered:]])] == steps


def test_the_tree_names_every_folder_of_the_code_and_no_other() -> None:
    tree = PAGE.partition("<!-- A test compares the folders below with those that are there. -->")[2].split("```")[1]
    named, above = set(), [""]
    for indent, name in re.findall(r"^( *)([a-z_]+)/", tree, flags=re.MULTILINE):
        above[len(indent) // 2 :] = [f"{above[len(indent) // 2 - 1] if indent else ''}{name}/"]
        named.add(above[-1])

    there = {f"{path.parent.relative_to(ROOT)}/" for top in ("bot", "handlers") for path in (ROOT / top).rglob("*.py")}

    assert named - {"tests/"} == there - {"bot/migrations/versions/"}


def test_every_word_of_the_glossary_is_used_in_the_code() -> None:
    glossary = PAGE.partition("## Words")[2].partition("\n## ")[0]
    words = [
        word for row in re.findall(r"^\| ([a-z, ]+) \|", glossary, flags=re.MULTILINE)[1:] for word in row.split(", ")
    ]
    sources = [*ROOT.glob("bot/**/*.py"), *ROOT.glob("handlers/**/*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources).lower()

    assert len(words) > 15
    assert [word for word in words if word not in code and re.sub(" ", "", word) not in code] == []
