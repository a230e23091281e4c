"""What is shown of a command's output while its file grows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.system.output import Output
from bot.core.deployments.steps import MOST


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "output.log"


def shown(log: Path, *, ended: bool = False, secrets: tuple[str, ...] = ()) -> list[str]:
    """What a bot that has just been started passes on."""
    lines: list[str] = []
    Output(log, secrets).copy(lines.append, ended=ended)
    return lines


def grow(log: Path, more: bytes) -> None:
    with log.open("ab") as file:
        file.write(more)


def test_a_command_that_has_printed_nothing_shows_nothing(log) -> None:
    assert shown(log, ended=True) == []
    log.touch()
    assert shown(log, ended=True) == []


def test_each_line_is_shown_once_as_soon_as_it_is_complete(log) -> None:
    grow(log, b"one\ntw")
    assert shown(log) == ["one"]
    grow(log, b"o\n\nthree")
    assert shown(log) == ["two", ""]
    assert shown(log) == []
    assert shown(log, ended=True) == ["three"]


def test_lines_that_were_not_written_down_are_shown_again(log) -> None:
    grow(log, b"one\n")

    with pytest.raises(ConnectionError):
        Output(log).copy(_no_database, ended=False)

    assert shown(log) == ["one"]


def _no_database(line: str) -> None:
    raise ConnectionError(line)


@pytest.mark.parametrize(
    ("printed", "line"),
    [
        (b"caf\xc3\xa9", "café"),
        (b"broken \xff\xfe", "broken ��"),
        (b"dos\r", "dos"),
        (b" 1%\r50%\r100%", "100%"),
        (b"\x1b[1;32mgreen\x1b[0m\x07", "\x1b[1;32mgreen\x1b[0m"),
        (b"\x1b[38;5;196mred\x1b[m\x1b[K\x1b[2J\x1b[1A", "\x1b[38;5;196mred\x1b[m"),
        (b"\x1b]0;title\x07\x1bMup\x1b(B\x9b31m", "up�31m"),
        (b"\x1b[" + b"1" * 60 + b"mtoo long\x1b[", "too long["),
        (b"\x1b]8;;https://x\x07link\x1b]8;;\x07", "link"),
        (b"tab\there", "tab\there"),
        (b"x" * 2000, "x" * 2000),
        (b"x" * 2001, "x" * 1999 + "…"),
    ],
)
def test_a_line_is_shown_as_text_with_its_colours(log, printed, line) -> None:
    grow(log, printed + b"\n")

    assert shown(log) == [line]


def test_secrets_are_hidden_and_ordinary_words_are_not(log) -> None:
    grow(log, b"token=hunter2hunter2 pin=42\n")

    assert shown(log, secrets=("hunter2", "hunter2hunter2", "42", "")) == ["token=•••• pin=42"]


def test_a_secret_that_is_split_over_two_reads_is_hidden(log) -> None:
    grow(log, b"key hunter2-")
    assert shown(log, secrets=("hunter2-hunter2",)) == []
    grow(log, b"hunter2\n")

    assert shown(log, secrets=("hunter2-hunter2",)) == ["key ••••"]


@pytest.mark.parametrize(
    "secret", ["hunter2-" * 100, "correct horse battery staple", "ghp_" + "aB3" * 12, "caf\u00e9" * 9]
)
@pytest.mark.parametrize("restarted", [False, True])
def test_a_secret_that_is_split_over_the_pieces_of_a_line_is_hidden_in_both(log, secret, restarted) -> None:
    known = () if secret.startswith("ghp_") else (secret,)
    for inside in range(1, length := len(secret.encode()), length // 9):
        log.unlink(missing_ok=True)
        (log.parent / "progress.json").unlink(missing_ok=True)
        grow(log, b"x" * (65_535 - inside - 1) + b" " + secret.encode() + (b" y" * 40_000 if restarted else b" y\n"))
        lines = shown(log, secrets=known)
        grow(log, b"\n")
        lines += shown(log, secrets=known)

        assert not [line for line in lines for part in (secret[:6], secret[-6:]) if part in line], inside
        assert any(line.startswith("•••• y") for line in lines), inside


@pytest.mark.parametrize("restarted", [False, True])
def test_a_private_key_is_hidden_over_several_lines_and_a_restart(log, restarted) -> None:
    lines = []
    for line in ("a", "-----BEGIN RSA PRIVATE KEY-----", "MIIEow", "qOZZ", "-----END RSA PRIVATE KEY-----", "b"):
        grow(log, line.encode() + b"\n")
        lines += shown(log) if restarted else []
    lines += shown(log)

    assert lines == ["a", "-----BEGIN RSA PRIVATE KEY-----", "••••", "••••", "-----END RSA PRIVATE KEY-----", "b"]


def test_where_output_is_left_out_no_secret_is_shown_by_half(log) -> None:
    secret = "hunter2-hunter2"
    much = (b"x" * 63 + b"\n") * 16_383
    kept = b" " + b"x" * 55 + b"\n" + much
    grow(log, b"y\n" * 2_000_000 + secret.encode() + kept)
    half = len(kept) + len(secret) - 1024 * 1024

    lines = shown(log, secrets=(secret,))

    assert 0 < half < len(secret)
    assert lines[1] == "•••• " + "x" * 55
    log.unlink()
    grow(log, b"y\n" * 2_000_000 + b"-----BEGIN PRIVATE KEY-----\nMIIEow\n" + b"qOZZ\n" * 18 + much)
    (log.parent / "progress.json").unlink()
    assert "••••" in (lines := shown(log))
    assert not [line for line in lines if "qOZZ" in line]


def test_what_another_version_has_kept_is_read_as_far_as_it_is_known(log) -> None:
    grow(log, b"one\ntwo\n")
    (log.parent / "progress.json").write_text('{"offset": 4, "colour": "blue"}')

    assert shown(log) == ["two"]


def test_a_line_without_end_is_cut_into_pieces(log) -> None:
    grow(log, b"x" * 200_000)

    lines = shown(log)

    assert [len(line) for line in lines] == [2000, 2000, 2000]
    assert len(shown(log, ended=True)) == 1


def test_of_a_flood_the_end_is_shown_and_how_much_was_left_out(log) -> None:
    grow(log, b"".join(b"%07d\n" % number for number in range(1024 * 1024)))

    lines = shown(log)

    assert lines[0] == "… 7,168 kB of output left out …"
    assert lines[-1] == "1048575"
    assert len(lines) == 1 + 1024 * 1024 // 8


def test_links_are_remembered_over_a_restart_and_the_last_one_counts(log) -> None:
    grow(log, b"SHIPMATE_LOG_URL=https://a.example\n SHIPMATE_ENVIRONMENT_URL=http://b.example \r\n")
    shown(log)
    grow(log, b"SHIPMATE_LOG_URL=https://c.example\nSHIPMATE_LOG_URL=ftp://d\nsee SHIPMATE_LOG_URL=https://e\n")
    shown(log)

    progress = Output(log).progress

    assert progress.log_url == "https://c.example"
    assert progress.environment_url == "http://b.example"


# --- steps ------------------------------------------------------------------------------------------------------------

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def told(log: Path, minutes: int = 0) -> tuple[list[str], Output]:
    """What a bot passes on that has just been started, so many minutes later, and what it knows then."""
    lines: list[str] = []
    output = Output(log, ("hunter2",), lambda: T0 + timedelta(minutes=minutes))
    output.copy(lines.append, ended=False)
    return lines, output


def test_steps_and_percents_are_told_and_counted_once_over_a_restart(log) -> None:
    grow(log, b"SHIPMATE_STEP=Build assets\nbuilding\nSHIPMATE_PROGRESS=40\n")
    first, before = told(log)
    grow(log, b" SHIPMATE_PROGRESS=80 % \r\n")
    _, between = told(log, 1)
    grow(log, b"\x1b[1mSHIPMATE_STEP=  Restart\tall \x1b[0m\n")
    second, after = told(log, 2)

    assert first == ["── Build assets", "building"]
    assert second == ["── Restart all"]
    assert (before.progress.steps, before.progress.percent) == ((("Build assets", "2026-03-02T10:00:00+00:00"),), 40)
    assert between.progress.percent == 80
    assert [name for name, _ in after.progress.steps] == ["Build assets", "Restart all"]
    assert [moment[11:16] for _, moment in after.progress.steps] == ["10:00", "10:02"]
    assert after.progress.percent is None


@pytest.mark.parametrize(
    "line",
    [
        *("SHIPMATE_STEP=", "SHIPMATE_STEP= ", "SHIPMATE_STEP", "SHIPMATE_STEP: Build", "export SHIPMATE_STEP=x"),
        *("SHIPMATE_PROGRESS=", "SHIPMATE_PROGRESS=101", "SHIPMATE_PROGRESS=-1", "SHIPMATE_PROGRESS=4.5"),
        *(
            "SHIPMATE_PROGRESS=1000",
            "SHIPMATE_PROGRESS=half",
            "SHIPMATE_LOG_URL=javascript:alert(1)",
            "shipmate_step=x",
        ),
    ],
)
def test_what_is_not_told_as_it_should_be_is_a_line_like_others(log, line) -> None:
    grow(log, line.encode() + b"\n")

    lines, output = told(log)

    assert lines == [line]
    assert (output.progress.steps, output.progress.percent, output.progress.log_url) == ((), None, None)


def test_names_of_steps_are_short_and_hide_secrets_and_there_are_not_too_many(log) -> None:
    grow(log, b"SHIPMATE_STEP=Login hunter2 " + b"x" * 100 + b"\n")
    grow(log, b"".join(b"SHIPMATE_STEP=%d\n" % n for n in range(2, MOST + 3)))

    lines, output = told(log)

    assert output.progress.steps[0][0] == "Login •••• " + "x" * 48 + "…"
    assert len(output.progress.steps) == MOST
    assert lines[-3:] == [f"── {MOST}", f"SHIPMATE_STEP={MOST + 1}", f"SHIPMATE_STEP={MOST + 2}"]
