"""The pins are a closure: whatever a pinned distribution requires, extras included, is pinned in the same file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
FILES = ("requirements.txt", "requirements-dev.txt")
"""What is installed where these tests run. The others have environments of their own, and are looked at there."""
GROUPS = {"requirements-audit.txt": "audit", "requirements-docs.txt": "docs"}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = (
    {"sys_platform": "linux", "platform_system": "Linux"},
    {"sys_platform": "darwin", "platform_system": "Darwin"},
)


def pins_in(text: str) -> list[Requirement]:
    """The pins of a requirements file, with their extras and markers."""
    return [Requirement(line.removesuffix("\\")) for line in text.splitlines() if re.match(r"[a-z0-9]", line)]


def needed_by(pin: Requirement) -> list[Requirement]:
    """What the installed distribution says that it requires, for whatever extra."""
    return [Requirement(line) for line in metadata.requires(pin.name) or []]


def missing(pins: list[Requirement], environment: dict[str, str], needs: dict[str, list[Requirement]]) -> Iterator[str]:
    """Each requirement of a pin that would let a resolver choose: it is not pinned, or not with that extra."""
    there = {canonicalize_name(pin.name): pin for pin in pins if _holds(pin, environment, {""})}
    for pin in there.values():
        for need in needs[pin.name]:
            if not _holds(need, environment, pin.extras | {""}):
                continue
            pinned = there.get(canonicalize_name(need.name))
            if pinned is None:
                yield f"{pin.name} requires {need.name}, which is not pinned"
            elif not need.extras <= pinned.extras:
                yield f"{pin.name} requires {need.name}[{','.join(need.extras)}], and {pinned} is pinned"
            elif not need.specifier.contains(next(iter(pinned.specifier)).version, prereleases=True):
                yield f"{pin.name} requires {need}, and {pinned} is pinned"


def _holds(requirement: Requirement, environment: dict[str, str], extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in extras)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform["sys_platform"])
def test_nothing_is_left_for_a_resolver_to_choose(file: str, python: str, platform: dict[str, str]) -> None:
    pins = pins_in((ROOT / file).read_text(encoding="utf-8"))
    environment = {"python_version": python, "python_full_version": f"{python}.1", **platform}

    needs = {pin.name: needed_by(pin) for pin in pins if _holds(pin, environment, {""})}

    assert len(needs) > 40
    assert list(missing(pins, environment, needs)) == []


@pytest.mark.parametrize(("file", "extra"), [(FILES[0], None), (FILES[1], "dev")])
def test_whatever_the_project_requires_is_pinned(file: str, extra: str | None) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(project["optional-dependencies"][extra] if extra else [])]
    pins = pins_in((ROOT / file).read_text(encoding="utf-8"))
    ours = Requirement("shipmate==1")

    found = list(missing([ours, *pins], {}, {ours.name: [*map(Requirement, lines)], **{pin.name: [] for pin in pins}}))

    assert found == []


@pytest.mark.parametrize(("file", "group"), GROUPS.items())
def test_whatever_a_group_requires_is_pinned(file: str, group: str) -> None:
    lines = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"][group]
    pins = pins_in((ROOT / file).read_text(encoding="utf-8"))
    ours = Requirement("shipmate==1")

    found = list(missing([ours, *pins], {}, {ours.name: [*map(Requirement, lines)], **{pin.name: [] for pin in pins}}))

    assert found == []


@pytest.mark.parametrize("file", [*FILES, *GROUPS])
def test_every_pin_has_its_hashes_and_names_no_place(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    bare = [pin[0] for pin in re.findall(r"^([a-z0-9].*\n)(?!    --hash=sha256:[0-9a-f]{64})", text, re.MULTILINE)]

    assert bare == []
    assert re.findall(r"\w+://\S+|^-(?!-hash)\S+", text, flags=re.MULTILINE) == []


@pytest.mark.parametrize("file", FILES)
def test_what_is_installed_is_what_is_pinned(file: str) -> None:
    pins = [pin for pin in pins_in((ROOT / file).read_text(encoding="utf-8")) if _holds(pin, {}, {""})]

    assert [str(pin) for pin in pins if metadata.version(pin.name) not in pin.specifier] == []


@pytest.mark.parametrize(
    ("need", "found"),
    [
        ("psycopg[binary]>=3", "engine requires psycopg[binary], and psycopg==3.3.9 is pinned"),
        ("psycopg>=4", "engine requires psycopg>=4, and psycopg==3.3.9 is pinned"),
        ("left-pad", "engine requires left-pad, which is not pinned"),
        ('left-pad; extra == "fast"', "engine requires left-pad, which is not pinned"),
    ],
)
def test_a_choice_that_is_left_is_found(need: str, found: str) -> None:
    pins = pins_in("engine[fast]==1.0 \\\n    --hash=sha256:00\n    # via shipmate\npsycopg==3.3.9 \\\n")

    assert list(missing(pins, {}, {"engine": [Requirement(need)], "psycopg": []})) == [found]
    assert list(missing(pins, {}, {"engine": [Requirement('left-pad; extra == "slow"')], "psycopg": []})) == []
