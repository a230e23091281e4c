"""Cards: a deployment in each of its states, as its channel sees it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.core.approvals.messages import nobody_approved, rejected_by
from bot.core.approvals.model import Approval
from bot.core.deployments.card import NOT_PICKED_UP, Around, card
from bot.core.deployments.messages import expired, no_end_reported, superseded_by, waits
from bot.core.deployments.model import Changes, Deployment, State, Waited
from bot.core.freezes.model import ClosedBy
from bot.core.gates import commit as commit_gates
from bot.core.gates.approval import approval
from bot.core.gates.checks import checks
from bot.core.gates.environment import busy, freeze, lock
from bot.core.gates.model import Answer
from bot.core.ports.forge_types import EarlierCheck
from bot.core.ports.reviews import Review, Reviewed
from bot.core.replies import cancelled_by
from bot.core.rich_text import GroupMention, Mention, Span
from bot.gallery.material import LOG, NOW, ONCALL, OPEN, PAGE, Material, Rules, before, person_id, sha
from bot.gallery.scene import Scene

SEARCH = "search → production"
STAGING = "shop → staging"


def waiting(deployment: Deployment, answer: Answer | None, **more: Any) -> Deployment:
    """The deployment as it waits for what a gate has answered."""
    assert answer is not None
    assert answer.waits_for is not None
    return replace(
        deployment,
        **{
            "state": State.WAITING,
            "waits_for": answer.waits_for,
            "waits_since": before(6),
            "remote_id": None,
            "description": waits(answer),
            "news": answer.news,
            "facts": answer.facts,
            "waited": (Waited(answer.waits_for, before(6), failed=answer.failed),),
            **more,
        },
    )


def approvers(material: Material) -> tuple[Span, ...]:
    return (Mention(person_id("carol"), material.text("carol")), GroupMention(ONCALL, "oncall"))


# --- waiting -----------------------------------------------------------------------------------------------------


def merge(material: Material) -> Deployment:
    """Bob's merge, which goes to staging by itself."""
    gift_cards = material.shipped(3, newest=8)[2:]
    return material.deployment(
        State.WAITING,
        at="59c74b5",
        by="bob",
        where=STAGING,
        trigger="merge",
        pull_request=6,
        title="Gift cards: backend",
        changes=material.changes(*gift_cards),
    )


def waits_for_checks(material: Material) -> Deployment:
    found = material.checks(build="success", lint="success", e2e="pending")
    one = merge(material)
    return waiting(one, checks(material.facts(one, checks=found, waits_for_checks=True)))


def waits_for_approval(material: Material, given: tuple[str, ...] = ("bob",), **more: Any) -> Deployment:
    one = material.deployment(State.WAITING, **more)
    if "changes" not in more:
        one = replace(one, changes=material.changes(*material.shipped(), migrations=("db/migrate",)))
    found = tuple(Approval(one.id, material.actor(name), before(2)) for name in given)
    answer = approval(material.facts(one, rules=Rules(approvals=2), approvals=found))
    by = tuple(item.by for item in found)
    return waiting(one, answer, approved_by=by, approvals_missing=2 - len(by), due_at=NOW + timedelta(minutes=24))


def _for_gates(material: Material) -> list[Scene]:
    red = material.checks(build="failure", lint="success", e2e="pending")
    one = merge(material)
    failed = waiting(one, checks(material.facts(one, checks=red, waits_for_checks=True)))
    first = waiting(
        one, checks(material.facts(one, checks=(), expected_checks=(EarlierCheck("build"),), waits_for_checks=True))
    )
    topic = material.deployment(State.WAITING, at="bc493b1", ref="topic", by="carol", changes=material.changes())
    asked = Reviewed(None, (Review(material.text("dave"), "commented"),))
    reviewed = commit_gates.review(
        material.facts(topic, rules=Rules(required_reviews=1), reviewed=asked, waits_for_checks=True)
    )
    order = commit_gates.order(material.facts(topic, rules=Rules(after="staging"), waits_for_checks=True))
    return [
        Scene(
            "Merged, waits for its checks",
            card(waits_for_checks(material), Around(before=6)),
            note="six earlier merges wait with it",
        ),
        Scene("Merged, a check has failed", card(failed)),
        Scene("Merged, no check has been reported yet", card(first)),
        Scene("Waits for its review", card(waiting(topic, reviewed), Around(production=True))),
        Scene("Waits for the environment before", card(waiting(topic, order), Around(production=True))),
    ]


