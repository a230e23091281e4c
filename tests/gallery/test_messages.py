"""Every message keeps to Slack's limits and to our own rules, also with the worst that strangers may write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from bot.adapters.slack.blocks import blocks_of, text_of
from bot.core.rich_text import Message, plain
from bot.gallery.material import Material
from bot.gallery.page import READER, notification
from bot.gallery.scene import Scene
from bot.gallery.scenes import BUILDERS
from bot.gallery.slack_html import Reader
from tests.gallery.strangers import EMPTY, WORST
from tests.servers.slack import limits

USUAL = Material()
MATERIALS = {"usual": USUAL, "worst": WORST, "empty": EMPTY}
EACH_GROUP = pytest.mark.parametrize("title", [title for title, _ in BUILDERS])
ANY_CONTENT = pytest.mark.parametrize("content", list(MATERIALS))
LONGEST_FIRST_LINE = 120
BARE = {"yes", "no", "ok", "all", "do it", "staging", "production"}
UNASKED = {"unlock", "ask for", "take over", "lock", "notify"}
"""What deploys nothing needs no question."""


def scenes(title: str, content: str = "usual") -> tuple[Scene, ...]:
    return tuple(dict(BUILDERS)[title](MATERIALS[content]))


def elements(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Everything that can be pressed."""
    for block in blocks:
        yield from block.get("elements", ()) if block["type"] == "actions" else ()


# --- what Slack takes ---------------------------------------------------------------------------------------------


@EACH_GROUP
@ANY_CONTENT
@pytest.mark.parametrize("plainly", [False, True], ids=["newest", "plain"])
def test_slack_takes_every_message(title: str, content: str, plainly: bool) -> None:
    for scene in scenes(title, content):
        blocks = blocks_of(scene.message, plainly=plainly)

        assert limits.problems_of(blocks) == [], scene.name
        assert limits.characters_of(blocks) <= limits.ALL_TEXT, scene.name
        assert 1 <= len(text_of(scene.message)) <= limits.UPDATE_TEXT, scene.name
        assert not plainly or limits.unknown_to_it(blocks) == [], scene.name


@EACH_GROUP
@pytest.mark.parametrize("plainly", [False, True], ids=["newest", "plain"])
def test_no_text_of_strangers_pings_anybody_or_leads_anywhere(title: str, plainly: bool) -> None:
    for scene in scenes(title, "worst"):
        blocks = blocks_of(scene.message, plainly=plainly)
        marked = [text_of(scene.message), *(part["text"] for part in parts(blocks) if part.get("type") == "mrkdwn")]
        called = [part for part in parts(blocks) if part.get("type") in {"user", "usergroup", "broadcast", "channel"}]

        for text in marked:
            assert set(re.findall(r"<!(\w+)", text)) <= {"date", "subteam"}, f"{scene.name}: {text}"
            assert not re.search(r"<@U0MALLORY|<!subteam\^S0MALLORY|<https?://evil", text), f"{scene.name}: {text}"
        assert "MALLORY" not in str(called), scene.name
        assert not [part for part in parts(blocks) if "evil" in str(part.get("url", ""))], scene.name


