"""The log of each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.logs.written import Written, written


@pytest.fixture
def out() -> Iterator[Written]:
    with written() as found:
        yield found
