"""Messages as Slack gets them: escaped, in mrkdwn and blocks, and never beyond a limit."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.slack.blocks import blocks_of, has_phased, text_of
from bot.core.rich_text import (
    Bold,
    Button,
    Code,
    CodeBlock,
    Fold,
    GroupMention,
    Line,
    Link,
    Mention,
    Message,
    Moment,
    Step,
    Table,
    say,
)
from tests.servers.slack import limits


def body(message: Message) -> str:
    """The text of all sections."""
    return "\n".join(block["text"]["text"] for block in blocks_of(message) if block["type"] == "section")


def test_every_kind_of_span_has_its_markup() -> None:
    message = say(
        Bold("web"),
        " → ",
        Code("staging"),
        " by ",
        Mention("U012AB3CD", "maria"),
        ", ",
        Mention(None, "octocat"),
        " and ",
        GroupMention("S012AB3CD", "oncall"),
        ": ",
        Link("https://example.com/a?b=1&c=2", "#12"),
        " at ",
        Moment(datetime(2026, 3, 6, 17, 0, tzinfo=UTC)),
    )

    text = text_of(message)

    assert text == (
        "*web* → `staging` by <@U012AB3CD>, @octocat and <!subteam^S012AB3CD>: "
        "<https://example.com/a?b=1&amp;c=2|#12> at "
        "<!date^1772816400^{date_short_pretty} {time}|Fri 06 Mar 17:00 UTC>."
    )


def test_a_branch_named_like_a_ping_pings_nobody() -> None:
    message = say("Deploying <!channel> & <@U012AB3CD>", Bold("<!here>"), Code("<!everyone>"), Link(None, "<!channel>"))

    text = text_of(message)

    assert text == (
        "Deploying &lt;!channel&gt; &amp; &lt;@U012AB3CD&gt;*&lt;!here&gt;*`&lt;!everyone&gt;`&lt;!channel&gt;."
    )


def test_an_address_that_would_be_a_mention_is_no_link() -> None:
    message = say(
        *(Link("!channel", "logs"), " ", Link("javascript:alert(1)", "page"), " "),
        *(Mention("!here", "here"), " ", GroupMention("U1><!channel", "all")),
    )

    text = text_of(message)

    assert text == "logs page @here @all."


def test_a_link_cannot_be_broken_out_of() -> None:
    message = say(Link("https://example.com/|x><!channel>", "a|b>c"))

    text = text_of(message)

    assert text == "<https://example.com/%7Cx%3E%3C!channel%3E|a¦b&gt;c>."


def test_marks_inside_marked_text_are_replaced() -> None:
    message = say(Code("a`b\nc"), " ", Bold("2 * 3"))

    text = text_of(message)

    assert text == "`aˋb c` *2 ∗ 3*."


def test_output_keeps_its_end_and_cannot_close_its_block() -> None:
    message = say("Failed:", lines=[(CodeBlock("first\n" + "x" * 5_000 + "\n``` <!channel>\nlast"),)])

    text = body(message)

    assert text.startswith("Failed:\n```\n…\nxxx")
    assert text.endswith("xxx\nˋˋˋ &lt;!channel&gt;\nlast\n```")
    assert len(text) < 3_000


def test_a_message_of_one_sentence_is_one_section() -> None:
    message = say("Nothing is locked.")

    blocks = blocks_of(message)

    assert blocks == [{"type": "section", "text": {"type": "mrkdwn", "text": "Nothing is locked.", "verbatim": True}}]


def test_buttons_carry_their_commands_and_ask_first_where_dangerous() -> None:
    message = say(
        "Deploying.",
        buttons=[Button("Cancel", "cancel #7", "danger", "Stop the deployment?"), Button("Lock", "lock staging")],
    )

    actions = blocks_of(message)[-1]

    assert actions == {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "command:0:cancel",
                "text": {"type": "plain_text", "text": "Cancel", "emoji": True},
                "value": "cancel #7",
                "confirm": {
                    "title": {"type": "plain_text", "text": "Cancel?", "emoji": True},
                    "text": {"type": "plain_text", "text": "Stop the deployment?", "emoji": True},
                    "confirm": {"type": "plain_text", "text": "Cancel", "emoji": True},
                    "deny": {"type": "plain_text", "text": "Not now", "emoji": True},
                    "style": "danger",
                },
            },
            {
                "type": "button",
                "action_id": "command:1:lock",
                "text": {"type": "plain_text", "text": "Lock", "emoji": True},
                "value": "lock staging",
            },
        ],
    }


def test_a_command_too_long_for_a_button_is_not_cut_into_another() -> None:
    message = say("Deploying.", buttons=[Button("Deploy", "deploy " + "x" * 2_000)])

    blocks = blocks_of(message)

    assert [block["type"] for block in blocks] == ["section"]


def test_what_does_not_fit_is_counted() -> None:
    message = say("Undeployed:", lines=[(f"{number} " + "x" * 98,) for number in range(200)])

    lines = body(message).split("\n")

    shown = len(lines) - 1
    assert lines[-1] == f"… ({201 - shown} more lines)"
    assert lines[-2].startswith(f"{shown - 2} x")


def test_small_print_stands_between_body_and_buttons() -> None:
    message = Message(
        ("Done.",), context=(("4 min",), (Link("https://logs", "Logs"),)), buttons=(Button("Retry", "retry"),)
    )

    blocks = blocks_of(message)

    assert [block["type"] for block in blocks] == ["section", "context", "actions"]
    assert [element["text"] for element in blocks[1]["elements"]] == ["4 min", "<https://logs|Logs>"]


TEXT = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["<!channel>", "&&&&", "`" * 9, "|><", "\n\n", "https://a.b/c|d", "*x*", "", " "]),
    st.integers(1, 9_000).map(lambda size: "&" * size),
    st.integers(1, 9_000).map(lambda size: "long\n" * (size // 5)),
)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SPAN = st.one_of(
    TEXT,
    TEXT.map(Bold),
    TEXT.map(Code),
    TEXT.map(CodeBlock),
    st.builds(Link, st.one_of(st.none(), TEXT, TEXT.map("https://x/{}".format)), TEXT),
    st.builds(Mention, st.one_of(st.none(), TEXT, st.just("U012AB3CD")), TEXT),
    st.builds(GroupMention, st.one_of(st.none(), TEXT, st.just("S012AB3CD")), TEXT),
    MOMENTS.map(Moment),
)
LINE: st.SearchStrategy[Line] = st.lists(SPAN, max_size=4).map(tuple)
LINES = st.one_of(
    st.lists(LINE, max_size=8),
    st.builds(lambda line, times: [line] * times, LINE, st.integers(1, 300)),
)
BUTTON = st.builds(
    Button,
    TEXT,
    TEXT,
    st.sampled_from([None, "primary", "danger"]),
    st.one_of(st.none(), TEXT),
    st.sampled_from([None, "7:running", "7 running"]),
    st.one_of(st.none(), TEXT),
)
BUTTONS = st.lists(BUTTON, max_size=30).map(tuple)
STEP = st.builds(Step, TEXT, st.sampled_from(["pending", "running", "done", "failed"]), TEXT)
STEPS = st.one_of(
    st.lists(STEP, max_size=6),
    st.builds(lambda step, times: [step] * times, STEP, st.integers(1, 120)),
)
ROWS = st.one_of(
    st.lists(st.lists(LINE, max_size=25).map(tuple), max_size=4),
    st.builds(lambda row, times: [row] * times, st.lists(LINE, max_size=3).map(tuple), st.integers(1, 150)),
)
MESSAGE = st.builds(
    Message,
    LINE,
    LINES.map(tuple),
    LINES.map(tuple),
    BUTTONS,
    st.none() | st.builds(Table, st.lists(TEXT, max_size=25).map(tuple), ROWS.map(tuple)),
    STEPS.map(tuple),
    TEXT,
    st.none() | st.builds(Fold, TEXT, LINES.map(tuple), LINES.map(tuple), st.booleans()),
    BUTTONS,
)


# What the bot itself may say in this way.
_MEANT = re.compile(r"<!date\^\d+\^(?:\{date_short_pretty\} )?\{time\}\|[^<>|]*>|<!subteam\^S012AB3CD>")


@settings(max_examples=150, derandomize=True, deadline=None, database=None)
@given(MESSAGE, st.booleans())
def test_whatever_the_message_slack_takes_it(message: Message, plainly: bool) -> None:
    blocks, text = blocks_of(message, plainly=plainly), text_of(message)

    assert limits.problems_of(blocks) == []
    assert limits.characters_of(blocks) <= 12_500
    assert not (plainly and has_phased(blocks))
    assert 1 <= len(text) <= 4_000
    written = [text, *_texts(blocks)]
    assert all("<!" not in _MEANT.sub("", one) for one in written)


def _texts(part: object) -> list[str]:
    """All mrkdwn, wherever it is."""
    if isinstance(part, list):
        return [text for one in part for text in _texts(one)]
    if not isinstance(part, dict):
        return []
    return [str(part["text"])] if part.get("type") == "mrkdwn" else _texts(list(part.values()))


# Z is how text of others is known again.
PIECES = [
    *("\n", "\r", "\v", "\f", "\x1c", "\x1e", "\x85", "\u2028", "\u2029", "\t", "\0", "\x1b", "\x9b", "\ud800"),
    *(
        "\u202a",
        "\u202e",
        "\u2066",
        "\u2069",
        "\u061c",
        "\u200b",
        "\u200c",
        "\u200d",
        "\u200e",
        "\u2060",
        "\ufeff",
        "\xad",
    ),
    *("<!channel>", "<@U0EVIL>", "<", ">", "&", "|", "*", "_", "~", "`", "```", "*Z*", "Z", "z", " ", "✅", "x" * 700),
]
FOREIGN = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
FOREIGN_SPANS = st.one_of(
    FOREIGN,
    st.builds(Link, st.none() | st.just("https://x.example"), FOREIGN),
    st.builds(Mention, st.none(), FOREIGN),
)
IN_THE_BOTS_OWN = st.lists(
    st.one_of(FOREIGN_SPANS, st.sampled_from([": ", " by ", Bold("web"), Code("main")])), max_size=5
)
FORMATTED = re.compile(r"(?<![^\W_])([*_~])(?=\S)([^\n]*?\S)\1(?![^\W_])")


@given(st.lists(IN_THE_BOTS_OWN, min_size=1, max_size=3), FOREIGN)
def test_text_of_others_is_nothing_but_text_in_its_line(lines: list[list[object]], label: str) -> None:
    whole: tuple[Line, ...] = tuple(("• ", *line) for line in lines)  # type: ignore[misc]
    message = Message(whole[0], whole, buttons=(Button(f"b{label}", "deploy", confirm=f"c{label}"),))

    shown, notified = body(message).split("\n"), text_of(message)

    [button] = blocks_of(message)[-1]["elements"]
    dialog = [button["text"]["text"], button["confirm"]["text"]["text"]]
    assert len(shown) == len(lines)
    for written in (*shown, notified, *dialog):
        assert not [one for one in written if unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"}]
        assert not set(written) & set("\u202a\u202e\u2066\u2069\u061c\u200b\u200c\u200e\u2060\ufeff\xad")
    for written in (*shown, notified):
        of_others = re.sub(r"\*web\*|`main`|<https://x\.example(?:\|[^>]*)?>", " ", written)
        assert not re.search(r"[<>`]", of_others)
        assert not FORMATTED.search(of_others)


@pytest.mark.parametrize("text", ["> quoted", ">>> all that follows", "&gt; > x"])
def test_text_at_the_beginning_of_a_line_is_no_quotation(text: str) -> None:
    message = say("One:", lines=[(text,)])

    line = body(message).split("\n")[1]

    assert not line.startswith("&gt;")


def test_text_that_is_too_long_is_cut_and_what_follows_is_still_there() -> None:
    message = say("Because: ", "x" * 5_000, " ", Bold("web"))

    text = body(message)

    assert text == f"Because: {'x' * 999}… *web*"


def test_names_with_ordinary_signs_are_shown_as_they_are() -> None:
    names = ["feature/snake_case_name", "v1.0~rc", "2*3*4", "👩‍💻 Ada", "❤️", "naïve", "日本語", "a - b", "C:\\x"]

    shown = body(say("Names:", lines=[(name,) for name in names])).split("\n")[1:]

    assert shown == names