def parts(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in blocks, wherever it is."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from parts(one)


@EACH_GROUP
def test_what_strangers_write_begins_no_line(title: str) -> None:
    for scene in scenes(title, "worst"):
        shown = [line.lstrip() for line in scene.message.text().splitlines()]

        # What is preformatted is shown as it was written.
        assert scene.message.output or "```" in str(blocks_of(scene.message)) or "> quoted" not in shown, scene.name
        assert scene.message.output or "```" in str(blocks_of(scene.message)) or "• listed" not in shown, scene.name


# --- what is only heard -------------------------------------------------------------------------------------------


@EACH_GROUP
@ANY_CONTENT
def test_a_notification_is_a_whole_sentence(title: str, content: str) -> None:
    for scene in scenes(title, content):
        heard = notification(scene)

        assert heard.rstrip().endswith((".", "!", "?", "…")), f"{scene.name}: {heard}"
        assert len(heard.split()) > 1, scene.name


@EACH_GROUP
def test_nothing_is_left_of_markup_in_a_notification(title: str) -> None:
    for scene in scenes(title):
        heard, meant = notification(scene), plain(scene.message.sentence).strip()

        assert not re.search(r"`|<[@!#]|&\w+;", heard), f"{scene.name}: {heard}"
        # A moment is shown in the reader's own words.
        if "UTC" not in meant:
            assert _by_name(heard) == _by_name(meant), scene.name


def _by_name(text: str) -> str:
    """With names for ids, and what looks like a mark for what would be one."""
    return re.sub(r"@(\w+)", lambda found: f"@{READER.names.get(found[1], found[1])}", text).replace("∼", "~")


# --- our own rules ------------------------------------------------------------------------------------------------


@EACH_GROUP
@ANY_CONTENT
def test_one_button_at_most_stands_out_and_none_is_red(title: str, content: str) -> None:
    for scene in scenes(title, content):
        styles = [one.get("style") for one in elements(blocks_of(scene.message))]

        assert styles.count("primary") <= 1, scene.name
        assert "danger" not in styles, scene.name


@EACH_GROUP
def test_a_button_says_what_it_does(title: str) -> None:
    for scene in scenes(title):
        labels = [button.label for button in (*scene.message.buttons, *scene.message.more)]

        assert [label for label in labels if label.lower() in BARE] == [], scene.name
        assert len(labels) == len(set(labels)), scene.name


CARDS = [title for title, _ in BUILDERS if title.startswith("Cards: ")]


@pytest.mark.parametrize("title", CARDS)
@ANY_CONTENT
def test_a_card_has_two_buttons_at_most_and_a_menu(title: str, content: str) -> None:
    for scene in scenes(title, content):
        drawn = list(elements(blocks_of(scene.message)))
        menus = [one for one in drawn if one["type"] == "overflow"]

        assert len(scene.message.buttons) <= 2, scene.name
        assert len(menus) <= 1, scene.name
        assert len(drawn) - len(menus) <= 2, scene.name


@pytest.mark.parametrize("title", CARDS)
def test_the_first_line_of_a_card_is_short_and_has_the_place_in_it(title: str) -> None:
    for scene in scenes(title):
        first = plain(scene.message.lines[0])

        assert len(first) <= LONGEST_FIRST_LINE, first
        assert re.match(r"\S+ \w+ → [\w/-]+  \S", first), first
        assert len(scene.message.lines) == 1, scene.name


@pytest.mark.parametrize("title", CARDS)
def test_what_a_card_starts_or_ends_is_asked_about_first(title: str) -> None:
    for scene in scenes(title):
        for button in scene.message.buttons:
            assert button.confirm or button.command.startswith(tuple(UNASKED)), f"{scene.name}: {button.label}"


@EACH_GROUP
def test_a_rollback_says_from_what_to_what(title: str) -> None:
    for scene in scenes(title):
        for button in (*scene.message.buttons, *scene.message.more):
            if button.drawn is not None and button.command.startswith("rollback"):
                assert re.search(r"from [0-9a-f]{7}\b.* to [0-9a-f]{7}\b", button.confirm or ""), scene.name


# --- the page -----------------------------------------------------------------------------------------------------


@EACH_GROUP
@ANY_CONTENT
def test_the_page_shows_what_strangers_write_as_text(title: str, content: str) -> None:
    for scene in scenes(title, content):
        for plainly in (False, True):
            drawn = READER.drawn(blocks_of(scene.message, plainly=plainly))

            assert not re.search(r"<(?:script|img|iframe|object|link)\b", drawn), scene.name
            assert not re.search(r"href=\"(?!https?://|mailto:)", drawn), scene.name


def test_the_page_knows_every_block_that_is_sent() -> None:
    reader = Reader({}, READER.today)

    with pytest.raises(KeyError, match="carousel"):
        reader.drawn([{"type": "carousel"}])


def test_a_message_without_anything_is_drawn() -> None:
    assert READER.drawn(blocks_of(Message(("",)))) == '<div class="section">…</div>'
