"""Events and effects survive the way into the database and back, whatever people put into them."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.storage import serialization
from bot.core.effects import Effect, StartRun
from bot.core.errors import Rejected
from bot.core.events import Event
from bot.core.events.external import Place
from bot.core.events.internal import RunFinished
from bot.core.rich_text import Bold, Button, Code, CodeBlock, GroupMention, Link, Mention, Message, Moment
from bot.core.stored import stored, stored_kinds, stored_name

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
SPANS = st.one_of(
    TEXTS,
    st.builds(Bold, TEXTS),
    st.builds(Code, TEXTS),
    st.builds(CodeBlock, TEXTS),
    st.builds(Link, st.none() | TEXTS, TEXTS),
    st.builds(Mention, st.none() | TEXTS, TEXTS),
    st.builds(GroupMention, st.none() | TEXTS, TEXTS),
    st.builds(Moment, MOMENTS),
)
LINES = st.lists(SPANS, max_size=3).map(tuple)
BUTTONS = st.builds(Button, TEXTS, TEXTS, st.sampled_from([None, "primary", "danger"]), st.none() | TEXTS)
MESSAGES = st.builds(
    Message,
    LINES,
    st.lists(LINES, max_size=3).map(tuple),
    st.lists(LINES, max_size=2).map(tuple),
    st.lists(BUTTONS, max_size=2).map(tuple),
)
PLACES = st.builds(Place, TEXTS, st.none() | TEXTS, st.none() | TEXTS, st.none() | TEXTS, st.booleans())
NUMBERS = st.integers(1, 2**53)

EVENTS = [
    "ApiRequested",
    "ApprovalHalfOver",
    "ApproversWanted",
    "BoardChanged",
    "BranchOver",
    "CatchUp",
    "ChannelChanged",
    "ChecksChanged",
    "ChecksMissing",
    "ClaimExpired",
    "CommandGiven",
    "CredentialsRefused",
    "CredentialsTried",
    "DeliveryFailed",
    "DeploymentCreated",
    "DeploymentEnded",
    "DeploymentNotOpened",
    "DeploymentOpened",
    "DeploymentStatusReported",
    "DigestDue",
    "Due",
    "FreezeDeclared",
    "FreezeLifted",
    "FreezeOver",
    "HomeOpened",
    "LinkAwaited",
    "LinkShared",
    "LockExpired",
    "LockReminderDue",
    "MergeCardOver",
    "MergeToDeploy",
    "ModalTurned",
    "NudgeDue",
    "OrphanFound",
    "PreviewDue",
    "PreviewsTold",
    "ProviderCalledBack",
    "PublicationsDue",
    "PublishingAllowed",
    "PublishingRefused",
    "PullRequestChanged",
    "PullRequestClosed",
    "PullRequestDequeued",
    "PullRequestMerged",
    "Reconsider",
    "RepositoryDue",
    "RepositoryRenamed",
    "ReviewChanged",
    "RunBegan",
    "RunFinished",
    "RunHeldUp",
    "RunProgressed",
    "RunWanted",
    "ScheduleDue",
    "ShipmentEnqueued",
    "ShipmentNotMerged",
    "Tick",
    "TurnComesNearer",
    "WebhookGivenUp",
    "WindowsTurn",
    "WorkflowRunChanged",
]
EFFECTS = [
    "Announce",
    "AskForRedelivery",
    "BringHome",
    "ClearRecords",
    "CreateDeployment",
    "DrawComment",
    "DrawMerge",
    "FillModal",
    "LeaveMergeQueue",
    "MarkRelease",
    "MergePullRequest",
    "PostInThread",
    "PostStatus",
    "PublishHome",
    "PublishRelease",
    "React",
    "RenderParent",
    "Reply",
    "SetLabels",
    "ShowLinks",
    "StartRun",
    "TellAsker",
    "TellAuthor",
    "TellDirectly",
    "TellOfPreviews",
    "TellPerson",
    "UpdatePullRequest",
    "WorksAgain",
]
PARTS = {
    "AboutMessage",
    "Bold",
    "Button",
    "Chart",
    "Code",
    "CodeBlock",
    "Fold",
    "GroupMention",
    "Link",
    "Mention",
    "Message",
    "Moment",
    "Place",
    "Series",
    "Step",
    "Table",
}


@cache
def anything_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a field's type, or of a dataclass of such fields."""
    simple = {str: TEXTS, int: NUMBERS, datetime: MOMENTS, bool: st.booleans(), NoneType: st.none()}
    simple |= {Place: PLACES, Message: MESSAGES}
    if hint in simple:
        return simple[hint]
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) in {Union, UnionType}:
        return st.one_of([anything_of(each) for each in get_args(hint)])
    if get_origin(hint) is tuple and get_args(hint)[-1] is not Ellipsis:
        return st.tuples(*map(anything_of, get_args(hint)))
    if get_origin(hint) is tuple:
        # Put off, as an event may hold others of its kind.
        of = get_args(hint)[0]
        return st.lists(st.deferred(lambda: anything_of(of)), max_size=1 if is_dataclass(of) else 3).map(tuple)
    hints = get_type_hints(hint)
    return st.builds(hint, **{field.name: anything_of(hints[field.name]) for field in fields(hint)})


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.data())
@pytest.mark.parametrize("kind", stored_kinds(Effect).values(), ids=stored_name)
def test_an_effect_comes_back_as_it_was(kind: type, data: st.DataObject) -> None:
    effect = data.draw(anything_of(kind))

    text = serialization.effect_to_json(effect)

    assert serialization.effect_from_json(text) == effect


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.data())
@pytest.mark.parametrize("kind", stored_kinds(Event).values(), ids=stored_name)
def test_an_event_comes_back_as_it_was(kind: type, data: st.DataObject) -> None:
    event = data.draw(anything_of(kind))

    body = serialization.event_to_bytes(event)

    assert serialization.event_from_bytes(stored_name(kind), body) == event


