"""Calls by ``requests``, as metrics count them: what an answer means, or that none came."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests

from bot.core.ports.measures import Call, Measures, Service


@contextmanager
def measured(measures: Measures, service: Service) -> Iterator[Call]:
    """Goes around one request; whoever makes it says what its answer means."""
    with measures.call(service) as call:
        try:
            yield call
        except requests.Timeout:
            call.result = "timeout"
            raise
        except ValueError:  # an address or a header that is none: nothing was sent
            raise
        except (requests.RequestException, OSError):
            call.result = "unreachable"
            raise
