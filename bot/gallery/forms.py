"""Forms: what each of them shows and asks, before and after something was chosen in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.adapters.slack.blocks.modal import ASKED, DEPLOY, modal
from bot.adapters.slack.blocks.sections import Block
from bot.core.deployments.card_buttons import rollback_question
from bot.core.deployments.model import State
from bot.core.grammar.commands import Deploy, Reject, Rollback, TakeLock, TakeOver
from bot.core.grammar.offers import written
from bot.core.modals import messages
from bot.core.modals.messages import Preview
from bot.core.modals.model import APP, AT, FORCE, OTHER, TO, WHAT, WHEN, WHY, Filled, Modal, Option, tick_of
from bot.core.rich_text import Code, Line
from bot.gallery.material import Material, sha

ZONE = "Europe/Berlin"


@dataclass(frozen=True, slots=True)
class FormScene:
    """``note`` says when it is opened, ``errors`` what is said at its fields; ``asked`` where it is about a command."""

    name: str
    modal: Modal
    note: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    asked: bool = False

    @property
    def view(self) -> Block:
        """As it is sent."""
        return modal(self.modal, ASKED if self.asked else DEPLOY, "")


def forms(material: Material | None = None) -> list[FormScene]:
    """All forms with the usual content, or with ``material``."""
    made = material or Material()
    return [*_asked(made), *_forced(made), *_deploys(made), *_opened_for_messages(made)]


def _asked(material: Material) -> list[FormScene]:
    waits = material.deployment(State.WAITING, approvals_missing=1)
    live = material.deployment(State.SUCCEEDED, changes=material.changes(*material.shipped(2)))
    back = Rollback("shop", "production", sha("f79c8cc"))
    said: Sequence[tuple[str, str, str | None, Line]] = (
        ("Reject", "Reject… on a card", written(Reject(12)), messages.rejects(waits)),
        ("Roll back", "Roll back to … on a card", written(back), (rollback_question(live, sha("f79c8cc")),)),
        ("Take over", "Take over…", written(TakeOver("production", "search")), messages.takes_over(material.lock())),
        ("Lock", "Lock production… behind ⋯", written(TakeLock("production", "shop")), ()),
    )
    drawn = [(name, note, messages.form(text or "", (line,) if line else ())) for name, note, text, line in said]
    found = [FormScene(name, shown, note, asked=True) for name, note, shown in drawn if shown is not None]
    blank = [
        FormScene("Take over, without a reason", one.modal, "sent off with blanks", {WHY: messages.MUST_SAY_WHY}, True)
        for one in found
        if one.name == "Take over"
    ]
    return [*found, *blank]


def _forced(material: Material) -> list[FormScene]:
    text = written(Deploy("shop", "main", "production", force=True)) or ""
    failed: Line = ("Checks failed: ", Code(material.text("e2e")))
    unreviewed: Line = ("Nobody has reviewed it",)
    past = messages.goes_past("main@ada7c2c to shop → production", [failed, unreviewed])
    free = messages.goes_past("main@ada7c2c to shop → production", [])
    held: Line = (f"Locked by {material.text('alice')}",)
    shown = (
        ("Deploy by force", "where a reason is needed", messages.form(text, (past,))),
        ("Deploy by force, without a need to say why", "", messages.form(text, (past,), explained=False)),
        ("Deploy by force: nothing stops it", "", messages.form(text, (free,))),
        ("Deploy by force: a lock", "no force passes it", messages.form(text, (past,), alert=held)),
    )
    return [FormScene(name, form, note, asked=True) for name, note, form in shown if form is not None]


def _chosen(material: Material, *more: tuple[str, str]) -> Filled:
    return ((APP, "shop"), (TO, "production"), (WHAT, material.ref("faster-checkout")), *more)


def _deploy(chosen: Filled, preview: Preview, remark: Line = ()) -> Modal:
    places = (
        Option("staging", "staging", "main@ada7c2c is live"),
        Option("production", "production", "main@f79c8cc is live, 7 behind main"),
    )
    return messages.deploy(["shop", "search", "billing"], places, chosen, preview, remark=remark, zone=ZONE)


def _deploys(material: Material) -> list[FormScene]:
    ships = Preview("Ask for approval", (), (f"Ships #8 {material.text('Less logging')} · usually 4 min",))
    stopped = Preview("Deploy", (f"Checks failed: {material.text('e2e')}",), ("Deploys main@ada7c2c",), forcible=True)
    past = Preview(messages.ALL_THE_SAME, (), messages.past([("Checks failed: ", Code("e2e"))]), forcible=True)
    later = Preview("Schedule", note=("Checks and locks are looked at then.",))
    ticked = _chosen(material, (FORCE, tick_of(dict(_chosen(material)))))
    moment = _deploy(_chosen(material, (WHEN, OTHER)), later)
    over, pigs = (messages.moment_not_read(material.text(one), over=one != "pigs") for one in ("yesterday", "pigs"))
    return [
        FormScene("Deploy, at first", messages.opening(), "until it is known what there is"),
        FormScene("Deploy: nothing to choose", messages.nothing_to_deploy()),
        FormScene("Deploy", _deploy(_chosen(material), ships)),
        FormScene("Deploy: something stops it", _deploy(_chosen(material), stopped)),
        FormScene("Deploy: by force", _deploy(ticked, past)),
        FormScene("Deploy: another moment", moment),
        FormScene("Deploy: a moment that is over", moment, errors={AT: over}),
        FormScene("Deploy: no moment", moment, errors={AT: pigs}),
        FormScene("Deploy: no moment at all", moment, errors={AT: messages.SAY_WHEN}),
        FormScene("Deploy: a ref that is no word", _deploy(_chosen(material), ships), errors=_UNWRITABLE),
    ]


_UNWRITABLE = {WHAT: messages.UNWRITABLE}


def _opened_for_messages(material: Material) -> list[FormScene]:
    """“Deploy this” in the menu of a message."""
    known = {"acme/shop": ["shop"], "acme/search": ["search", "search-jobs"]}
    remarks = (
        ("nothing", messages.names_nothing()),
        ("several", messages.names_several(material.ref("faster-checkout"))),
        ("another repository", messages.of_another_repository("acme/wordpress", known)),
        ("a name without end", messages.too_long_to_choose(material.ref("faster-checkout"))),
    )
    ships, note = Preview("Deploy", (), ("Deploys main@ada7c2c",)), "Deploy this"
    bare = ((APP, "shop"), (TO, "production"))
    drawn = {name: _deploy(_chosen(material) if name == "several" else bare, ships, line) for name, line in remarks}
    return [FormScene(f"Deploy this: {name}", shown, note) for name, shown in drawn.items()]
