"""Fixtures for what runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.adapters.storage.engine import connect
from tests.runtime.works import HandClock, Works


@pytest.fixture
def works(tmp_path: Path) -> Iterator[Works]:
    engine = connect(f"sqlite:///{tmp_path / 'works.db'}")
    works = Works(engine, HandClock())
    # Tracebacks in colour take a second each.
    with capture_logs():
        yield works
    engine.dispose()
