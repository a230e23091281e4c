"""The gallery shows every message: no function of the core that makes one is left out, and no name stands for two."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import sys
from pathlib import Path
from types import CodeType, FrameType

import bot.core
from bot.core.modals.model import Modal
from bot.core.rich_text import Message
from bot.gallery.forms import forms
from bot.gallery.scenes import groups

ROOT = Path(__file__).parents[2]
NO_MESSAGE_OF_ITS_OWN = {"bot.core.rich_text.say"}
"""``say`` is what the others are made with."""
SHOWN = {"Message", Message, "Modal", Modal, "Modal | None"}


def message_functions() -> dict[CodeType, str]:
    """Every public function of the core that returns a message or a form, with its full name."""
    found = {}
    for module in pkgutil.walk_packages(bot.core.__path__, "bot.core."):
        for name, value in vars(importlib.import_module(module.name)).items():
            public = inspect.isfunction(value) and value.__module__ == module.name and not name.startswith("_")
            if public and value.__annotations__.get("return") in SHOWN:
                found[value.__code__] = f"{module.name}.{name}"
    return found


def test_every_message_of_the_core_is_in_a_scene() -> None:
    called: set[CodeType] = set()

    def calls(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(calls)
    try:
        groups()
        forms()
    finally:
        sys.setprofile(before)

    functions = message_functions()
    left_out = {name for code, name in functions.items() if code not in called}
    assert len(functions) > 150
    assert left_out - NO_MESSAGE_OF_ITS_OWN == set(), "make a scene of each in bot/gallery/"


def test_each_scene_has_a_name_of_its_own() -> None:
    found = groups()
    names = [(group.title, scene.name) for group in found for scene in group.scenes]
    names += [("", form.name) for form in forms()]

    assert len(names) == len(set(names))
    assert len({group.title for group in found}) == len(found)


def test_the_gallery_is_the_same_each_time_it_is_made() -> None:
    assert (groups(), forms()) == (groups(), forms())


def test_no_part_of_the_bot_loads_the_gallery_when_it_starts() -> None:
    sources = [path for path in ROOT.glob("bot/**/*.py") if "gallery" not in path.parts]

    loading = [str(path) for path in (*sources, *ROOT.glob("handlers/**/*.py")) if _loads_the_gallery(path)]

    assert loading == []


def _loads_the_gallery(path: Path) -> bool:
    """Whether a module imports it at once; functions do when they are called."""
    names = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [f"{node.module}"] if isinstance(node, ast.ImportFrom) else []
    return any(name.startswith("bot.gallery") for name in names)
