"""Folds, steps, tables, output and menus as Slack's newest blocks, and as lines for workspaces without these."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.adapters.slack.blocks import blocks_of
from bot.core.rich_text import (
    Bold,
    Button,
    Chart,
    Code,
    Fold,
    GroupMention,
    Line,
    Link,
    Mention,
    Message,
    Moment,
    Series,
    Step,
    Table,
    say,
)
from tests.servers.slack.limits import problems_of
from tests.servers.slack.state import Shown

LINES: tuple[Line, ...] = tuple(
    (Link(f"https://x.example/{number}", f"#{number}"), f" {title}")
    for number, title in [(8, "Less logging · dave"), (7, "Gift cards: <preview> · carol")]
)
SHIPS = Fold("2 pull requests · carol, dave", LINES, notes=(("⚠️ 1 commit without a pull request",),))
STEPS = (
    Step("Build slug", "done", "48 s"),
    Step("Migrate database", "running"),
    Step("Restart dynos", "pending"),
)
SINCE = datetime(2026, 3, 2, tzinfo=UTC)
TABLE = Table(
    ("Where", "What is live", "Since"),
    (
        (
            ("web → staging",),
            (Link("https://x.example/", "main@59c74b5"),),
            (Moment(datetime(2026, 3, 2, tzinfo=UTC)),),
        ),
        ((Bold("web → production"),), (Code("ada7c2c"), " by ", Mention("U012AB3CD", "alice")), ()),
    ),
)
CARD = Message(
    sentence=("alice is deploying.",),
    lines=(("🚀 ", Bold("shop → production"), "  step 2 of 3"),),
    context=(("main@ada7c2c",),),
    buttons=(Button("Cancel", "cancel #7", "danger", "Step 2 runs."),),
    table=TABLE,
    steps=STEPS,
    output="PG::LockNotAvailable\n",
    fold=SHIPS,
    more=(Button("Lock", "lock production on shop"), Button("Details", "deploys #7")),
)


def seen(message: Message, *, plainly: bool = False) -> list[str]:
    return Shown("", blocks_of(message, plainly=plainly)).lines


def only(message: Message, kind: str) -> dict[str, Any]:
    (block,) = [one for one in blocks_of(message) if one["type"] == kind]
    return block


def test_a_card_has_its_parts_in_order() -> None:
    kinds = [block["type"] for block in blocks_of(CARD)]

    assert kinds == ["section", "context", "table", "plan", "section", "container", "actions"]


def test_a_card_without_new_blocks_reads_the_same() -> None:
    blocks = blocks_of(CARD, plainly=True)

    assert {block["type"] for block in blocks} == {"section", "context", "actions"}
    assert Shown("", blocks).lines == [
        "🚀 *shop → production*  step 2 of 3",
        "main@ada7c2c",
        "*Where · What is live · Since*",
        "web → staging · <https://x.example/|main@59c74b5> · "
        "<!date^1772409600^{date_short_pretty} {time}|Mon 02 Mar 00:00 UTC>",
        "*web → production* · `ada7c2c` by <@U012AB3CD> · –",
        "✅ Build slug · 48 s",
        "◔ Migrate database",
        "○ Restart dynos",
        "```",
        "PG::LockNotAvailable",
        "```",
        "*2 pull requests · carol, dave*",
        "• <https://x.example/8|#8> Less logging · dave",
        "• <https://x.example/7|#7> Gift cards: &lt;preview&gt; · carol",
        "⚠️ 1 commit without a pull request",
    ]


@pytest.mark.parametrize("is_open", [True, False])
def test_a_fold_is_a_container_that_is_closed_where_it_is(is_open: bool) -> None:
    block = only(Message(("Live.",), fold=Fold("2 changes", LINES, (("⚠️ one more",),), open=is_open)), "container")

    assert block == {
        "type": "container",
        "title": {"type": "plain_text", "text": "2 changes", "emoji": True},
        "is_collapsible": True,
        "default_collapsed": not is_open,
        "child_blocks": [
            {
                "type": "section",
                "text": {
                    "type": "mrkdwn",
                    "text": "• <https://x.example/8|#8> Less logging · dave\n"
                    "• <https://x.example/7|#7> Gift cards: &lt;preview&gt; · carol",
                    "verbatim": True,
                },
            },
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "⚠️ one more", "verbatim": True}]},
        ],
    }


def test_a_long_fold_without_a_container_is_its_title() -> None:
    lines: tuple[Line, ...] = tuple((f"#{number}",) for number in range(6))

    closed = seen(Message(("Live.",), fold=Fold("6 changes", lines)), plainly=True)
    opened = seen(Message(("Live.",), fold=Fold("6 changes", lines, open=True)), plainly=True)

    assert closed == ["Live.", "*6 changes*"]
    assert opened == ["Live.", "*6 changes*", *(f"• #{number}" for number in range(6))]


def test_steps_are_a_plan_with_their_states() -> None:
    block = only(Message(("Deploying.",), steps=(*STEPS, Step("Check", "failed", "no answer"))), "plan")

    assert block["title"] == "1 of 4 steps done"
    assert [(one["task_id"], one["title"], one["status"]) for one in block["tasks"]] == [
        ("step-1", "Build slug", "complete"),
        ("step-2", "Migrate database", "in_progress"),
        ("step-3", "Restart dynos", "pending"),
        ("step-4", "Check", "error"),
    ]
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": "48 s"}]}
    assert block["tasks"][0]["details"] == {"type": "rich_text", "elements": [section]}
    assert "details" not in block["tasks"][1]


@pytest.mark.parametrize("plainly", [True, False])
def test_one_step_is_a_line_of_output(plainly: bool) -> None:
    lines = seen(Message(("Deploying.",), steps=(Step("Build slug", "running", "20 s"),)), plainly=plainly)

    assert lines == ["Deploying.", "```", "◔ Build slug · 20 s", "```"]


def test_of_very_many_steps_those_around_the_one_at_work_are_shown() -> None:
    steps = [Step(f"Step {n}", "done" if n < 60 else "running" if n == 60 else "pending") for n in range(100)]

    tasks = only(Message(("Deploying.",), steps=tuple(steps)), "plan")["tasks"]

    assert len(tasks) == 20
    assert (tasks[0]["title"], tasks[0]["status"]) == ("51 earlier steps", "complete")
    assert ("Step 60", "in_progress") in [(one["title"], one["status"]) for one in tasks]
    assert (tasks[-1]["title"], tasks[-1]["status"]) == ("31 more steps", "pending")


def test_a_cell_may_call_a_group() -> None:
    block = only(Message(("Who may:",), table=Table(("Who",), (((GroupMention("S012AB3CD", "oncall"),),),))), "table")

    (cell,) = block["rows"][1]
    assert cell["elements"][0]["elements"] == [{"type": "usergroup", "usergroup_id": "S012AB3CD"}]


def test_a_table_has_plain_and_rich_cells() -> None:
    block = only(Message(("What is where:",), table=TABLE), "table")

    def rich(*elements: dict[str, Any]) -> dict[str, Any]:
        return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}

    assert block["rows"] == [
        [{"type": "raw_text", "text": name} for name in ("Where", "What is live", "Since")],
        [
            {"type": "raw_text", "text": "web → staging"},
            rich({"type": "link", "url": "https://x.example/", "text": "main@59c74b5"}),
            rich(
                {
                    "type": "date",
                    "timestamp": 1772409600,
                    "format": "{date_short_pretty} {time}",
                    "fallback": "Mon 02 Mar 00:00 UTC",
                }
            ),
        ],
        [
            rich({"type": "text", "text": "web → production", "style": {"bold": True}}),
            rich(
                {"type": "text", "text": "ada7c2c", "style": {"code": True}},
                {"type": "text", "text": " by "},
                {"type": "user", "user_id": "U012AB3CD"},
            ),
            {"type": "raw_text", "text": "–"},
        ],
    ]
    assert block["column_settings"] == [{"is_wrapped": True}] * 3


def test_rows_and_columns_that_do_not_fit_are_counted_or_left_out() -> None:
    head = tuple(f"Column {number}" for number in range(30))
    rows = tuple(((f"row {number}",), ("x" * 400,)) for number in range(300))

    wide, note = blocks_of(Message(("All:",), table=Table(head, (*rows, ()))))[1:]

    assert {len(row) for row in wide["rows"]} == {20}
    assert note["elements"][0]["text"] == f"… ({302 - len(wide['rows'])} more rows)"


def test_output_keeps_its_end() -> None:
    lines = seen(Message(("Failed.",), output="first\n" + "x\n" * 4_000 + "the reason\n"))

    assert lines[:3] == ["Failed.", "```", "…"]
    assert lines[-2:] == ["the reason", "```"]


def test_what_is_below_the_lines_leaves_room_for_them() -> None:
    endless: tuple[Line, ...] = (("y" * 900,),) * 200
    message = Message(
        ("Live.",),
        lines=(("The news.",), *endless),
        table=Table(("a", "b"), (((("z" * 290),), ("z" * 290,)),) * 90),
        steps=(Step("s" * 400, "running", "d" * 400),) * 90,
        output="o" * 9_000,
        fold=Fold("t" * 400, endless),
    )

    lines = seen(message)

    assert lines[0] == "The news."
    assert [line for line in lines if line.endswith("more lines)")]
    assert [line for line in lines if line.endswith("more rows)")]
    assert f"▸ {'t' * 149}…" in lines


# --- charts ------------------------------------------------------------------------------------------------------

WEEK = Chart("Deployments", ("Mon", "Tue"), (Series("shop", (2, 0)), Series("api", (1, 3))))


def chart_of(chart: Chart) -> dict[str, Any]:
    message = Message(("Last week.",), chart=chart)
    assert problems_of(blocks_of(message)) == []
    return only(message, "data_visualization")


def test_a_chart_has_a_group_of_bars_for_each_label() -> None:
    assert chart_of(WEEK) == {
        "type": "data_visualization",
        "title": "Deployments",
        "chart": {
            "type": "bar",
            "series": [
                {"name": "shop", "data": [{"label": "Mon", "value": 2}, {"label": "Tue", "value": 0}]},
                {"name": "api", "data": [{"label": "Mon", "value": 1}, {"label": "Tue", "value": 3}]},
            ],
            "axis_config": {"categories": ["Mon", "Tue"]},
        },
    }


def test_a_workspace_without_charts_reads_the_lines() -> None:
    assert [block["type"] for block in blocks_of(Message(("Last week.",), chart=WEEK), plainly=True)] == ["section"]


def test_a_chart_is_cut_to_what_slack_takes() -> None:
    labels = tuple(f"a label that is much too long {number}" for number in range(40))
    series = tuple(Series(f"a name that is much too long {number}", (number,) * 40) for number in range(9))

    drawn = chart_of(Chart("t" * 99, labels, series))

    assert len(drawn["title"]) == 50
    assert len(drawn["chart"]["axis_config"]["categories"]) == 20
    assert len(drawn["chart"]["series"]) == 6


def test_a_series_that_is_too_short_is_filled_up_and_names_are_one_line() -> None:
    drawn = chart_of(Chart("", ("Mon\n", "Mon"), (Series("", (1,)),)))["chart"]

    assert drawn["series"][0]["data"] == [{"label": "Mon", "value": 1}, {"label": "Mon 2", "value": 0}]
    assert drawn["series"][0]["name"] == "…"


def test_a_chart_of_nothing_is_left_out() -> None:
    for empty in (Chart("Nothing", (), (Series("shop", ()),)), Chart("Nothing", ("Mon",), ())):
        assert [block["type"] for block in blocks_of(Message(("Last week.",), chart=empty))] == ["section"]


# --- buttons and the menu ----------------------------------------------------------------------------------------


def elements(*buttons: Button, more: tuple[Button, ...] = ()) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = only(Message(("Live.",), buttons=buttons, more=more), "actions")["elements"]
    return found


def test_no_button_is_red_and_the_danger_is_in_its_question() -> None:
    (button,) = elements(Button("Roll back…", "rollback", "danger", "From `a` to `b`.", yes="Roll shop back"))

    assert "style" not in button
    assert button["confirm"] == {
        "title": {"type": "plain_text", "text": "Roll shop back?", "emoji": True},
        "text": {"type": "plain_text", "text": "From `a` to `b`.", "emoji": True},
        "confirm": {"type": "plain_text", "text": "Roll shop back", "emoji": True},
        "deny": {"type": "plain_text", "text": "Not now", "emoji": True},
        "style": "danger",
    }


def test_a_primary_button_is_green_and_its_question_is_not_red() -> None:
    (button,) = elements(Button("Approve…", "approve #7", "primary", "7 pull requests go to production at once."))

    assert button["style"] == "primary"
    assert button["confirm"]["title"]["text"] == "Approve?"
    assert button["confirm"]["confirm"]["text"] == "Approve"
    assert "style" not in button["confirm"]


def test_a_long_answer_is_cut_and_the_question_has_all_of_it() -> None:
    (button,) = elements(Button("Deploy branch feature of web to production", "deploy x", None, "Sure?"))

    assert button["confirm"]["title"]["text"] == "Deploy branch feature of web to production?"
    assert button["confirm"]["confirm"]["text"] == "Deploy branch feature of web …"


def test_more_is_a_menu_behind_the_buttons() -> None:
    row = elements(
        Button("Retry", "retry #7", drawn="7:failed"),
        more=(Button("Details", "deploys #7"), Button("Cancel", "cancel #7", drawn="7:failed")),
    )

    assert [one["type"] for one in row] == ["button", "overflow"]
    assert row[1] == {
        "type": "overflow",
        "action_id": "command:menu",
        "options": [
            {"text": {"type": "plain_text", "text": "Details", "emoji": True}, "value": "- deploys #7"},
            {"text": {"type": "plain_text", "text": "Cancel", "emoji": True}, "value": "7:failed cancel #7"},
        ],
    }


LONG = Button("Long", f"lock production because {'x' * 140}")
QUIET, LOCK = Button("Details", "deploys #7"), Button("Lock", "lock production")


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ([QUIET], ["Details"]),
        ([LONG], ["Long"]),
        ([QUIET, LONG], ["Details"]),
        ([QUIET, LOCK, LONG], [["Details", "Lock"]]),
        ([QUIET, LOCK, Button("Undo", "rollback", confirm="Sure?")], ["Undo", ["Details", "Lock"]]),
        ([QUIET, Button("Undo", "rollback", confirm="Sure?")], ["Undo", "Details"]),
        ([LONG, LONG], []),
        ([Button("Nothing", "  ")], []),
    ],
    ids=str,
)
def test_a_menu_of_one_is_a_button_and_what_asks_first_is_never_in_it(more: list[Button], shown: list[Any]) -> None:
    message = Message(("Live.",), more=tuple(more))

    rows = [block["elements"] for block in blocks_of(message) if block["type"] == "actions"]

    drawn = [
        one["text"]["text"] if one["type"] == "button" else [option["text"]["text"] for option in one["options"]]
        for row in rows
        for one in row
    ]
    assert drawn == shown


def test_options_beyond_five_are_counted() -> None:
    message = Message(("Live.",), more=tuple(Button(f"Lock {n}", f"lock env{n}") for n in range(8)))

    assert len(only(message, "actions")["elements"][0]["options"]) == 5
    assert seen(message)[-1] == "… (3 more buttons)"


def test_buttons_with_endless_questions_leave_room_for_the_news() -> None:
    asked = [Button("l" * 75, f"deploy {n}", "danger", "q" * 300, yes="y" * 75) for n in range(25)]

    lines = seen(say("The news.", buttons=asked))

    assert lines[0] == "The news."
    assert lines[-1].endswith("more buttons)")
