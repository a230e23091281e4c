"""The pages of the gallery are those that the code makes, whole by themselves, and the picture is small."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bot.adapters.slack.blocks import blocks_of
from bot.core.grammar.commands import Retry
from bot.core.grammar.offers import offer
from bot.core.rich_text import Bold, Fold, Link, Mention, Message, Step, Table
from bot.gallery.__main__ import DOCS, main, pages
from bot.gallery.forms import forms
from bot.gallery.mrkdwn_html import to_html, to_text
from bot.gallery.page import READER, document, page
from bot.gallery.pictures import conversation
from bot.gallery.scenes import groups
from tests.gallery.strangers import WORST

MOST_BYTES = 60_000
VOID = {"meta", "br", "hr", "img"}


class Balance(HTMLParser):
    """Notes what is opened and not closed, or closed and not opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"{tag} at {self.getpos()}")


def unbalanced(text: str) -> list[str]:
    balance = Balance()
    balance.feed(text)
    return balance.wrong + balance.open


@pytest.mark.parametrize("name", ["messages.md", "messages.html"])
def test_the_pages_are_up_to_date(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == pages()[name], "run: python -m bot.gallery"


def test_the_page_is_whole_by_itself() -> None:
    made = pages()["messages.html"]

    assert not re.search(r"<(?:script|link|img|iframe)\b|url\(|@import", made)
    assert unbalanced(made) == []


def test_every_scene_is_on_both_pages() -> None:
    made = pages()
    names = [*(scene.name for group in groups() for scene in group.scenes), *(form.name for form in forms())]

    assert [name for name in names if f"**{name}** (" not in made["messages.md"]] == []
    assert made["messages.html"].count("<h3>") == len(names)


def test_what_strangers_write_breaks_no_page() -> None:
    assert unbalanced(page(groups(WORST), forms(WORST))) == []
    assert unbalanced(document("Shipmate", conversation(WORST), "dark")) == []


@pytest.mark.parametrize(
    ("mrkdwn", "shown"),
    [
        ("*shop → production*  is live", "<b>shop → production</b>  is live"),
        ("a * b * c, 2*3*4", "a * b * c, 2*3*4"),
        ("`a &lt; b`", "<code>a &lt; b</code>"),
        ("```\none\n*two*\n```", "<pre>one\n*two*</pre>"),
        (
            "<https://x.example/?a=1&amp;b=2|#8> &amp; <@U0BOB>",
            '<a href="https://x.example/?a=1&amp;b=2">#8</a> &amp; <span class="mention">@bob</span>',
        ),
        ("<!subteam^S0ONCALL>", '<span class="mention">@oncall</span>'),
        ("<!date^1795788360^{date_short_pretty} {time}|then>", "<time>today 14:06</time>"),
        ("<!date^1796047560^{date_short_pretty} {time}|then>", "<time>Nov 30, 2026 14:06</time>"),
        ("one\ntwo", "one<br>two"),
    ],
)
def test_mrkdwn_is_drawn_as_slack_draws_it(mrkdwn: str, shown: str) -> None:
    names = {"U0BOB": "bob", "S0ONCALL": "oncall"}

    assert to_html(mrkdwn, names, date(2026, 11, 27)) == shown


def test_steps_tables_folds_and_questions_are_drawn() -> None:
    shown = Message(
        ("Done.",),
        table=Table(
            ("where", "what"),
            (((Bold("staging"),), (Link("https://x.example", "#8"), " by ", Mention("U0BOB", "bob"))),),
        ),
        steps=(Step("Build", "done", "48 s"), Step("Migrate <db>", "failed")),
        fold=Fold("2 changes", (("#8",), ("#7",)), open=True),
        buttons=offer("Retry", Retry(12), confirm="Once more?"),
    )

    drawn = READER.drawn(blocks_of(shown))

    assert (
        '<tr><th>where</th><th>what</th></tr><tr><td><b>staging</b></td><td><a href="https://x.example">#8</a>' in drawn
    )
    assert ' by <span class="mention">@bob</span></td></tr>' in drawn
    assert '<li class="complete"><i>✓</i>Build<span class="detail">48 s</span></li>' in drawn
    assert '<li class="error"><i>✕</i>Migrate &lt;db&gt;</li>' in drawn
    assert '<details class="container" open><summary>2 changes</summary>' in drawn
    assert '<div class="dialog"><b>Retry?</b><p>Once more?</p>' in drawn


def test_what_is_heard_has_no_markup() -> None:
    heard = to_text("*shop* is `live`: <https://x.example|#8> &lt;b&gt;", {}, date(2026, 11, 27))

    assert heard == "shop is live: #8 <b>"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_of_the_readme_is_there_and_small(theme: str) -> None:
    picture = DOCS / "pictures" / f"card-{theme}.png"

    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size < MOST_BYTES


def test_it_says_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["film"]) == 2
    assert capsys.readouterr().err == "It is: python -m bot.gallery, or python -m bot.gallery pictures\n"


def test_without_a_browser_it_says_which_one_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert main(["pictures"]) == 1
    assert "install one (Debian: apt-get install chromium)." in capsys.readouterr().err
