"""What chat services and keyboards do to text, and that it is undone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.grammar.slack_text import LONGEST_LINE, clean, protect


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("deploy a&amp;b to &lt;env&gt;", "deploy a&b to <env>"),
        ("deploy &amp;lt;", "deploy &lt;"),
        ("deploy <http://v1.io|v1.io> to production", "deploy v1.io to production"),
        ("deploy <https://github.com/acme/web>", "deploy https://github.com/acme/web"),
        ("deploy <mailto:web@v1.io|web@v1.io>", "deploy web@v1.io"),
        ("link <@U123>", "link @U123"),
        ("link <@U123|octocat>", "link @U123"),
        ("status in <#C1|name>", "status in #name"),
        ("deploy <#C1|123>", "deploy #123"),
        ("status <#C1>", "status #C1"),
        ("lock staging because <!subteam^S1|@ops> said so", "lock staging because @ops said so"),
        ("lock staging because <!subteam^S1> said so", "lock staging because @S1 said so"),
        ("deploy <!channel>", "deploy @channel"),
        ("deploy <!here|here>", "deploy @here"),
        ("deploy &lt;!channel&gt;", "deploy <!channel>"),
    ],
)
def test_entities_links_and_mentions_become_what_they_show(sent: str, meant: str) -> None:
    assert clean(sent) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("deploy web —force “it burns”", 'deploy web --force "it burns"'),
        ("deploy web –force ‘it burns’", "deploy web --force 'it burns'"),
        ("deploy web –-force", "deploy web --force"),
        ("lock staging — testing", "lock staging — testing"),
        ("don’t", "don't"),
        ("deploy\u00a0web\u202fto\tproduction", "deploy web to production"),
        ("\ufeffdeploy we\u200bb to pro\u00adduction\u2069", "deploy web to production"),
        ("deploy web\u202egnp.exe", "deploy webgnp.exe"),
        ("de\x00ploy web\x1b[31m", "deploy web[31m"),
        ("deploy \ud800web", "deploy web"),
        ("lock staging because 👩\u200d💻", "lock staging because 👩\u200d💻"),
    ],
)
def test_what_keyboards_put_in_is_taken_out(typed: str, meant: str) -> None:
    assert clean(typed) == meant


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("`deploy web to production`", "deploy web to production"),
        ("deploy `web/topic` to *production*", "deploy web/topic to production"),
        ("*deploy web* to production", "deploy web to production"),
        ("_deploy web_", "deploy web"),
        ("deploy ~web~ _topic_ *`x`*", "deploy web topic x"),
        ("```deploy web```", "deploy web"),
        ("deploy feature_x_y", "deploy feature_x_y"),
        ("deploy web/_private_", "deploy web/_private_"),
        ("deploy _private to staging", "deploy _private to staging"),
        ("deploy web to staging/fe* only=*", "deploy web to staging/fe* only=*"),
    ],
)
def test_marks_around_words_go_and_marks_inside_words_stay(sent: str, meant: str) -> None:
    assert clean(sent) == meant


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\x0b"])
def test_the_first_line_with_words_is_the_command(end: str) -> None:
    assert clean(f"  {end}\u200b{end}deploy web{end}and thanks") == "deploy web"


def test_an_empty_text_stays_empty() -> None:
    assert [clean(text) for text in ("", " \n\t", "\u200b", "\x00")] == ["", "", "", ""]


def test_a_long_line_is_neither_cut_nor_slow() -> None:
    lines = ["*a " * 13_000, "<" * 40_000, "`" * 40_000, "_a" * 20_000, "&amp;" * 8_000, "—a " * 13_000]

    cleaned = [clean(line) for line in lines]

    assert all(len(line) > LONGEST_LINE for line in cleaned)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.text(alphabet="<>&;#@!|`*_~ \n”—abt:/h^"))
def test_any_text_becomes_one_line_without_blanks_around_it(text: str) -> None:
    line = clean(text)

    assert line == line.strip()
    assert "\n" not in line


@pytest.mark.parametrize(
    "line", ["deploy <!channel>", "deploy a&amp;b", "deploy <@U1> &lt;", "deploy <http://x|y>", "a & b"]
)
def test_a_protected_line_survives_cleaning(line: str) -> None:
    assert clean(protect(line)) == line