def test_stored_names_stay_whatever_their_classes_are_called() -> None:
    """Rows that are there already carry these names. New ones are added here; one that was ever on main stays."""
    assert sorted(stored_kinds(Event)) == EVENTS
    assert sorted(stored_kinds(Effect)) == EFFECTS
    assert set(stored_kinds(object)) - {*EVENTS, *EFFECTS} == PARTS


def test_two_classes_cannot_be_stored_under_one_name() -> None:
    with pytest.raises(ValueError, match=r"^Tick is the stored name of .* already\.$"):

        @stored("Tick")
        class Tock:
            pass


def test_an_event_that_this_version_does_not_know_is_rejected_with_a_sentence() -> None:
    with pytest.raises(Rejected, match=r"^There is no event called Sunrise\.$"):
        serialization.event_from_bytes("Sunrise", b"{}")


def test_an_event_that_lacks_a_field_is_rejected_with_a_sentence() -> None:
    with pytest.raises(Rejected, match=r"^The stored RunBegan cannot be read: .*deployment_id"):
        serialization.event_from_bytes("RunBegan", b"{}")


def test_an_event_with_a_word_that_nobody_knows_is_rejected() -> None:
    body = b'{"deployment_id": 1, "outcome": "splendid", "description": ""}'

    with pytest.raises(Rejected, match=r"^The stored RunFinished cannot be read: "):
        serialization.event_from_bytes("RunFinished", body)


def test_a_field_that_a_newer_version_added_is_passed_over() -> None:
    body = b'{"deployment_id": 1, "outcome": "failed", "description": "exit code 3", "mood": "bad"}'

    event = serialization.event_from_bytes("RunFinished", body)

    assert event == RunFinished(1, "failed", "exit code 3")


def test_a_stored_effect_may_have_fields_of_a_newer_version() -> None:
    text = '{"$": "StartRun", "deployment_id": 7, "priority": "high"}'

    effect = serialization.effect_from_json(text)

    assert effect == StartRun(7)
