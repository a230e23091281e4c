"""What the card of a deployment says in each of its states, and what it offers."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.deployments.card import NOT_PICKED_UP, NOTHING, Around, card
from bot.core.deployments.card_buttons import buttons, menu
from bot.core.deployments.model import Actor, Changes, Shipped, State, StepRun, Steps, Waiting
from bot.core.rich_text import GroupMention, Link, Mention
from tests.core.deployments.made import BASE, SHA, T0, a_deployment, t

BEGUN: dict[str, Any] = {"started_at": T0, "remote_id": 77}
ENDED: dict[str, Any] = {**BEGUN, "finished_at": t(seconds=75)}
WAITS: dict[str, Any] = {"state": State.WAITING, "description": "Waiting: for something"}
LIVE = a_deployment(id=9, sha=BASE, state=State.SUCCEEDED, by=Actor("bob"))
PRODUCTION = Around(production=True)
SEARCH = Shipped("Add search", "alice", "https://x.example/1", number=1)
ALONE = Shipped("Mend it", "bob", "https://x.example/c", sha="1234567890")


def shown(around: Around = PRODUCTION, **different: Any) -> list[str]:
    return card(a_deployment(**different), around).text().split("\n")


def heard(around: Around = PRODUCTION, **different: Any) -> str:
    return card(a_deployment(**different), around).summary()


def live(around: Around = PRODUCTION, **changes: Any) -> list[str]:
    """The small print and the list of one that is live."""
    return shown(around, state=State.SUCCEEDED, changes=Changes(**changes), **ENDED)[1:]


STATES: list[tuple[str, dict[str, Any], Around, list[str], str]] = [
    (
        "waits for checks",
        {
            **WAITS,
            "waits_for": Waiting.CHECKS,
            "news": ("waits for 1 of 3 checks",),
            "facts": (("still running: ", Link("https://ci.example", "lint")),),
        },
        NOTHING,
        [
            "⏳ web → production  waits for 1 of 3 checks",
            "topic@64fd7b0 · asked by maria · still running: lint",
            "[Cancel]",
        ],
        "maria asked for this: deploying topic@64fd7b0 of web to production. It waits for 1 of 3 checks.",
    ),
    (
        "waits for what no gate has said",
        {**WAITS, "waits_for": Waiting.CHECKS, "description": "Waiting: checks are pending: lint"},
        NOTHING,
        ["⏳ web → production  checks are pending: lint", "topic@64fd7b0 · asked by maria", "[Cancel]"],
        "maria asked for this: deploying topic@64fd7b0 of web to production. It waits: checks are pending: lint.",
    ),
    (
        "waits for its turn",
        {**WAITS, "waits_for": Waiting.QUEUE},
        Around(ahead=(LIVE, a_deployment(id=10)), wait="about 6 min", progress=("2 of ~4 min",)),
        [
            "⏸️ web → production  is 2nd in line, about 6 min",
            "topic@64fd7b0 · asked by maria · behind #9 (bob, 2 of ~4 min) and #10 (maria)",
            "[Leave queue]",
        ],
        "maria asked for this: deploying topic@64fd7b0 of web to production. It is 2nd in line, about 6 min.",
    ),
    (
        "is next",
        {**WAITS, "waits_for": Waiting.QUEUE},
        Around(ahead=(LIVE,)),
        [
            "⏸️ web → production  is next",
            "topic@64fd7b0 · asked by maria · behind #9 (bob)",
            "[Leave queue]",
        ],
        "maria asked for this: deploying topic@64fd7b0 of web to production. It is next.",
    ),
    (
        "waits for approval",
        {
            **WAITS,
            "waits_for": Waiting.APPROVAL,
            "news": ("needs 1 more approval",),
            "approvals_missing": 1,
            "approved_by": (Actor("bob"),),
            "due_at": t(hours=4),
        },
        Around(approvers=(Mention("U3", "carol"), GroupMention("S1", "oncall"))),
        [
            "🙋 web → production  needs 1 more approval, from @carol or @oncall",
            "topic@64fd7b0 · asked by maria · 👍 bob · until 14:00 UTC, then it is given up",
            "[Approve] [Reject…]",
            "⋯ Cancel, Details, Copy command",
        ],
        "maria asked for this: deploying topic@64fd7b0 of web to production. "
        "It needs 1 more approval, from @carol or @oncall. Approve with: approve #1.",
    ),
    (
        "waits for a lock",
        {**WAITS, "waits_for": Waiting.LOCK, "news": ("waits for alice: load test",)},
        NOTHING,
        [
            "🔒 web → production  waits for alice: load test",
            "topic@64fd7b0 · asked by maria",
            "[Ask to release] [Leave]",
            "⋯ Take over…, Details, Copy command",
        ],
        "maria asked for this: deploying topic@64fd7b0 of web to production. It waits for alice: load test.",
    ),
    (
        "waits for the end of a freeze",
        {**WAITS, "waits_for": Waiting.FREEZE, "news": ("waits until Fri 18:00: audit week",)},
        NOTHING,
        ["🧊 web → production  waits until Fri 18:00: audit week", "topic@64fd7b0 · asked by maria", "[Leave]"],
        "maria asked for this: deploying topic@64fd7b0 of web to production. It waits until Fri 18:00: audit week.",
    ),
    (
        "starting",
        {"state": State.STARTING, **BEGUN},
        NOTHING,
        ["🚀 web → production  is under way", "topic@64fd7b0 · maria · since 10:00 UTC", "[Cancel]"],
        "maria is deploying topic@64fd7b0 of web to production.",
    ),
    (
        "not picked up",
        {"state": State.STARTING, "description": NOT_PICKED_UP, **BEGUN},
        NOTHING,
        [
            "🚀 web → production  nobody has picked it up yet",
            "topic@64fd7b0 · usual causes: no webhook or workflow takes deployment events up · maria · since 10:00 UTC",
            "[Cancel]",
        ],
        "maria is deploying topic@64fd7b0 of web to production. Nobody has picked it up yet.",
    ),
    (
        "running",
        {"state": State.RUNNING, "usual_seconds": 250.0, **BEGUN},
        Around(last_line="Compiling\tassets"),
        [
            "🚀 web → production  is under way, usually 4 min 10 s",
            "topic@64fd7b0 · maria · since 10:00 UTC · Compiling assets",
            "[Cancel]",
        ],
        "maria is deploying topic@64fd7b0 of web to production.",
    ),
    (
        "running in steps",
        {
            "state": State.RUNNING,
            "steps": Steps(4, (StepRun(1, "Build", T0, t(seconds=48)), StepRun(2, "Migrate", t(seconds=48)))),
            **BEGUN,
        },
        Around(last_line="ALTER TABLE"),
        [
            "🚀 web → production  step 2 of 4",
            "topic@64fd7b0 · maria · since 10:00 UTC",
            "(done) Build 48 s",
            "(running) Migrate",
            "[Cancel]",
        ],
        "maria is deploying topic@64fd7b0 of web to production.",
    ),
    (
        "live",
        {"state": State.SUCCEEDED, "approved_by": (Actor("bob"), Actor("carol")), **ENDED},
        PRODUCTION,
        [
            "✅ web → production  is live",
            "topic@64fd7b0 · maria, approved by bob and carol · 1 min 15 s",
            "⋯ Lock production…, Deploy…, Details, Copy command",
        ],
        "web: topic@64fd7b0 was deployed to production in 1 min 15 s.",
    ),
    (
        "failed",
        {"state": State.FAILED, "description": "exit code 3", **ENDED},
        Around(live=LIVE, reason="fatal: no disk"),
        [
            "❌ web → production  failed: exit code 3",
            "topic@64fd7b0 · maria · after 1 min 15 s · still live: d470312",
            "fatal: no disk",
            "[Retry]",
            "⋯ Lock production…, Deploy…, Details, Copy command",
        ],
        "Deploying topic@64fd7b0 of web to production failed: exit code 3. d470312 is still live. "
        "Try again with: retry #1.",
    ),
    (
        "failed at a step",
        {"state": State.FAILED, "steps": Steps(4, (StepRun(2, "Migrate", T0, t(seconds=75), failed=True),)), **ENDED},
        NOTHING,
        [
            "❌ web → production  failed at step 2, Migrate",
            "topic@64fd7b0 · maria · after 1 min 15 s",
            "[Retry]",
            "⋯ Lock production…, Deploy…, Details, Copy command",
        ],
        "Deploying topic@64fd7b0 of web to production failed at step 2, Migrate. Try again with: retry #1.",
    ),
    (
        "failed at a step that says why",
        {
            "state": State.FAILED,
            "description": "Migrate: exit code 1",
            "steps": Steps(4, (StepRun(2, "Migrate", T0, t(seconds=75), failed=True),)),
            **ENDED,
        },
        NOTHING,
        [
            "❌ web → production  failed at step 2, Migrate: exit code 1",
            "topic@64fd7b0 · maria · after 1 min 15 s",
            "[Retry]",
            "⋯ Lock production…, Deploy…, Details, Copy command",
        ],
        "Deploying topic@64fd7b0 of web to production failed: Migrate: exit code 1. Try again with: retry #1.",
    ),
    (
        "timed out at a step",
        {
            "state": State.TIMED_OUT,
            "description": "Migrate: Stopped at the timeout of 15 min",
            "steps": Steps(4, (StepRun(2, "Migrate", T0, t(seconds=75), failed=True),)),
            **ENDED,
        },
        NOTHING,
        [
            "⌛ web → production  timed out at step 2, Migrate: stopped at the timeout of 15 min",
            "topic@64fd7b0 · maria · after 1 min 15 s",
            "[Retry]",
            "⋯ Lock production…, Deploy…, Details, Copy command",
        ],
        "Deploying topic@64fd7b0 of web to production timed out: Migrate: Stopped at the timeout of 15 min. "
        "Try again with: retry #1.",
    ),
    (
        "did not work",
        {"state": State.ERROR, "description": "It broke.", **ENDED},
        NOTHING,
        [
            "❌ web → production  did not work: It broke.",
            "topic@64fd7b0 · maria · after 1 min 15 s",
            "[Retry]",
            "⋯ Lock production…, Deploy…, Details, Copy command",
        ],
        "Deploying topic@64fd7b0 of web to production did not work: It broke. Try again with: retry #1.",
    ),
    (
        "timed out",
        {"state": State.TIMED_OUT, "description": "No end in 15 min", **ENDED},
        NOTHING,
        [
            "⌛ web → production  timed out: no end in 15 min",
            "topic@64fd7b0 · maria · after 1 min 15 s",
            "[Retry]",
            "⋯ Lock production…, Deploy…, Details, Copy command",
        ],
        "Deploying topic@64fd7b0 of web to production timed out: No end in 15 min. Try again with: retry #1.",
    ),
    (
        "given up",
        {"state": State.TIMED_OUT, "description": "Nobody said anything", "given_up_at": t(seconds=75), **ENDED},
        NOTHING,
        [
            "⌛ web → production  has not reported its end in time",
            "topic@64fd7b0 · maria · after 1 min 15 s",
            "[Retry]",
            "⋯ Lock production…, Deploy…, Details, Copy command",
        ],
        "Deploying topic@64fd7b0 of web to production timed out: Nobody said anything. Try again with: retry #1.",
    ),
    (
        "stopped",
        {"state": State.CANCELLED, "description": "Cancelled by bob", **ENDED},
        NOTHING,
        [
            "🛑 web → production  cancelled by bob",
            "topic@64fd7b0 · maria · after 1 min 15 s",
            "[Retry]",
            "⋯ Deploy…, Details, Copy command",
        ],
        "Deploying topic@64fd7b0 of web to production is off. Cancelled by bob.",
    ),
    (
        "cancelled before it began",
        {"state": State.CANCELLED, "description": "Cancelled by bob", "finished_at": t(seconds=75)},
        NOTHING,
        [
            "🛑 web → production  cancelled by bob",
            "topic@64fd7b0 · asked by maria",
            "[Ask again]",
            "⋯ Deploy…, Details, Copy command",
        ],
        "Deploying topic@64fd7b0 of web to production is off. Cancelled by bob.",
    ),
    (
        "superseded",
        {"state": State.SUPERSEDED, "description": "Superseded by #2", "superseded_by": 2},
        # What is live is said by that of which it is part.
        Around(live=LIVE),
        ["⏭️ web → production  is part of #2", "topic@64fd7b0 · asked by maria"],
        "Deploying topic@64fd7b0 of web to production is off. Superseded by #2.",
    ),
    (
        "given up",
        {"state": State.EXPIRED, "description": "Given up"},
        NOTHING,
        [
            "⌫ web → production  given up",
            "topic@64fd7b0 · asked by maria",
            "[Ask again]",
            "⋯ Deploy…, Details, Copy command",
        ],
        "Deploying topic@64fd7b0 of web to production is off. Given up.",
    ),
    (
        "rolled back",
        {
            "state": State.SUCCEEDED,
            "trigger": "rollback",
            "rollback_of": 1,
            "reason": "checkout errors",
            "changes": Changes(base=BASE, behind=2, taken_back=(SEARCH,)),
            **ENDED,
        },
        Around(production=True, locked_for="maria"),
        [
            "⏪ web → production  is back on 64fd7b0 🔒",
            "by maria: “checkout errors” · takes back #1 Add search · alice · 1 min 15 s · "
            "locked for maria, merges wait",
            "[Unlock] [Redeploy d470312]",
            "⋯ Deploy…, Details, Copy command",
        ],
        "web: production was rolled back to topic@64fd7b0 in 1 min 15 s. It is locked for maria, so that merges wait.",
    ),
]


@pytest.mark.parametrize(
    ("different", "around", "read", "sentence"), [row[1:] for row in STATES], ids=[row[0] for row in STATES]
)
def test_each_state_has_its_lines_its_sentence_and_its_buttons(
    different: dict[str, Any], around: Around, read: list[str], sentence: str
) -> None:
    assert shown(around, **different) == read
    assert heard(around, **different) == sentence


def test_every_state_is_told_and_no_two_that_differ_for_people_look_alike() -> None:
    told = {row[1]["state"] for row in STATES}
    headlines = {shown(row[2], **row[1])[0] for row in STATES}

    assert told == set(State) - {State.REQUESTED}
    assert len(headlines) == len(STATES) - 1, "cancelled is cancelled, whether it had begun or not"


def test_what_ships_is_folded_and_what_came_without_a_pull_request_is_marked() -> None:
    changes = {"base": BASE, "shipped": (SEARCH, ALONE), "ahead": 2, "behind": 2, "url": "https://x.example/d"}

    assert live(**changes, migrations=("db/1",))[1:-2] == [
        "▸ 1 pull request and 1 commit · alice, bob",
        "  #1 Add search · alice",
        "  1234567 Mend it · bob",
        "  compare",
        "  ⚠️ 1 commit without a pull request: 1234567",
        "  ⚠️ lacks 2 commits that are deployed there now",
        "  🗄 changes db/1",
    ]


def test_more_than_five_are_counted() -> None:
    many = tuple(Shipped(f"Step {n}", "bob", "", number=n) for n in range(1, 8))

    fold = live(base=BASE, shipped=many, url="https://x.example/d")[1:-2]

    assert (fold[0], len(fold)) == ("▸ 7 pull requests · bob", 7)
    assert fold[5:] == ["  #5 Step 5 · bob", "  and 2 more · compare"]


def test_one_change_stands_in_the_small_print_with_what_is_to_be_known_of_it() -> None:
    one = {"base": BASE, "shipped": (ALONE,), "migrations": ("db/1",)}
    noted = "⚠️ 1 commit without a pull request · 🗄 changes db/1"

    in_production = live(**one)
    in_staging = shown(NOTHING, state=State.SUCCEEDED, changes=Changes(**one), **ENDED)

    assert in_production[0] == f"topic@64fd7b0 · maria · 1234567 Mend it · bob · {noted} · 1 min 15 s"
    # There the first line names it, and it is not named twice.
    assert in_staging[:2] == [
        "✅ web → production  is live: 1234567 Mend it",
        f"topic@64fd7b0 · maria · {noted} · 1 min 15 s",
    ]


def test_an_older_commit_and_a_first_one_are_said() -> None:
    assert live(base=SHA)[0] == "topic@64fd7b0 · maria · 1 min 15 s"
    assert live(base=BASE, behind=3)[0] == "topic@64fd7b0 · maria · goes back by 3 commits · 1 min 15 s"
    assert live(base=BASE)[0] == "topic@64fd7b0 · maria · 1 min 15 s"
    assert live(first=True)[0] == "topic@64fd7b0 · maria · first deployment here · 1 min 15 s"


def test_small_print_has_the_links_at_its_end_and_seven_facts_at_most() -> None:
    linked = {"log_url": "https://ci.example/7", "environment_url": "https://web.example", **ENDED}

    assert shown(state=State.SUCCEEDED, **linked)[1] == "topic@64fd7b0 · maria · 1 min 15 s · open · logs"
    assert shown(state=State.FAILED, **linked)[1] == "topic@64fd7b0 · maria · after 1 min 15 s · logs"
    crowded = shown(state=State.SUCCEEDED, changes=Changes(first=True, shipped=(ALONE,)), **linked)[1]
    assert len(crowded.split(" · ")) <= 8, "seven facts, one of which names an author behind a dot of its own"


def test_who_forced_it_and_what_stood_in_its_way_stands_below() -> None:
    forced = {"force": True, "force_reason": "pager is on fire", "forced": ("Checks are pending: e2e", "No review")}
    more = {"reason": "the demo", "params": (("key", "value"),)}

    assert shown(state=State.SUCCEEDED, **forced, **more, **ENDED)[2:5] == [
        "⚠️ forced by maria: “pager is on fire” · past: Checks are pending: e2e; No review",
        "because the demo",
        "with key=value",
    ]


def test_the_way_back_is_offered_unless_it_leads_nowhere() -> None:
    ended = a_deployment(state=State.SUCCEEDED, changes=Changes(base=BASE), **ENDED)
    same = a_deployment(state=State.SUCCEEDED, changes=Changes(base=SHA), **ENDED)
    failed = a_deployment(state=State.FAILED, changes=Changes(base=BASE), **ENDED)
    replaced = a_deployment(state=State.SUCCEEDED, changes=Changes(base=BASE), replaced_by=2, **ENDED)

    assert [(one.label, one.command) for one in buttons(ended, None)] == [
        ("Roll back to d470312", f"rollback web on production to {BASE}")
    ]
    assert buttons(same, None) == ()
    assert [one.label for one in buttons(failed, None)] == ["Retry", "Roll back to d470312"]
    assert (buttons(replaced, None), menu(replaced)) == ((), ())


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("waits_for", [None, *Waiting])
def test_what_changes_something_asks_first_and_two_buttons_are_all(state: State, waits_for: Waiting | None) -> None:
    one = a_deployment(
        state=state, waits_for=waits_for, approvals_missing=1, changes=Changes(base=BASE), steps=Steps(), **ENDED
    )
    offered = buttons(one, LIVE)

    assert len(offered) <= 2
    for button in offered:
        # To ask somebody something changes nothing.
        assert button.confirm or button.label == "Ask to release"


def test_how_far_the_step_is_stands_in_the_small_print() -> None:
    steps = Steps(4, (StepRun(1, "Build", T0, t(seconds=30)), StepRun(2, "Migrate", t(seconds=30))))
    running = {"state": State.RUNNING, "started_at": T0}

    assert shown(**running, steps=steps, description="Migrate: 40 %")[1].endswith(" · 40 %")
    assert shown(**running, description="40 %")[1].endswith(" · 40 %")
    assert "%" not in shown(**running, steps=steps, description="Migrate")[1]
    assert "`" not in shown(**running, steps=steps, description="CPU at 140 % of one")[1]
