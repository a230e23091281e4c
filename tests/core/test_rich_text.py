"""Messages before any chat service's own format."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.core.rich_text import Bold, Button, Code, CodeBlock, Link, Mention, Message, Moment, plain, say


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
    assert message.summary() == "Two:"


def test_a_message_may_be_read_out_in_other_words_than_it_is_shown() -> None:
    message = Message(("web is deployed.",), (("✅ ", Bold("web")),), context=(("#1",),))

    assert (message.summary(), message.text()) == ("web is deployed.", "✅ web\n#1")
