"""Every form keeps to Slack's limits, also with the worst that strangers may write, and is drawn as Slack draws one."""

from __future__ import annotations

import re

import pytest

from bot.core.rich_text import plain
from bot.gallery.forms import FormScene, forms
from bot.gallery.material import Material
from bot.gallery.modal_html import drawn
from bot.gallery.page import READER
from tests.gallery.strangers import EMPTY, WORST
from tests.gallery.test_messages import parts
from tests.servers.slack.view_limits import problems_of

MATERIALS = {"usual": Material(), "worst": WORST, "empty": EMPTY}
ANY_CONTENT = pytest.mark.parametrize("content", list(MATERIALS))


def by_name(name: str) -> FormScene:
    return next(one for one in forms() if one.name == name)


@ANY_CONTENT
def test_slack_takes_every_form(content: str) -> None:
    for scene in forms(MATERIALS[content]):
        assert problems_of(scene.view, "modal") == [], scene.name


@ANY_CONTENT
def test_what_is_said_at_a_field_belongs_to_a_field_that_is_there(content: str) -> None:
    for scene in forms(MATERIALS[content]):
        assert set(scene.errors) <= {one.name for one in scene.modal.fields}, scene.name
        assert all(sentence.strip() for sentence in scene.errors.values()), scene.name


def test_no_text_of_strangers_pings_anybody_or_leads_anywhere() -> None:
    for scene in forms(WORST):
        marked = [part["text"] for part in parts(scene.view["blocks"]) if part.get("type") == "mrkdwn"]
        for text in marked:
            assert not re.search(r"<!(?!date)|<@U0MALLORY|<https?://evil", text), f"{scene.name}: {text}"


def test_each_form_says_what_it_is_and_what_its_button_does() -> None:
    for scene in forms():
        assert scene.modal.title.strip(), scene.name
        assert scene.modal.submit or not scene.modal.fields, scene.name
        assert scene.modal.fields or plain(scene.modal.lines[0]).strip(), scene.name


def test_titles_and_buttons_are_never_cut() -> None:
    for scene in forms():
        assert scene.view["title"]["text"] == scene.modal.title
        assert scene.view.get("submit", {}).get("text") == scene.modal.submit


def test_it_is_drawn_as_slack_draws_one() -> None:
    scene = by_name("Deploy: a moment that is over")

    shown = drawn(READER, scene.view, scene.errors)

    assert '<div class="head"><i>⚓</i><b>Deploy</b><span>✕</span></div>' in shown
    assert '<summary class="entry">production<i>⌄</i></summary>' in shown
    assert '<p class="error">“yesterday” is over already.' in shown
    assert '<p class="hint">On your clock: Europe/Berlin.</p>' in shown
    assert '<span class="button">Cancel</span><span class="button primary">Schedule</span>' in shown


def test_what_is_ticked_and_what_may_be_left_out_is_seen() -> None:
    shown = drawn(READER, by_name("Deploy: by force").view, {})

    assert "<i>☑</i> Deploy all the same, by force" in shown
    assert "<b>What</b> <i>(optional)</i>" in shown
