"""The cache of GitHub's answers: what was asked last stays, and all of it stays within so many bytes."""

from __future__ import annotations

import tracemalloc

import pytest

from bot.adapters.github.etag_cache import Page, RecentPages

MOST = 1024 * 1024


def page(size: int, etag: str | None = '"1"') -> Page:
    return Page(etag, b"x" * size, None)


@pytest.mark.parametrize("size", [0, 2, 300, 5_000])
def test_it_takes_no_more_memory_than_it_is_given_however_small_the_answers(size: int) -> None:
    pages = RecentPages(MOST)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(5_000):
            url = f"https://api.github.com/repos/acme/web/commits/{number:040}/check-runs?per_page=100&page=1"
            pages.put(url, page(size, etag=f'W/"{number:064}"'))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert after - before < MOST * 1.1


def test_what_was_asked_last_stays() -> None:
    pages = RecentPages(MOST)
    for number in range(1_000):
        pages.put("https://one", page(10))
        pages.put(f"https://{number}", page(5_000))

    assert pages.get("https://one") is not None
    assert pages.get("https://0") is None


@pytest.mark.parametrize("new", [page(10, etag=None), page(MOST)])
def test_what_cannot_be_asked_again_or_is_too_big_is_forgotten(new: Page) -> None:
    pages = RecentPages(MOST)
    pages.put("https://one", page(10))

    pages.put("https://one", new)

    assert pages.get("https://one") is None
