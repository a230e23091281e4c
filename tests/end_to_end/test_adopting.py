"""A repository that is deleted and made anew: `check` says so, and `adopt` lets the bot go on with it."""

from __future__ import annotations

from bot.adapters.storage.engine import connect
from bot.adapters.storage.store import Store
from bot.context import SystemClock
from tests.end_to_end.installation import REPOSITORY, Installation


def test_a_repository_that_was_made_anew_is_taken_for_the_app_when_somebody_says_so(site: Installation) -> None:
    bot = site.runs()
    store = Store(connect(f"sqlite:///{site.directory / 'shipmate.db'}"), SystemClock())
    site.wait_for(lambda: bool(store.repositories.all()), "the first look")
    bot.kill()
    known = store.repositories.all()[0].number
    del site.github.repositories[REPOSITORY]
    site.github.add_repository(REPOSITORY)

    codes = [(examined := site.starts("check")).wait()]
    codes.append((unknown := site.starts("adopt", "acme/nothing")).wait())
    codes.append((adopted := site.starts("adopt", REPOSITORY)).wait())
    site.runs()
    site.wait_for(lambda: bool(store.repositories.all()), "the next look")

    assert codes == [1, 1, 0]
    assert f"✗ {REPOSITORY} is another repository now than the one that the bot knows" in examined.printed
    assert unknown.printed == "✗ No app has been looked up by the name acme/nothing; see `python -m bot check`."
    sentence = f"Whatever is called {REPOSITORY} on GitHub is what the bot takes it for, within three minutes."
    assert adopted.printed == sentence
    assert known != store.repositories.all()[0].number == site.github.repository(REPOSITORY).id
    store.database.engine.dispose()
