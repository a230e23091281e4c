"""Decoding: many threads read a class for the first time, and the process lives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from bot.adapters.decoding import convert, decode
from bot.core.deployments.model import Actor
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
CLASSES = """
from __future__ import annotations
from dataclasses import dataclass
import msgspec

@dataclass(frozen=True, slots=True)
class Inner:
    a: int
    b: str = ""

@dataclass(frozen=True, slots=True)
class Outer:
    x: tuple[Inner, ...]
    y: Inner | None = None

class Part(msgspec.Struct, frozen=True):
    a: int
    b: str = ""

class Whole(msgspec.Struct, frozen=True):
    x: list[Part]
    y: Part | None = None
"""
CROWD = f"""
import sys, threading, types
from bot.adapters.decoding import convert, decode

CLASSES = {CLASSES!r}
sys.setswitchinterval(1e-6)

def read(module, at, number):
    at.wait()
    whole, part = [(module.Outer, module.Inner), (module.Whole, module.Part)][number % 2]
    if number % 3:
        assert decode(b'{{"x": [{{"a": 1}}], "y": {{"a": 2}}}}', whole).y.a == 2
    else:
        assert convert({{"a": 1, "b": "c"}}, part).b == "c"

for round in range(60):
    module = sys.modules[f"fresh{{round}}"] = types.ModuleType(f"fresh{{round}}")
    exec(CLASSES, module.__dict__)
    at = threading.Barrier(9)
    crowd = [threading.Thread(target=read, args=(module, at, number)) for number in range(9)]
    [one.start() for one in crowd]
    [one.join() for one in crowd]
print("alive")
"""


def test_many_threads_that_read_new_classes_at_once_do_not_crash_the_process() -> None:
    crowd = subprocess.run(
        [sys.executable, "-c", CROWD], cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE
    )

    assert (crowd.returncode, crowd.stdout, crowd.stderr) == (0, "alive\n", "")


def test_what_does_not_fit_is_refused_as_always() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode(b'{"name": 3}', Actor)
    with pytest.raises(msgspec.ValidationError):
        convert({"name": 3}, Actor)


def test_rows_are_read_less_strictly_where_that_is_asked_for() -> None:
    assert convert({"name": "Maria"}, Actor) == Actor("Maria")
    assert convert(["1", "2"], tuple[int, ...], strict=False) == (1, 2)