def _for_people(material: Material) -> list[Scene]:
    production = Around(production=True, approvers=approvers(material))
    shipped = (*material.shipped()[: max(1, material.many - 1)], material.commit_alone())
    whole = waits_for_approval(material, changes=material.changes(*shipped, migrations=("db/migrate",)))
    alone = waits_for_approval(material, (), changes=material.changes(*material.shipped(1)))
    both = replace(waits_for_checks(material), approvals_missing=1, environment="production")
    review = material.deployment(State.STARTING, waits_since=before(3), log_url=LOG, changes=material.changes())
    return [
        Scene("Waits for approval", card(whole, production), note="one of two has approved"),
        Scene("Waits for approval, one change", card(alone, production)),
        Scene("Waits for checks and approval", card(both, production)),
        Scene("Waits for a review on GitHub", card(review, Around(production=True))),
    ]


def queued(material: Material, place: int = 2) -> tuple[Deployment, Around]:
    """Carol's deployment in the queue, and what is around it."""
    running = replace(material.deployment(by="alice", where=SEARCH), id=17)
    next_ = replace(material.deployment(State.WAITING, at="df0f5c1", by="bob", where=SEARCH), id=18)
    one = material.deployment(State.WAITING, at="e34db1a", ref="speed", by="carol", where=SEARCH)
    ahead = (running, next_)[:place]
    answer = busy(material.facts(one, busy=(running,), queued_before=ahead[1:]))
    wait = "about 6 min" if place == 2 else "about 2 min"
    around = Around(production=True, ahead=ahead, wait=wait, progress=("2 of ~4 min", None)[:place])
    return waiting(replace(one, id=19), answer), around


def _for_others(material: Material) -> list[Scene]:
    one = material.deployment(State.WAITING, at="e34db1a", ref="speed", by="carol", where=SEARCH)
    locked = waiting(one, lock(material.facts(one, lock=material.lock(), waits_for_checks=True)))
    frozen = waiting(one, freeze(material.facts(one, closed_by=ClosedBy((material.freeze(),)), waits_for_checks=True)))
    window = ClosedBy((), material.window())
    closed = waiting(one, freeze(material.facts(one, closed_by=window, waits_for_checks=True)))
    return [
        Scene("In the queue", card(*queued(material))),
        Scene("Next in the queue", card(*queued(material, 1))),
        Scene("Waits for a lock", card(locked, Around(production=True))),
        Scene("Waits for the end of a freeze", card(frozen, Around(production=True))),
        Scene("Waits for a window", card(closed, Around(production=True))),
    ]


def states_of_waiting(material: Material) -> list[Scene]:
    return [*_for_gates(material), *_for_people(material), *_for_others(material)]


# --- under way ---------------------------------------------------------------------------------------------------


def running(material: Material, **more: Any) -> Deployment:
    approved = (material.actor("bob"), material.actor("carol"))
    usual: dict[str, Any] = {
        "approved_by": approved,
        "usual_seconds": 240.0,
        "log_url": LOG,
        "changes": material.changes(),
    }
    return material.deployment(**{**usual, **more})


