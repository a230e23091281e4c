"""GitHub's answers that were read last, for asking again at no cost."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    etag: str | None
    body: bytes
    next: str | None


class RecentPages:
    """The answers asked for last, by URL, up to so many bytes together."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, url: str) -> Page | None:
        with self._lock:
            page = self._pages.get(url)
            if page is not None:
                self._pages.move_to_end(url)
            return page

    def put(self, url: str, page: Page) -> None:
        """Remember a page; one without an ETag, or too big to be worth it, is only forgotten."""
        with self._lock:
            old = self._pages.pop(url, None)
            self._bytes -= len(old.body) if old else 0
            if page.etag is None or len(page.body) > self._most_bytes // 16:
                return
            self._pages[url] = page
            self._bytes += len(page.body)
            while self._bytes > self._most_bytes:
                _, oldest = self._pages.popitem(last=False)
                self._bytes -= len(oldest.body)
