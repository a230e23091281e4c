"""The bot as a process between real small servers; ``harbour_with`` makes one with a command for production."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.installation import Installation
from tests.end_to_end.installation import site as build


@pytest.fixture
def site_with(tmp_path: Path) -> Iterator[Callable[[str], Installation]]:
    with ExitStack() as stack:
        yield lambda command: stack.enter_context(build(tmp_path, command))


@pytest.fixture
def site(site_with: Callable[[str], Installation]) -> Installation:
    """Production's command succeeds and says so."""
    return site_with("echo Deploying $SHIPMATE_REF")
