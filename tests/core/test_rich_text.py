"""Messages before any chat service's own format."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.core.rich_text import Bold, Button, Code, CodeBlock, Link, Mention, Message, Moment, one_line, plain, say


def test_every_kind_of_span_has_a_plain_form() -> None:
    line = (
        "a ",
        Bold("bold"),
        " ",
        Code("code"),
        " ",
        Link("https://x.example", "link"),
        " ",
        Link(None, "no link"),
        " ",
        Mention("U00000001", "maria"),
        " ",
        Mention(None, "octocat"),
        " ",
        Moment(datetime(2026, 3, 2, 10, 0, tzinfo=UTC)),
        " ",
        CodeBlock("one\ntwo"),
    )

    assert plain(line) == "a bold code link no link @maria @octocat Mon 02 Mar 10:00 UTC one\ntwo"


def test_what_is_said_is_its_own_sentence() -> None:
    message = say("Deploying ", Code("topic"), ".")

    assert (message.summary(), message.text(), message.lines) == ("Deploying topic.", "Deploying topic.", ())


def test_more_lines_come_below_the_first() -> None:
    message = say("Two:", lines=[("one",), ("two",)], buttons=[Button("Go", "deploy web")])

    assert message.text() == "Two:\none\ntwo\n[Go]"
    assert message.summary() == "Two: one; two."


def test_a_line_without_its_full_stop_is_read_out_with_one() -> None:
    message = say("To undo it: ", Code("unmute"))

    assert (message.summary(), message.text()) == ("To undo it: unmute.", "To undo it: unmute")


def test_of_a_long_list_the_first_lines_are_read_out() -> None:
    message = say("All:", lines=[(f"• line {n}.",) for n in range(8)])

    assert message.summary() == "All: line 0; line 1; line 2; line 3; line 4; and 3 more."


def test_a_message_may_be_read_out_in_other_words_than_it_is_shown() -> None:
    message = Message(("web is deployed.",), (("✅ ", Bold("web")),), context=(("#1",),))

    assert (message.summary(), message.text()) == ("web is deployed.", "✅ web\n#1")


@pytest.mark.parametrize(
    "ends", ["\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", " \n \n "]
)
def test_text_that_breaks_a_line_stays_in_its_line(ends: str) -> None:
    foreign = f"fine{ends}✅ web is live"

    message = Message(("Said: ", foreign), lines=(("Said: ", Bold(foreign), Code(foreign), Link(None, foreign)),))

    one = "fine ✅ web is live"
    assert message.summary() == f"Said: {one}"
    assert message.text() == f"Said: {one}{one}{one}"


@pytest.mark.parametrize(
    "hidden", ["\0", "\x1b", "\x9b", "\u202e", "\u2066", "\u200b", "\u200d", "\u2060", "\ufeff", "\U000e0041"]
)
def test_what_is_not_seen_is_not_there(hidden: str) -> None:
    assert plain((f"o{hidden}ne", Mention(None, f"m{hidden}e"), CodeBlock(f"t{hidden}wo\nthree"))) == "one@metwo\nthree"


@pytest.mark.parametrize("text", ["❤️ a\u0301 naïve 日本語 عربى हिन्दी", "👩‍💻 🏳️‍🌈 🇩🇪"])
def test_what_people_write_stays(text: str) -> None:
    assert plain((text,)) == text


@pytest.mark.parametrize("space", [" ", "\t", "\u3000", " \n", "\u2028", "\u200d", "\x1b["])
def test_a_megabyte_of_blanks_in_a_title_is_soon_a_line(space: str) -> None:
    """What took time by the square of its length would take hours, and a process with it."""
    title = f"Fix{(space * 1_000_000)[:1_000_000]}it"

    shown = one_line(title)

    assert (shown[:3], shown[-2:]) == ("Fix", "it")
    assert len(shown.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a  b", "a  b"),
        ("a \n\u2028 b", "a b"),
        ("a\tb", "a b"),
        ("\n a \r\n", " a "),
        ("a\x1fb\x85c", "ab c"),
    ],
)
def test_breaks_are_one_space_with_the_space_around_them(text: str, line: str) -> None:
    assert one_line(text) == line