def states_under_way(material: Material) -> list[Scene]:
    production = Around(production=True)
    again = replace(production, approved_for=((material.actor("bob").name, 11),))
    steps = running(material, steps=material.steps(1))
    # What a provider says of itself while it runs is a line of output, not a step.
    line = replace(running(material, approved_by=()), description=material.text("Released v118, restarting"))
    task = material.deployment(task="migrate", params=(("step", "2"), ("dry", material.text("no"))), log_url=LOG)
    unstoppable = replace(
        steps, cancel_by=material.text("alice"), description=material.text("Heroku cannot stop it any more")
    )
    hosts = replace(running(material, approved_by=()), hosts="web-1")
    return [
        Scene(
            "Asked for",
            card(material.deployment(State.REQUESTED, remote_id=None, changes=material.changes()), production),
        ),
        Scene("Running, in steps", card(steps, production)),
        Scene("Running, without steps", card(line, production)),
        Scene(
            "Running, how far the current step is",
            card(running(material, steps=material.steps(1), description="Migrate: 40 %"), production),
        ),
        Scene(
            "Running, its last line of output",
            card(running(material), replace(production, last_line=material.text("Compiling assets …"))),
        ),
        Scene(
            "Running, what it writes is on a page",
            card(running(material, log_url=None), replace(production, page=PAGE, written=True)),
        ),
        Scene("Running, with a log elsewhere and a page", card(running(material), replace(production, page=PAGE))),
        Scene("Running, and not to be stopped any more", card(unstoppable, production)),
        Scene("Running, on some hosts", card(hosts, production)),
        Scene("Running a task", card(task, production), note="with parameters"),
        Scene("Running by force", card(forced(material), production)),
        Scene("Running again", card(running(material), again), note="with what an earlier request was approved for"),
        Scene("Another tool's deployment", card(material.deployment(by="dave", trigger="foreign", where=STAGING))),
        Scene("Nobody has picked it up", card(untouched(material), production)),
    ]


def untouched(material: Material) -> Deployment:
    return material.deployment(State.STARTING, description=NOT_PICKED_UP, changes=material.changes())


def forced(material: Material) -> Deployment:
    past = ("Checks are pending: e2e", "#8 needs 1 approving review")
    reason = "pager is on fire"
    return running(material, force=True, force_reason=reason, forced=tuple(map(material.text, past)), approved_by=())


# --- ended -------------------------------------------------------------------------------------------------------


def live(material: Material, **more: Any) -> Deployment:
    """Live in production, with approvals and all its steps."""
    given = {"state": State.SUCCEEDED, "environment_url": OPEN, "steps": material.steps(4, running=False), **more}
    return running(material, **given)


def live_on_staging(material: Material) -> Deployment:
    shipped = material.shipped(newest=6)
    one = live(material, at="59c74b5", by="bob", where=STAGING, trigger="merge", pull_request=6, approved_by=())
    return replace(one, started_at=before(1), changes=material.changes(*shipped))


def dashboards(material: Material) -> tuple[tuple[str, str], ...]:
    return tuple((material.text(name)[:30], f"https://{name.lower()}.example/shop") for name in ("Grafana", "Sentry"))


def states_of_success(material: Material) -> list[Scene]:
    production = Around(production=True)
    one = live(material, changes=material.changes(*material.shipped(1)), approved_by=())
    first = live(material, changes=Changes(first=True), approved_by=())
    lacks = replace(material.changes(*material.shipped(3)), behind=2)
    migrations = replace(material.changes(), migrations=("db/migrate", "search/schema"))
    late = live(material, given_up_at=before(20), approved_by=())
    older = replace(live(material), replaced_by=14)
    return [
        Scene("Live in production", card(live(material), replace(production, dashboards=dashboards(material)))),
        Scene("Live in production, one change", card(one, production)),
        Scene("Live, with migrations", card(live(material, changes=migrations), production)),
        Scene("Live, for the first time", card(first, production)),
        Scene("Live, but lacks what was there", card(live(material, ref="topic", changes=lacks), production)),
        Scene("Live on staging", card(live_on_staging(material), Around(before=6))),
        Scene("Live, until another one went live", card(older, production), note="it offers nothing any more"),
        Scene("A task is done", card(live(material, task="migrate", changes=Changes()), production)),
        Scene("Finished after all", card(late, production)),
    ]


