"""Several lines, quotes, lists, thanks: no word of a text is lost, and no default takes the place of one."""

from __future__ import annotations

import pytest

from bot.adapters.slack.bolt_app import STORED_TEXT_LIMIT
from bot.core.grammar.commands import Cancel, Command, Deploy, Help, Reject, Rollback, Status, TakeLock
from bot.core.grammar.parser import LONGEST_TEXT, MOST_COMMANDS, commands_in, parse, separate, split_one_time_password
from tests.core.grammar.what_people_type.sentences import WORDS, understood
from tests.core.grammar.words import YUBIKEY

TOPIC = Deploy(ref="topic", environment="staging")
MAIN = Deploy(ref="main", environment="production")
LOCKED = TakeLock("staging", reason="testing")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        # a line that begins with no verb continues the one before
        ("deploy topic\nto staging", [TOPIC]),
        ("deploy\ntopic\nto\nstaging", [TOPIC]),
        ("deploy topic\r\n\r\n   to staging\n", [TOPIC]),
        ("deploy topic\u2028to staging", [TOPIC]),
        ("deploy topic\x0bto staging", [TOPIC]),
        ("\ndeploy topic\nto staging", [TOPIC]),
        ("lock staging\nbecause testing", [LOCKED]),
        ("lock staging because\ntesting", [LOCKED]),
        ("lock staging\nfor 2h\nbecause testing", [TakeLock("staging", None, "2h", None, "testing")]),
        ("lock staging because a\nb\nc", [TakeLock("staging", reason="a b c")]),
        ("lock staging\n- testing", [LOCKED]),
        ("rollback on production\n\"it is\nbroken\"", [Rollback(None, "production", None, "it is broken")]),
        ("deploy! topic to staging\nbecause the site\nis down",
         [Deploy(ref="topic", environment="staging", force=True, force_reason="the site is down")]),
        ("deploy topic to staging\nwhen green", [Deploy(ref="topic", environment="staging", when_green=True)]),
        ("deploy topic to staging\nat 17:00", [Deploy(ref="topic", environment="staging", at="17:00")]),
        ("deploy topic to staging\nsize=2", [Deploy(ref="topic", environment="staging", params=(("size", "2"),))]),
        # a line that begins with one is a command of its own
        ("deploy topic to staging\ndeploy main to production", [TOPIC, MAIN]),
        ("deploy topic\nto staging\ndeploy main\nto production", [TOPIC, MAIN]),
        ("deploy topic to staging\n\nlock staging\nbecause testing", [TOPIC, LOCKED]),
        ("lock staging because testing\nplease deploy main to production", [LOCKED, MAIN]),
        ("cancel #12\nstatus\nhelp deploy", [Cancel(12), Status(), Help("deploy")]),
        ("deploy topic to staging\nroll back on production", [TOPIC, Rollback(None, "production")]),
        ("Deploy topic to staging\nDEPLOY! main to production",
         [TOPIC, Deploy(ref="main", environment="production", force=True)]),
        # code blocks and quotes
        ("```deploy topic to staging```", [TOPIC]),
        ("```\ndeploy topic to staging\n```", [TOPIC]),
        ("```\ndeploy topic\nto staging\n```", [TOPIC]),
        ("```bash\ndeploy topic to staging\n```", [TOPIC]),
        ("```deploy topic to staging\ndeploy main to production```", [TOPIC, MAIN]),
        ("~~~\ndeploy topic to staging\n~~~", [TOPIC]),
        ("`deploy topic`\n`to staging`", [TOPIC]),
        ("> deploy topic to staging", [TOPIC]),
        ("&gt; deploy topic to staging", [TOPIC]),
        ("&gt;deploy topic\n&gt;to staging", [TOPIC]),
        ("&gt;&gt;&gt; deploy topic to staging", [TOPIC]),
        ("> - deploy topic to staging\n> - deploy main to production", [TOPIC, MAIN]),
        # list marks
        ("- deploy topic to staging", [TOPIC]),
        ("* deploy topic to staging", [TOPIC]),
        ("• deploy topic to staging\n• lock staging because testing", [TOPIC, LOCKED]),
        ("◦ deploy topic to staging", [TOPIC]),
        ("– deploy topic to staging", [TOPIC]),
        ("1. deploy topic to staging\n2. deploy main to production", [TOPIC, MAIN]),
        ("1) deploy topic to staging\n10) lock staging because testing", [TOPIC, LOCKED]),
        ("- [ ] deploy topic to staging", [TOPIC]),
        ("$ deploy topic to staging", [TOPIC]),
        # a whole command between quotes, marks or brackets
        ('"deploy topic to staging"', [TOPIC]),
        ("“deploy topic to staging”", [TOPIC]),
        ("'deploy topic to staging'", [TOPIC]),
        ("«deploy topic to staging»", [TOPIC]),
        ("“deploy topic\nto staging”", [TOPIC]),
        ("`deploy topic to staging`", [TOPIC]),
        ("*deploy topic to staging*", [TOPIC]),
        ("*deploy topic\nto staging*", [TOPIC]),
        ("_deploy topic to staging_", [TOPIC]),
        ("~deploy topic to staging~", [TOPIC]),
        ('*"deploy topic to staging"*', [TOPIC]),
        ('"`deploy topic to staging`"', [TOPIC]),
        ("(deploy topic to staging)", [TOPIC]),
        ("[deploy topic to staging]", [TOPIC]),
        ('"deploy topic" to staging', [TOPIC]),
        ('"deploy topic to staging', [TOPIC]),
        ('"deploy topic to staging", please', [TOPIC]),
        ('"deploy topic to staging".', [TOPIC]),
        ("\"lock staging because it's mine\"", [TakeLock("staging", reason="it's mine")]),
        ('"deploy! topic to staging "it burns""',
         [Deploy(ref="topic", environment="staging", force=True, force_reason="it burns")]),
        # a greeting in front
        ("hey, deploy topic to staging", [TOPIC]),
        ("Hi team!\ndeploy topic to staging", [TOPIC]),
        ("ok deploy topic to staging", [TOPIC]),
        ("hello\ndeploy topic\nto staging", [TOPIC]),
        (":wave: deploy topic to staging", [TOPIC]),
        ("🚀 deploy topic to staging", [TOPIC]),
        ("🚀\ndeploy topic to staging", [TOPIC]),
        # a full stop, emoji and thanks at the end
        ("deploy topic to staging.", [TOPIC]),
        ("deploy topic to staging…", [TOPIC]),
        ("deploy topic to staging!", [TOPIC]),
        ("deploy topic.", [Deploy(ref="topic")]),
        ("deploy v1.2.", [Deploy(ref="v1.2")]),
        ("cancel #12.", [Cancel(12)]),
        ("status.", [Status()]),
        ("deploy topic to staging :rocket:", [TOPIC]),
        ("deploy topic to staging :rocket: :+1:", [TOPIC]),
        ("deploy topic to staging:rocket::fire:", [TOPIC]),
        ("deploy topic to staging 🚀", [TOPIC]),
        ("deploy topic to staging 👩\u200d💻🙏🏽", [TOPIC]),
        ("deploy topic to staging ❤️ :)", [TOPIC]),
        ("deploy topic to staging\n🙏", [TOPIC]),
        ("deploy topic to staging thanks", [TOPIC]),
        ("deploy topic to staging, thanks!", [TOPIC]),
        ("deploy topic to staging. Thank you very much.", [TOPIC]),
        ("deploy topic to staging\nThanks a lot!", [TOPIC]),
        ("deploy topic to staging, please :pray:", [TOPIC]),
        ("deploy topic to staging pls thx 🙏", [TOPIC]),
        ("deploy topic, many thanks", [Deploy(ref="topic")]),
        ("status please", [Status()]),
        ("cancel #12, thanks everyone", [Cancel(12)]),
        ("reject #12 thanks", [Reject(12)]),
        ("deploy topic at 5 p.m.", [Deploy(ref="topic", at="5 p.m.")]),
        # in a reason all of it is the reason
        ("lock staging because thanks", [TakeLock("staging", reason="thanks")]),
        ("lock staging because we love it :heart:", [TakeLock("staging", reason="we love it :heart:")]),
        ("lock staging because we test.", [TakeLock("staging", reason="we test.")]),
        ('reject #12 "no thanks"', [Reject(12, "no thanks")]),
        ("lock staging because\n“deploy” is broken", [TakeLock("staging", reason='"deploy" is broken')]),
        ("deploy topic to staging\n?", ["That was a question, so I have changed nothing."]),
        ("?", [Help()]),
    ],
)  # fmt: skip
def test_every_line_is_read(said: str, meant: list[Command | str]) -> None:
    assert understood(said) == meant


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("deploy topic to staging\nLet me know when it is done", ["I did not understand “Let” after “staging”."]),
        ("deploy topic\nto staging\nand then relax", ["I did not understand “and” after “staging”."]),
        ("foo\ndeploy topic to staging", ["I do not know the command “foo”."]),
        ("deploy topic to staging then deploy main", ["I did not understand “then” after “staging”."]),
        ("deploy topic :rocket: to staging", ["I did not understand “:rocket:” after “topic”."]),
        ("status 🚀 later", ["There is no app “🚀”."]),
        ("deploy\nto", ["Something is missing after “to”."]),
        ("lock staging because\n", ["The reason is missing."]),
        ("deploy topic\nbecause I say so", ["A reason belongs to a force: write --force in front of it."]),
        ("cancel #12\nall of them\nstatus", ["I did not understand “all” after “#12”.", Status()]),
        ("deploy main to production\nnot yet", ["I did not understand “not” after “production”."]),
        ("don't deploy main to production", ["I do not know the command “don't”."]),
        ("do not\ndeploy main to production", ["I do not know the command “do”."]),
        ("Do not:\n- deploy main to production\n- deploy topic to staging", ["I do not know the command “Do”."]),
        ("Plan of today:\n1. deploy topic to staging\n2. lock staging", ["I do not know the command “Plan”."]),
    ],
)
def test_what_is_left_over_is_named(said: str, told: list[Command | str]) -> None:
    assert understood(said) == told


