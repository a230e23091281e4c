"""Commands written down, and read back as the same commands."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.grammar import commands as declared_in
from bot.core.grammar.commands import (
    SPOKEN_OF,
    Approve,
    AskToRelease,
    Cancel,
    Command,
    CopyCommand,
    DeclareFreeze,
    Deploy,
    Deploys,
    Diff,
    Figures,
    Freezes,
    HandOver,
    Help,
    KeepLock,
    LinkLogin,
    Locks,
    Logs,
    Mute,
    NotifyMe,
    NotToday,
    Promote,
    Queue,
    Reject,
    Retry,
    Rollback,
    Ship,
    ShowSchedule,
    Status,
    TakeLock,
    TakeOver,
    Undeployed,
    Unfreeze,
    Unlock,
    Unmute,
    Unschedule,
    Version,
    WhereCanIDeploy,
    WhoAmI,
    Why,
    Withhold,
)
from bot.core.grammar.parser import COMMANDS, parse, show
from bot.core.grammar.vocabulary import AppVocabulary, Vocabulary

WORDS = Vocabulary(
    apps={"web": AppVocabulary(("staging", "production")), "api": AppVocabulary(("staging", "production"))},
    here="web",
)

apps = st.sampled_from(["web", "api"])
environments = st.sampled_from(["staging", "production"])
numbers = st.integers(1, 999_999_999)
segments = st.from_regex(r"[A-Za-z0-9<>&$!()'\"_é][A-Za-z0-9_<>&$!()'\"é-]{0,8}", fullmatch=True)
paths = st.lists(segments, min_size=1, max_size=3).map("/".join).filter(lambda ref: not ref.endswith(".lock"))
plain_refs = st.from_regex(r"[a-z]{3,8}-[0-9]{1,3}(/[a-zA-Z_]{1,8})?", fullmatch=True)
pull_requests = numbers.map(lambda number: f"#{number}")
commits = st.from_regex(r"[0-9a-f]{7,40}", fullmatch=True)
moments = st.sampled_from(
    ["17:00", "at 9", "5 pm", "tomorrow at 9", "friday", "fri 9:00 UTC", "in 2 hours", "1 aug 9:00"]
)
durations = st.sampled_from(["2h", "1h30m", "2 hours", "half an hour", "1 day and 2 hours", "90m"])
repetitions = st.sampled_from(["weekday at 9:00", "day at 17:00", "mon, thu 9am", "2 hours"])
reasons = st.from_regex(r"[A-Za-z0-9'\"\\#<&][A-Za-z0-9 ,.!?'\"\\:=#<>&@é🚀-]{0,40}", fullmatch=True).map(str.strip)
keys = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
values = st.one_of(st.just(""), st.from_regex(r"[A-Za-z0-9'\"\\ =/:é]{1,12}", fullmatch=True).map(str.strip))

logins = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,30}", fullmatch=True)
chat_ids = st.from_regex(r"[UW]0[A-Z0-9]{4,9}", fullmatch=True)


def maybe(some: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.none() | some


# a ref in any shape that git takes stands behind its app; alone it must not look like a word of the grammar
subjects = st.one_of(
    st.tuples(apps, st.one_of(st.none(), paths, pull_requests, commits)),
    st.tuples(st.none(), st.one_of(st.none(), plain_refs, pull_requests)),
)
timings = st.one_of(st.tuples(st.none(), st.none()), st.tuples(moments, st.none()), st.tuples(st.none(), repetitions))


@st.composite
def deploys(draw: st.DrawFn) -> Deploy:
    app, ref = draw(subjects)
    environment, force, (at, every) = draw(maybe(environments)), draw(st.booleans()), draw(timings)
    return Deploy(
        app=app,
        ref=ref,
        environment=environment,
        hosts=draw(maybe(st.sampled_from(["fe", "fe,be", "web1.example.com", "fe*"]))) if environment else None,
        task=draw(st.sampled_from(["deploy", "deploy:migrate", "deploy:db:seed"])),
        force=force,
        force_reason=draw(maybe(reasons)) if force else None,
        params=tuple(draw(st.lists(st.tuples(keys, values), max_size=3))),
        when_green=draw(st.booleans()),
        at=at,
        every=every,
    )


@st.composite
def locks(draw: st.DrawFn) -> TakeLock:
    duration, until = draw(
        st.one_of(st.tuples(durations, st.none()), st.tuples(st.none(), moments), st.tuples(st.none(), st.none()))
    )
    return TakeLock(draw(environments | st.just("all")), draw(maybe(apps)), duration, until, draw(maybe(reasons)))


@st.composite
def diffs(draw: st.DrawFn) -> Diff:
    target = draw(maybe(st.one_of(plain_refs, commits, environments)))
    return Diff(draw(maybe(apps)), draw(maybe(environments)), target)


deploys_of = st.one_of(
    st.builds(Deploys, st.just(None), maybe(plain_refs), maybe(environments)),
    st.builds(Deploys, apps, maybe(paths), maybe(environments)),
    st.builds(Deploys, deployment=numbers),
)
spoken_of = numbers | st.just(SPOKEN_OF)
maybe_some = st.none() | st.integers(1, 9_999)
STRATEGIES: dict[type[Command], st.SearchStrategy[Command]] = {
    Deploy: deploys(),
    TakeLock: locks(),
    Diff: diffs(),
    Ship: st.builds(Ship, numbers, maybe(environments), maybe(apps)),
    Rollback: st.builds(Rollback, maybe(apps), maybe(environments), maybe(commits | pull_requests), maybe(reasons))
    | st.builds(lambda of, to, why: Rollback(None, None, to, why, of), spoken_of, maybe(commits), maybe(reasons)),
    Logs: st.builds(Logs, maybe(apps), maybe(environments), st.none(), maybe_some)
    | st.builds(lambda number, last: Logs(None, None, number, last), spoken_of, maybe_some),
    Why: st.builds(Why, maybe(apps), maybe(environments))
    | st.builds(lambda number: Why(None, None, number), spoken_of),
    Promote: st.builds(Promote, maybe(apps), maybe(environments), maybe(environments)),
    Reject: st.builds(Reject, st.none() | spoken_of, maybe(reasons)),
    Unlock: st.builds(Unlock, environments | st.sampled_from(["all", "mine"]), maybe(apps)),
    DeclareFreeze: st.builds(DeclareFreeze, environments | st.just("all"), maybe(moments), reasons),
    Unfreeze: st.builds(Unfreeze, maybe(environments | st.just("all"))),
    Deploys: deploys_of,
    Queue: st.builds(Queue, maybe(apps), maybe(environments)),
    Status: st.builds(Status, maybe(apps), maybe(environments)),
    Unschedule: st.builds(Unschedule, numbers),
    CopyCommand: st.builds(CopyCommand, numbers),
    LinkLogin: st.builds(LinkLogin, logins),
    HandOver: st.builds(HandOver, logins, chat_ids),
    Withhold: st.builds(Withhold, logins, chat_ids),
    Help: st.builds(Help, maybe(st.sampled_from([spec.name for spec in COMMANDS] + ["anything else"]))),
    TakeOver: st.builds(TakeOver, environments, maybe(apps), maybe(reasons)),
    **{one: st.builds(one, maybe(apps)) for one in (Undeployed, Figures, WhereCanIDeploy, ShowSchedule, NotToday)},
    **{one: st.builds(one, st.none() | spoken_of) for one in (Cancel, Retry, Approve)},
    **{one: st.just(one()) for one in (Locks, Freezes, WhoAmI, Mute, Unmute, Version)},
    **{one: st.builds(one, environments, maybe(apps)) for one in (AskToRelease, NotifyMe, KeepLock)},
}
commands = st.one_of(list(STRATEGIES.values()))


def test_every_command_that_is_declared_is_tried() -> None:
    assert set(STRATEGIES) == {spec.makes for spec in COMMANDS}


@settings(max_examples=150, derandomize=True, deadline=None)
@given(deploys())
def test_a_deploy_that_is_shown_is_read_back(command: Deploy) -> None:
    assert parse(show(command), WORDS) == command


@settings(max_examples=150, derandomize=True, deadline=None)
@given(commands)
def test_a_command_that_is_shown_is_read_back(command: Command) -> None:
    assert parse(show(command), WORDS) == command


def test_every_command_is_declared_once() -> None:
    declared = [spec.makes.__name__ for spec in COMMANDS]
    there = [name for name, one in vars(declared_in).items() if isinstance(one, type) and issubclass(one, Command)]

    assert sorted(declared) == sorted(set(there) - {"Command"})


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (
            Deploy("web", "topic", "staging", "fe", "deploy:migrate", True, "it burns", (("a", "b c"),), True, "17:00"),
            'deploy:migrate web/topic to staging/fe a="b c" when green at 17:00 --force "it burns"',
        ),
        (Deploy(app="web", at="friday at 9"), "deploy web on friday at 9"),
        (Deploy(app="web", ref="#12", at="in 2 hours"), "deploy web#12 in 2 hours"),
        (Deploy(app="web", every="weekday at 9:00"), "deploy web every weekday at 9:00"),
        (Deploy(ref="<!channel>"), "deploy &lt;!channel&gt;"),
        (Deploy(app="web", force=True, force_reason="two\nlines"), 'deploy web --force "two lines"'),
        (Ship(12, "production", "web"), "ship web#12 to production"),
        (Rollback("web", "production", "#12", "errors"), 'rollback web on production to #12 "errors"'),
        (Promote("web", "staging", "production"), "promote web from staging to production"),
        (Reject(12, "not yet"), 'reject #12 "not yet"'),
        (
            TakeLock("production", "web", None, "fri 9:00", "we test"),
            "lock production on web until fri 9:00 because we test",
        ),
        (TakeLock("all", reason='"quoted" words'), 'lock all because "\\"quoted\\" words"'),
        (DeclareFreeze("all", "mon 9:00", "holidays"), "freeze all until mon 9:00 because holidays"),
        (Deploys("web", "topic", "staging"), "deploys web/topic in staging"),
        (Diff("web", "production", "topic"), "diff web production against topic"),
        (WhereCanIDeploy("web"), "where can I deploy web"),
    ],
)
def test_a_command_is_shown_as_people_would_type_it(command: Command, shown: str) -> None:
    assert show(command) == shown


def test_no_command_has_a_place_for_a_password() -> None:
    names = {field.name for one in (spec.makes for spec in COMMANDS) for field in fields(one)}

    assert not {name for name in names if "password" in name or "otp" in name}