def failed(material: Material, **more: Any) -> Deployment:
    """Failed in its second step, while another commit is live."""
    steps = material.steps(1, running=False, failed=True)
    changes = material.changes(*material.shipped(1, newest=9), base="ada7c2c")
    return material.deployment(
        **{"state": State.FAILED, "at": "39d2b12", "steps": steps, "log_url": LOG, "changes": changes, **more}
    )


def says_why(material: Material) -> Deployment:
    one = failed(material)
    return replace(one, description=f"{one.steps.runs[-1].name}: exit code 1")


def still_live(material: Material, where: str = "shop → production") -> Deployment:
    return replace(material.deployment(State.SUCCEEDED, where=where), id=9)


def states_of_failure(material: Material) -> list[Scene]:
    was = Around(production=True, live=still_live(material))
    told = replace(was, reason=material.output()[2])
    many = material.changes(base="ada7c2c")
    error = replace(failed(material), state=State.ERROR, steps=material.steps(0, running=False))
    error = replace(error, description=material.text("Heroku refuses the build: the slug is too large"))
    late = replace(failed(material), state=State.TIMED_OUT, description=no_end_reported(), given_up_at=before(0))
    return [
        Scene("Failed at a step", card(failed(material), told)),
        Scene("Failed at a step that says why", card(says_why(material), told)),
        Scene("Failed, many changes", card(failed(material, changes=many), told)),
        Scene("Did not work", card(error, was)),
        Scene("Timed out", card(late, was)),
        Scene("Failed after all", card(replace(failed(material), given_up_at=before(20)), was)),
    ]


def states_of_ends(material: Material) -> list[Scene]:
    was = Around(production=True, live=still_live(material, SEARCH))
    by = cancelled_by(material.text("alice"))
    one = material.deployment(State.CANCELLED, at="df0f5c1", where=SEARCH)
    stopped = replace(one, description=by, steps=material.steps(2, running=False))
    taken_back = replace(one, description=by, started_at=None, remote_id=None)
    newer = replace(material.deployment(), id=14)
    part = replace(merge(material), state=State.SUPERSEDED, superseded_by=14, description=superseded_by(one, newer))
    waited = replace(waits_for_checks(material), state=State.EXPIRED)
    return [
        Scene("Stopped", card(stopped, was)),
        Scene("Taken back before it began", card(taken_back, was)),
        Scene("Rejected", card(rejected(material), was)),
        Scene("Part of a later one", card(part)),
        Scene("Not approved in time", card(not_approved(material))),
        Scene("Checks not green in time", card(replace(waited, waits_for=None, description=expired(waited)))),
    ]


def rejected(material: Material) -> Deployment:
    one = material.deployment(State.CANCELLED, at="df0f5c1", where="billing → production", remote_id=None)
    why = rejected_by(material.text("bob"), material.text("wait for the audit"))
    return replace(one, started_at=None, description=why)


def not_approved(material: Material) -> Deployment:
    one = waits_for_approval(material, where="billing → production")
    why = nobody_approved(one, timedelta(hours=1))
    return replace(one, state=State.EXPIRED, waits_for=None, finished_at=NOW, description=why)


def rolled_back(material: Material, count: int = 1) -> Deployment:
    back = Changes(base=sha("39d2b12"), behind=count, taken_back=material.shipped(count, newest=9))
    return material.deployment(
        State.SUCCEEDED,
        trigger="rollback",
        rollback_of=12,
        reason="checkout errors",
        changes=back,
        started_at=before(0.64),
        log_url=LOG,
    )


def rollbacks(material: Material) -> list[Scene]:
    kept = Around(production=True, locked_for="alice")
    many = replace(rolled_back(material, material.many), id=13)
    migrations = replace(many, changes=replace(many.changes, migrations_back=("db/migrate",)))
    going = replace(many, state=State.RUNNING, finished_at=None)
    return [
        Scene("Rolling back", card(going, Around(production=True))),
        Scene("Rolled back", card(rolled_back(material), kept)),
        Scene("Rolled back, many changes", card(migrations, kept)),
        Scene("Rolled back, not locked", card(rolled_back(material), Around(production=True))),
    ]
