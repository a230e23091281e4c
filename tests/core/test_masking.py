"""Which secrets are hidden in a line of output, and that nothing else is, however hostile the line."""

from __future__ import annotations

import pytest

from bot.core.masking import KEY_LINES, Masker

GITHUB = "ghp_" + "aB3dE6gH9j" * 4
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
BEGIN, END = "-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----"


def hidden(line: str, *values: str) -> str:
    return Masker(values).hide(line)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"remote: {GITHUB}.", "remote: ••••"),
        *((f"a {kind}_{'x1Y2' * 9} b", "a •••• b") for kind in ("gho", "ghu", "ghs", "ghr", "github_pat")),
        ("ghs_" + "aB3.dE6-gH9" * 40, "••••"),
        ("token=xoxb-123456789012-abcDEF", "token=••••"),
        ("xoxp-1-2-3-4567 xoxa-2-345678 xoxr-123456789 xoxs-123456789 xoxe.xoxp-1-Mi0yLTA", "•••• •••• •••• •••• ••••"),
        ("xapp-1-A012-345-abcdef", "••••"),
        ("https://hooks.slack.com/services/T012/B034/abcDEF123", "https://••••"),
        ("AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_ACCESS_KEY_ID=••••"),
        ("ASIAIOSFODNN7EXAMPLE", "••••"),
        ("HRKU-01234567-89ab-cdef-0123-456789abcdef", "••••"),
        ("HRKU-AAbb_cc-" + "d" * 50, "••••"),
        (f"id={JWT};", "id=••••;"),
        ("postgres://bot:s3cr:t@db.example/bot", "postgres://bot:••••@db.example/bot"),
        ("redis://:hushhush@cache", "redis://:••••@cache"),
        ("https://bot:p@ss@host/path a@b", "https://bot:••••@host/path a@b"),
        ("Authorization: Bearer opaque-credential", "Authorization: Bearer ••••"),
        ("> authorization: Basic dXNlcjpwYXNz", "> authorization: Basic ••••"),
        ('{"Authorization": "token 0123456789abcdef"}', '{"Authorization": "token ••••"}'),
        ("curl -H bearer abcd1234abcd1234", "curl -H bearer ••••"),
        ("Basic dXNlcjpwYXNz=", "Basic ••••"),
        (f"{BEGIN}\\nMIIEow\\n{END} after", f"{BEGIN}••••{END} after"),
        (f"x {BEGIN}MII{END} y {BEGIN}MIJ{END} z", f"x {BEGIN}••••{END} y {BEGIN}••••{END} z"),
    ],
)
def test_what_has_the_form_of_a_secret_is_hidden(line: str, shown: str) -> None:
    assert hidden(line) == shown


@pytest.mark.parametrize(
    "line",
    [
        "Bearer authentication failed: basic authentication is needed, a bearer is missing",
        "Authorization: none",
        "Fetching https://web.example.com:8080/a@b and git@github.com:acme/web",
        "AKIA is how they begin, as xoxb- and ghp_ and eyJ do; HRKU- too",
        "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        "-----BEGIN CERTIFICATE-----",
        "MIIEowIBAAKCAQEAx1",
        "12:30:45 user@host: eyJ. eyJhbGci",
    ],
)
def test_ordinary_words_are_not_hidden(line: str) -> None:
    assert hidden(line) == line


def test_known_values_are_hidden_the_longest_first_and_each_line_of_them() -> None:
    masker = Masker(["hunter2", "hunter2hunter2", "42", "", "first line\nsecond line\n"])

    assert masker.hide("hunter2hunter2 hunter2 42") == "•••• •••• 42"
    assert masker.hide("a second line, first lines") == "a ••••, ••••s"


def test_colours_in_a_secret_do_not_keep_it_from_being_found_and_stay() -> None:
    assert hidden(f"\x1b[32m{GITHUB[:9]}\x1b[1m{GITHUB[9:]}\x1b[0m!") == "\x1b[32m••••\x1b[1m\x1b[0m!"
    assert hidden("\x1b[1mhun\x1b[2mter2\x1b[0m", "hunter2") == "\x1b[1m••••\x1b[2m\x1b[0m"


def test_a_private_key_is_hidden_to_its_end_and_can_be_gone_on_with_elsewhere() -> None:
    first = Masker()
    lines = [first.hide(line) for line in ("before", f"key: {BEGIN}", "b3BlbnNza", "")]
    second = Masker(key_lines=first.key_lines)
    lines += [second.hide(line) for line in ("  QyNTUx", f"AAAA{END}", "after")]

    assert lines == ["before", f"key: {BEGIN}", "••••", "", "••••", f"••••{END}", "after"]


def test_a_private_key_that_has_no_end_does_not_hide_output_for_ever() -> None:
    masker = Masker()

    lines = [masker.hide(line) for line in (BEGIN, *["output"] * (KEY_LINES + 1))]

    assert lines == [BEGIN, *["••••"] * KEY_LINES, "output"]


def test_from_a_place_on_a_secret_that_began_before_is_hidden_too() -> None:
    line = f"a {GITHUB} b"

    assert [Masker().hide(line, start) for start in (0, 2, 9, len(line) - 1)] == ["a •••• b", "•••• b", "•••• b", "b"]


@pytest.mark.parametrize(
    "part",
    ["x", "ghp_", "eyJ", "eyJabcdefgh.", "eyJabcdefgh ", "://", "://a:", "://a:b@", "bearer ", "Bearer a", "basic    ",
     "authorization: ", "authorization:'a ", "xoxb-", "AKIA", "HRKU-", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----",
     "-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----", "\x1b[1m", "\x1b", "hunter2", "hunter", ":", "@", " "],
)  # fmt: skip
def test_a_hostile_line_of_a_megabyte_is_soon_read(part: str) -> None:
    """One that took time by the square of its length would take hours."""
    line = (part * 1_000_000)[:1_000_000]

    shown = Masker(["hunter2", "hunterhunter3"]).hide(f"{line} the end")

    assert shown.endswith((" the end", "••••"))