def test_behind_slash_deploy_only_the_first_verb_may_be_missing() -> None:
    assert understood("topic\nto staging", slash=True) == [TOPIC]
    assert understood("topic to staging\ndeploy main to production", slash=True) == [TOPIC, MAIN]
    assert understood("topic to staging\nlock staging\nbecause testing", slash=True) == [TOPIC, LOCKED]
    assert understood("", slash=True) == [Help()]


def test_more_commands_than_ten_are_none() -> None:
    ten = "\n".join(["status"] * MOST_COMMANDS)

    assert understood(ten) == [Status()] * MOST_COMMANDS
    assert understood(f"{ten}\nstatus") == ["These are 11 commands in one message; I take 10 at most."]


def test_a_text_of_which_not_all_is_stored_is_no_command() -> None:
    said = "deploy main to production\n" + "lock staging because " + "x" * LONGEST_TEXT

    assert LONGEST_TEXT == STORED_TEXT_LIMIT
    assert understood(said[:LONGEST_TEXT]) == ["This is too long for a command: I read 1,000 characters at most."]


@pytest.mark.parametrize("said", ["deploy a&amp;b\ndeploy &lt;!here&gt;", "- `deploy a`\n- *deploy &amp;lt;*"])
def test_a_command_that_was_taken_apart_is_read_as_it_was(said: str) -> None:
    assert [commands_in(text) for text in separate(said)] == [[line] for line in commands_in(said)]


@pytest.mark.parametrize(
    "said",
    [
        "- deploy topic to staging {}",
        "1. lock staging\n2. deploy topic to staging {}",
        '"deploy topic to staging {}"',
        '"deploy topic\nto staging {}"',
        "lock staging\n\"deploy topic to staging {}\"",
        "```\ndeploy topic\nto staging\n{}\n```",
        "> deploy topic to staging\n> {}",
        "hey team,\ndeploy topic to staging {}",
        ":rocket: deploy topic {} to staging :rocket:",
        "deploy topic to staging {}, thanks!",
        "(deploy topic to staging {})",
    ],
)  # fmt: skip
@pytest.mark.parametrize("password", ["123456", YUBIKEY])
def test_a_one_time_password_is_neither_kept_nor_shown(said: str, password: str) -> None:
    kept, found = split_one_time_password(said.format(password))

    assert found == password
    assert password not in kept
    assert understood(kept)[-1] == TOPIC
    assert password not in repr(parse(said.format(password), WORDS))
