"""GitHub's answers that were read last, for asking again at no cost."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from cachetools import LRUCache

PER_PAGE = 1_500
"""What one takes in memory besides its body, about: an answer may be two brackets."""


@dataclass(frozen=True, slots=True)
class Page:
    etag: str | None
    body: bytes
    next: str | None


class RecentPages:
    """The answers asked for last, by URL, up to so many bytes of memory together. Safe to share between threads."""

    def __init__(self, most_bytes: int) -> None:
        self._largest = most_bytes // 8
        self._pages: LRUCache[str, Page] = LRUCache(most_bytes, getsizeof=lambda page: PER_PAGE + len(page.body))
        self._lock = threading.Lock()

    def get(self, url: str) -> Page | None:
        with self._lock:
            return self._pages.get(url)

    def put(self, url: str, page: Page) -> None:
        """Remember a page; one without an ETag, or too big to be worth it, is only forgotten."""
        with self._lock:
            if page.etag is None or len(page.body) > self._largest:
                self._pages.pop(url, None)
            else:
                self._pages[url] = page
