"""The bot as a process between real small servers; ``harbour_with`` makes one with a command for production."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.installation import Harbour
from tests.end_to_end.installation import harbour as build


@pytest.fixture
def harbour_with(tmp_path: Path) -> Iterator[Callable[[str], Harbour]]:
    with ExitStack() as stack:
        yield lambda command: stack.enter_context(build(tmp_path, command))


@pytest.fixture
def harbour(harbour_with: Callable[[str], Harbour]) -> Harbour:
    """Production's command succeeds and says so."""
    return harbour_with("echo Deploying $SHIPMATE_REF")
