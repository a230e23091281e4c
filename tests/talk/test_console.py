"""Messages in a terminal and in a pipe: exact transcripts."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from bot.core.events.external import Place
from bot.core.rich_text import (
    Bold,
    Button,
    Chart,
    Code,
    CodeBlock,
    Fold,
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
from bot.talk.console import CHANNEL, Terminal
from tests.patience import PATIENCE

CHANNEL_ITSELF = Place(CHANNEL)
THREAD = Place(CHANNEL, thread="d1")
CANCEL = Button("Cancel", "cancel #1", style="danger", confirm="Really?")
ROLLBACK = Button("Rollback", "rollback web")


class Screen:
    """A terminal whose output can be read, all of it or what is new."""

    def __init__(self, *, tty: bool = False, pages: str | None = None, **options: object) -> None:
        self._written = io.StringIO()
        console = Console(file=self._written, force_terminal=tty, width=40, **options)  # type: ignore[arg-type]
        self.terminal = Terminal(console, zone=ZoneInfo("Europe/Berlin"), pages=pages)

    def new(self) -> str:
        text = self._written.getvalue()
        self._written.seek(0)
        self._written.truncate()
        return text


@pytest.fixture
def pipe() -> Screen:
    return Screen()


def parent(state: str, *buttons: Button) -> Message:
    first = (f"{state} ", Bold("web"), " → ", Bold("production"), " ", Link(None, "topic@d872d00"))
    return Message(
        sentence=("Shipmate says something.",),
        lines=(first, ("Ships ", Code("Greet the whole crew"), " by ", Mention("U1", "alice"), ".")),
        context=(("asked for ", Moment(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))),),
        buttons=buttons,
    )


def test_parent_is_a_block_with_its_buttons_as_commands(pipe: Screen) -> None:
    pipe.terminal.post(CHANNEL_ITSELF, parent("⏳", CANCEL, ROLLBACK), key="d1")

    assert pipe.new() == (
        "⏳ web → production topic@d872d00\n"
        "  Ships Greet the whole crew by @alice.\n"
        "  asked for Mon 02 Mar 10:00\n"
        "  [Cancel] → cancel #1   [Rollback] → rollback web\n"
    )


def test_sentence_is_the_whole_message_where_there_is_nothing_else(pipe: Screen) -> None:
    pipe.terminal.post(CHANNEL_ITSELF, say("Nothing is deployed."), key="a")

    assert pipe.new() == "Nothing is deployed.\n"


def test_replies_stand_under_their_parent(pipe: Screen) -> None:
    pipe.terminal.post(CHANNEL_ITSELF, say("web → production"), key="d1")
    pipe.terminal.post(THREAD, say("queued"), key="s1")
    pipe.terminal.post(THREAD, say("failure", lines=[(CodeBlock("one\ntwo\n"), "The end.")]), key="s2", broadcast=True)

    assert pipe.new() == "web → production\n  ↳ queued\n  ↳ failure\n    one\n    two\n    The end.\n"


def test_reply_says_whose_it_is_where_something_came_in_between(pipe: Screen) -> None:
    pipe.terminal.post(CHANNEL_ITSELF, say("web → production"), key="d1")
    pipe.terminal.post(CHANNEL_ITSELF, say("web → staging"), key="d2")
    pipe.terminal.post(THREAD, say("success"), key="s1")
    pipe.terminal.post(THREAD, say("live"), key="s2")

    assert pipe.new() == "web → production\nweb → staging\n  … web → production\n  ↳ success\n  ↳ live\n"


def test_changed_parent_is_one_line_and_an_unchanged_one_none(pipe: Screen) -> None:
    pipe.terminal.post(CHANNEL_ITSELF, parent("⏳", CANCEL), key="d1")
    pipe.new()

    pipe.terminal.edit(CHANNEL, "d1", parent("🚀", CANCEL))
    pipe.terminal.edit(CHANNEL, "d1", parent("🚀", CANCEL))
    pipe.terminal.edit(CHANNEL, "d1", parent("✅", ROLLBACK))
    pipe.terminal.edit(CHANNEL, "d1", parent("✅"))
    pipe.terminal.edit(CHANNEL, "d1", parent("✅"))

    assert pipe.new() == (
        "  ⟳ 🚀 web → production topic@d872d00\n"
        "  ⟳ ✅ web → production topic@d872d00   [Rollback] → rollback web\n"
        "  ⟳ ✅ web → production topic@d872d00\n"
    )


def test_redrawn_parent_of_an_earlier_start_is_shown(pipe: Screen) -> None:
    pipe.terminal.edit(CHANNEL, "d0", parent("✅"))

    assert pipe.new() == "  ⟳ ✅ web → production topic@d872d00\n"


def test_whisper_says_who_alone_would_read_it(pipe: Screen) -> None:
    pipe.terminal.whisper(CHANNEL_ITSELF, "you", say("production is locked."), key="w")
    pipe.terminal.speaker = "bob"
    pipe.terminal.whisper(CHANNEL_ITSELF, "you", say("Still locked."), key="w")
    pipe.terminal.whisper(CHANNEL_ITSELF, "bob", say("For you too."), key="w")

    assert pipe.new() == "(only you) production is locked.\n(only you) Still locked.\n(only you) For you too.\n"


def test_repeat_after_a_lost_answer_is_not_shown_twice(pipe: Screen) -> None:
    first = pipe.terminal.post(CHANNEL_ITSELF, say("Hello."), key="reply:7")
    again = pipe.terminal.post(CHANNEL_ITSELF, say("Hello."), key="reply:7", maybe_sent=True)
    unsent = pipe.terminal.post(CHANNEL_ITSELF, say("Bye."), key="reply:8", maybe_sent=True)

    assert (first, again, unsent) == ("reply:7", "reply:7", "reply:8")
    assert pipe.new() == "Hello.\nBye.\n"


def test_message_elsewhere_says_where(pipe: Screen) -> None:
    pipe.terminal.post(Place("#web"), say("Deployed."), key="a")
    pipe.terminal.post(Place("alice", direct=True), say("Your pull request is live."), key="b")
    pipe.terminal.post(Place("you", direct=True), say("Your lock ends."), key="c")
    pipe.terminal.post(Place("deploys"), say("Here."), key="d")

    assert pipe.new() == "(#web) Deployed.\n(to alice) Your pull request is live.\n(to you) Your lock ends.\nHere.\n"


def test_what_came_from_outside_cannot_steer_the_terminal(pipe: Screen) -> None:
    evil = "x\x1b[2J\x07\x9b31m\r\u202eb\udcff[bold]:smile:"

    pipe.terminal.post(CHANNEL_ITSELF, say(evil, Button("a", "b").label), key="\x1b")
    pipe.terminal.echo("deploy \x1b]0;title\x07")

    assert pipe.new() == "x�[2J��31m��b�[bold]:smile:a\n\n> deploy �]0;title�\n"


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\x85", "\u2028", "\u2029", "\v", "\f"])
def test_what_came_from_outside_begins_no_line_and_hides_nothing(pipe: Screen, ends: str) -> None:
    evil = f"fine{ends}✅ web\u200b is live"

    pipe.terminal.post(CHANNEL_ITSELF, say("Said: ", evil, buttons=[Button(evil, "deploy")]), key="a")

    lines = re.split(r"[\n\v\f\r\x85\u2028\u2029]", pipe.new())
    assert [line for line in lines if line.lstrip("�").strip().startswith("✅")] == []
    assert len(lines) == 3
    assert "\u200b" not in "".join(lines)


def test_a_line_in_a_pipe_is_a_line(pipe: Screen) -> None:
    pipe.terminal.post(CHANNEL_ITSELF, say("word " * 30 + "end"), key="a")

    assert pipe.new() == "word " * 30 + "end\n"


def test_address_stands_beside_its_text_where_nothing_can_be_clicked(pipe: Screen) -> None:
    pipe.terminal.post(
        CHANNEL_ITSELF, say(Link("https://web.test/log", "log"), " ", Link("https://a.test", "https://a.test")), key="a"
    )

    assert pipe.new() == "log (https://web.test/log) https://a.test\n"


def test_terminal_shows_links_and_styles() -> None:
    tty = Screen(tty=True, color_system="standard", no_color=False)

    tty.terminal.post(
        CHANNEL_ITSELF, say(Bold("web"), " ", Code("topic"), " ", Link("https://web.test", "log")), key="a"
    )

    shown = tty.new()
    assert shown.startswith("\x1b[1mweb\x1b[0m \x1b[36mtopic\x1b[0m \x1b]8;id=")
    assert shown.endswith(";https://web.test\x1b\\log\x1b]8;;\x1b\\\n")


def test_terminal_without_colours_gets_plain_text() -> None:
    tty = Screen(tty=True, color_system=None)

    tty.terminal.post(CHANNEL_ITSELF, say(Bold("web"), " ", Code("topic"), buttons=[CANCEL]), key="a")
    tty.terminal.whisper(CHANNEL_ITSELF, "you", say("No."), key="w")

    assert tty.new() == "web topic\n  [Cancel] → cancel #1\n(only you) No.\n"


def test_notes_echoes_and_greetings_are_told_apart_from_messages(pipe: Screen) -> None:
    pipe.terminal.greet(say("Hello.", lines=[("Try this.",)]))
    pipe.terminal.echo("/merge topic")
    pipe.terminal.note("Merged topic into ", Code("main"), ".")

    assert pipe.new() == "Hello.\n  Try this.\n\n> /merge topic\n· Merged topic into main.\n"


def test_person_is_who_they_say_they_are(pipe: Screen) -> None:
    person = pipe.terminal.person("bob")

    assert (person.id, person.name, person.forge_login, person.timezone) == ("bob", "bob", "bob", "Europe/Berlin")
    assert not person.bot
    assert not person.foreign


def test_every_channel_is_there_under_its_own_name(pipe: Screen) -> None:
    assert pipe.terminal.channel_id("#web") == "#web"
    assert pipe.terminal.channel_names("#web") == {"#web", "web"}
    assert pipe.terminal.link_to(CHANNEL, "d1") is None


def test_messages_of_several_threads_are_never_torn_apart(pipe: Screen) -> None:
    def chatter(name: str) -> None:
        for turn in range(50):
            pipe.terminal.post(CHANNEL_ITSELF, say(name, lines=[(name,), (name,)]), key=f"{name}{turn}")

    threads = [Thread(target=chatter, args=[name]) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    lines = pipe.new().splitlines()
    blocks = [tuple(lines[start : start + 3]) for start in range(0, len(lines), 3)]
    assert sorted(blocks) == sorted((name, f"  {name}", f"  {name}") for name in "abcd" for _ in range(50))


# --- folds, steps, tables, output and menus -----------------------------------------------------------------------

CHANGES: tuple[Line, ...] = ((Link(None, "#8"), " Less logging · dave"), (Link(None, "#7"), " Gift cards · carol"))
MORE = (Button("Lock", "lock production"), Button("Details", "deploys #7"))


def card(first: str, context: str = "main@ada7c2c", **parts: Any) -> Message:
    return Message(("Something.",), lines=((first,),), context=((context,),), **parts)


def migrating(*states: Any, detail: str = "") -> tuple[Step, ...]:
    names = ("Build", "Migrate", "Restart")
    return tuple(Step(name, state, detail) for name, state in zip(names, states, strict=True))


def test_a_card_has_a_line_for_each_part(pipe: Screen) -> None:
    table = Table(("Where", "Live"), ((("web → staging",), (Code("59c74b5"),)), (("日本",), ())))
    steps = (Step("Build slug", "done", "48 s"), Step("Migrate", "running"), Step("Restart", "pending"))
    fold = Fold("2 pull requests · carol, dave", CHANGES, (("⚠️ one more",),))

    pipe.terminal.post(
        CHANNEL_ITSELF,
        card("🚀 web → production", table=table, steps=steps, output="one\n  two\n", fold=fold, buttons=(CANCEL,)),
        key="d1",
    )

    assert pipe.new() == (
        "🚀 web → production\n"
        "  main@ada7c2c\n"
        "  Where          Live\n"
        "  web → staging  59c74b5\n"
        "  日本\n"
        "  ✅ Build slug · 48 s\n"
        "  ◔ Migrate\n"
        "  ○ Restart\n"
        "    one\n"
        "      two\n"
        "  ▸ 2 pull requests · carol, dave\n"
        "  [Cancel] → cancel #1\n"
    )


def test_a_chart_is_a_line_of_small_bars(pipe: Screen) -> None:
    week = Chart("Deployments", ("Mon", "Tue", "Wed"), (Series("shop", (8, 1, 0)),))

    pipe.terminal.post(CHANNEL_ITSELF, card("📈 web", chart=week), key="d1")

    assert pipe.new() == "📈 web\n  main@ada7c2c\n  Deployments\n    shop: Mon █ 8 · Tue ▂ 1 · Wed ▁ 0\n"


def test_an_open_fold_shows_what_is_in_it(pipe: Screen) -> None:
    pipe.terminal.post(CHANNEL_ITSELF, card("🙋 web", fold=Fold("2", CHANGES, (("⚠️ one more",),), open=True)), key="d1")

    assert pipe.new() == (
        "🙋 web\n  main@ada7c2c\n  ▾ 2\n    • #8 Less logging · dave\n    • #7 Gift cards · carol\n    ⚠️ one more\n"
    )


def test_a_step_is_one_line_whenever_it_changes(pipe: Screen) -> None:
    pipe.terminal.post(CHANNEL_ITSELF, card("🚀 web is on its way"), key="d1")
    pipe.new()

    for number, states in enumerate(
        [("running", "pending", "pending"), ("done", "running", "pending"), ("done", "failed", "pending")], 1
    ):
        pipe.terminal.edit(CHANNEL, "d1", card(f"🚀 web step {number} of 3", steps=migrating(*states)))
        pipe.terminal.edit(CHANNEL, "d1", card(f"🚀 web step {number} of 3", steps=migrating(*states)))

    assert pipe.new() == "  ⟳ ◔ Build\n  ⟳ ✅ Build\n    ◔ Migrate\n  ⟳ ❌ Migrate\n"


def test_the_end_says_how_long_it_took_and_what_it_ships(pipe: Screen) -> None:
    fold = Fold("2 pull requests · carol, dave", CHANGES)
    pipe.terminal.post(CHANNEL_ITSELF, card("🚀 web", fold=fold, buttons=(CANCEL,)), key="d1")
    pipe.new()

    pipe.terminal.edit(
        CHANNEL, "d1", card("✅ web is live", "main@ada7c2c · 4 min", fold=fold, buttons=(ROLLBACK,), more=MORE)
    )

    assert pipe.new() == (
        "  ⟳ ✅ web is live   [Rollback] → rollback web\n"
        "    main@ada7c2c · 4 min\n"
        "    ▸ 2 pull requests · carol, dave\n"
    )


def test_a_failure_says_why(pipe: Screen) -> None:
    pipe.terminal.post(CHANNEL_ITSELF, card("🚀 web", steps=migrating("done", "running", "pending")), key="d1")
    pipe.new()

    pipe.terminal.edit(
        CHANNEL, "d1", card("❌ web failed", output="lock timeout\n", steps=migrating("done", "failed", "pending"))
    )

    assert pipe.new() == "  ⟳ ❌ web failed\n    ❌ Migrate\n      lock timeout\n"


def test_the_menu_is_for_whoever_sits_there() -> None:
    tty, pipe = Screen(tty=True, color_system=None), Screen()

    for screen in (tty, pipe):
        screen.terminal.post(CHANNEL_ITSELF, Message(("Live.",), buttons=(ROLLBACK,), more=MORE), key="d1")

    assert tty.new() == "Live.\n  [Rollback] → rollback web\n  ⋯ lock production   deploys #7\n"
    assert pipe.new() == "Live.\n  [Rollback] → rollback web\n"


def test_words_are_wrapped_at_blanks_and_go_on_further_in() -> None:
    tty = Screen(tty=True, color_system=None)
    address = "https://web.example/" + "x" * 40

    tty.terminal.post(CHANNEL_ITSELF, say("word " * 10 + "end", lines=[("• ", "日本語 " * 6, address)]), key="a")

    lines = tty.new().split("\n")
    assert lines == [
        "word word word word word word word",
        "    word word word end",
        "  • 日本語 日本語 日本語 日本語 日本語",
        "    日本語",
        f"    {address}",
        "",
    ]


def test_the_last_column_of_a_table_is_wrapped_within_itself() -> None:
    tty = Screen(tty=True, color_system=None)
    table = Table(("Where", "Now"), ((("production",), ("waits for alice: load test until 14:44",)),))

    tty.terminal.post(CHANNEL_ITSELF, Message(("All:",), table=table), key="a")

    assert tty.new() == (
        "All:\n  Where       Now\n  production  waits for alice: load\n              test until 14:44\n"
    )


def test_output_is_never_wrapped() -> None:
    tty = Screen(tty=True, color_system=None)

    tty.terminal.post(CHANNEL_ITSELF, Message(("Failed.",), output="word " * 20 + "end"), key="a")

    assert tty.new() == f"Failed.\n    {'word ' * 20}end\n"


def test_no_part_of_a_card_can_steer_the_terminal_or_begin_a_line(pipe: Screen) -> None:
    evil = "x\x1b[2J\n✅ web\u200b is live"
    table, fold = Table((evil,), (((evil,),),)), Fold(evil, ((evil,),), ((evil,),), open=True)
    chart = Chart(evil, (evil,), (Series(evil, (1,)),))

    pipe.terminal.post(
        CHANNEL_ITSELF,
        Message((evil,), table=table, chart=chart, steps=(Step(evil, "done", evil),), fold=fold),
        key="a",
    )

    shown = pipe.new()
    assert "\x1b" not in shown
    assert "\u200b" not in shown
    assert [line for line in shown.split("\n") if line.strip().startswith("✅ web")] == []


def test_the_address_of_a_page_is_told_once_and_no_other_is_kept_back() -> None:
    screen = Screen(pages="http://127.0.0.1:4000")
    page = Link("http://127.0.0.1:4000/deployments/r-1?key=k", "logs")
    card = Message(("Going.",), (("🚀 Going",),), (("1 min · ", page),))

    screen.terminal.post(CHANNEL_ITSELF, card, key="d1")
    screen.terminal.post(THREAD, say("Started · ", page), key="t1")
    screen.terminal.post(THREAD, say("See ", Link("http://127.0.0.1:40001/x", "that")), key="t2")

    assert screen.new().splitlines() == [
        "🚀 Going",
        "  1 min · logs",
        "  page: http://127.0.0.1:4000/deployments/r-1?key=k",
        "  ↳ Started · logs",
        "  ↳ See that (http://127.0.0.1:40001/x)",
    ]
