"""Gaps in addresses, headers and bodies: what fills them stays what it is."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import Rejected
from bot.core.hooks import templates

VARIABLES = {"KEY": "k-1?&", "HOOK": "https://x.example/hook?key=1"}


def address(template: str, **values: str) -> str:
    return templates.address(template, values, VARIABLES.__getitem__)


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("https://x.example/{app}/{sha}", "https://x.example/a%2Fb/1a2b"),
        ("https://x.example/?key=$KEY", "https://x.example/?key=k-1?&"),
        ("https://x.example/?key=${KEY}x", "https://x.example/?key=k-1?&x"),
        ("$HOOK", "https://x.example/hook?key=1"),
        ("$HOOK&ref={sha}", "https://x.example/hook?key=1&ref=1a2b"),
        ("{whole}", "https://y.example/1"),
    ],
)
def test_an_address_is_filled(template: str, made: str) -> None:
    assert address(template, app="a/b", sha="1a2b", whole="https://y.example/1") == made


def test_what_is_filled_in_is_never_read_as_a_gap() -> None:
    assert address("https://x.example/{a}{b}", a="{b}$KEY", b="c") == "https://x.example/%7Bb%7D%24KEYc"
    assert templates.line("{a}", {"a": "$KEY {b}"}, VARIABLES.__getitem__) == "$KEY {b}"
    assert templates.document({"x": "-{a}"}, {"a": "$KEY"}, VARIABLES.__getitem__) == {"x": "-$KEY"}


@pytest.mark.parametrize("value", [".", ".."])
def test_a_piece_that_would_lead_elsewhere_is_refused(value: str) -> None:
    with pytest.raises(Rejected, match="would lead to another address"):
        address("https://x.example/{a}/b", a=value)


@pytest.mark.parametrize(
    "value", ["", "x.example/", "ftp://x.example/", "https:///x", "https://x.example/ a", "https://x\n.y"]
)
def test_what_is_no_address_is_refused(value: str) -> None:
    with pytest.raises(Rejected, match="does not begin with https://"):
        address("{a}", a=value)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_value_is_one_piece_of_the_path_whatever_it_is(value: str) -> None:
    if value in (".", ".."):
        return
    parts = urlsplit(address("https://x.example/deploys/{a}/cancel", a=value))

    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "x.example", "", "")
    assert [unquote(one) for one in parts.path.split("/")] == ["", "deploys", value, "cancel"]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_header_stays_one_line(value: str) -> None:
    assert len(templates.line("a {a} b", {"a": value}, str).splitlines()) == 1


def test_what_the_answer_lacks_is_named() -> None:
    with pytest.raises(Rejected, match="The hook's answer has nothing at /id"):
        address("https://x.example/{/id}")
