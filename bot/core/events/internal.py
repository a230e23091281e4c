"""What can happen: the events that the bot makes itself.

One frozen dataclass each, holding only what the bot uses of it; handlers subscribe to them by type. What comes from
outside is in ``arrivals``. All times are aware and in UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from bot.core.deployments.model import Actor
from bot.core.deployments.steps import Progress
from bot.core.events import Event, LookAgain
from bot.core.events.external import PullRequestMerged
from bot.core.stored import stored


@stored("MergeCardOver")
class MergeCardOver(Event):
    """All that the card of an app shows is live: the next merge has a card of its own."""

    app: str
    sha: str


@stored("MergeToDeploy")
class MergeToDeploy(Event):
    """A merged pull request that one environment asks for."""

    app: str
    environment: str
    merged: PullRequestMerged


@stored("ShipmentEnqueued")
class ShipmentEnqueued(Event):
    """A shipment's pull request stands in GitHub's merge queue now."""

    deployment_id: int


@stored("ShipmentNotMerged")
class ShipmentNotMerged(Event):
    """GitHub would not bring a shipment's pull request on, or whoever asked for it may not; ``reason`` is for people.

    ``why`` is that of ``bot.core.ports.merging.NotMerged``.
    """

    deployment_id: int
    reason: str
    why: Literal["moved", "queue", "for_good", "not_yet"]


@stored("CatchUp")
class CatchUp(Event):
    """Time to ask what happened in the repository while nobody listened."""

    repository: str


@stored("RepositoryDue")
class RepositoryDue(Event):
    """Time to ask what the repository is called now."""

    repository: str


@stored("RepositoryRenamed")
class RepositoryRenamed(Event):
    """What the settings call ``name`` in the tables of ``apps`` is ``called`` otherwise now.

    ``called`` is empty where it is not to be found, and another repository has its name.
    """

    name: str
    called: str
    apps: tuple[str, ...]


@stored("CredentialsRefused")
class CredentialsRefused(Event):
    """Credentials of the bot's own are refused, for the ``number``-th time: see ``bot.core.outages.model.Outage``.

    ``reason`` and ``mend`` are sentences for admins.
    """

    service: str
    owner: str
    number: int
    reason: str
    mend: str


@stored("CredentialsTried")
class CredentialsTried(Event):
    """Time to see whether refused credentials are accepted again."""

    service: str
    owner: str


@stored("DeliveryFailed")
class DeliveryFailed(Event):
    """A webhook did not reach the bot: see ``bot.core.ports.backfill.FailedDelivery``."""

    id: int
    guid: str
    repository: str | None
    hook: int | None


@stored("Due")
class Due(Event):
    """A waiting deployment's moment has come."""

    deployment_id: int
    due_at: datetime


@stored("Reconsider")
class Reconsider(LookAgain):
    """Something that the waiting deployment waits for may have changed: decide on it again with fresh facts."""

    deployment_id: int


@stored("ChecksMissing")
class ChecksMissing(Event):
    """A waiting deployment's commit should have had these checks long ago, and nothing is on its way.

    ``meant`` are names that others of its checks have, and that may have been meant.
    """

    deployment_id: int
    names: tuple[str, ...]
    meant: tuple[str, ...] = ()


@stored("DeploymentOpened")
class DeploymentOpened(Event):
    """Our own deployment now exists on GitHub as ``remote_id``."""

    deployment_id: int
    remote_id: int


@stored("DeploymentNotOpened")
class DeploymentNotOpened(Event):
    """GitHub would not create our deployment; ``reason`` is a sentence for people.

    ``merged_sha`` is set where GitHub merged the default branch into the ref instead of deploying (202).
    """

    deployment_id: int
    reason: str
    merged_sha: str | None = None


@stored("RunWanted")
class RunWanted(Event):
    """A provider of ours is to carry the deployment out: for the engine itself, no feature answers it."""

    deployment_id: int


@stored("RunBegan")
class RunBegan(Event):
    """A provider of ours has begun to carry the deployment out."""

    deployment_id: int


@stored("RunHeldUp")
class RunHeldUp(Event):
    """A provider of ours cannot begin as the bot's own credentials are refused, or could not be asked to for a while.

    It is ``wanted`` where it is to be asked now.
    """

    deployment_id: int
    wanted: bool = False


@stored("RunProgressed")
class RunProgressed(Event):
    """A provider of ours told how far it has got; what it told before ``at`` is outdated by that."""

    deployment_id: int
    at: datetime
    progress: Progress


@stored("ProviderCalledBack")
class ProviderCalledBack(Event):
    """Whoever carries the deployment out for a provider of ours has told how it goes on: see ``hooks.callback``."""

    deployment_id: int
    at: datetime
    state: str
    description: str = ""
    environment_url: str | None = None
    log_url: str | None = None


@stored("RunFinished")
class RunFinished(Event):
    """A provider of ours has carried the deployment out, or failed to.

    ``progress`` is its last word of how far it got, which may be taken up after this. It is
    ``given_up`` where its end may still be told: see ``bot.core.ports.provider.Outcome``.
    """

    deployment_id: int
    outcome: Literal["succeeded", "failed", "error", "timed_out", "cancelled"]
    description: str
    environment_url: str | None = None
    log_url: str | None = None
    progress: Progress | None = None
    given_up: bool = False


@stored("LinkAwaited")
class LinkAwaited(Event):
    """It is time to ask GitHub whether the person has signed in; ``attempt`` is that of the ``link`` they said."""

    chat_id: str
    attempt: str


@stored("ClaimExpired")
class ClaimExpired(Event):
    """Nobody has answered the claim of a person to a login in time; it is another claim where the moment differs."""

    chat_id: str
    expires_at: datetime


@stored("LockReminderDue")
class LockReminderDue(Event):
    """Whoever has the lock is to be asked whether they still need it."""

    app: str
    environment: str


@stored("LockExpired")
class LockExpired(Event):
    """The lock's time is over."""

    app: str
    environment: str


@stored("BranchOver")
class BranchOver(Event):
    """A pull request is merged or closed for which the environment is locked."""

    app: str
    environment: str
    pull_request: int
    head_ref: str
    merged: bool


@stored("DeploymentEnded")
class DeploymentEnded(Event):
    """A deployment has come to its end, whichever it is: what comes after it may be thought of."""

    deployment_id: int


@stored("PublicationsDue")
class PublicationsDue(Event):
    """Something about pull requests is still to be written on the forge, and there may be room for it now."""


@stored("PublishingRefused")
class PublishingRefused(Event):
    """The forge does not let the bot write ``what`` in the repository, for this ``reason``."""

    repository: str
    what: Literal["comment", "label", "release", "preview"]
    reason: str


@stored("PublishingAllowed")
class PublishingAllowed(Event):
    """The bot may write ``what`` in the repository again."""

    repository: str
    what: Literal["comment", "label", "release", "preview"]


@stored("WebhookGivenUp")
class WebhookGivenUp(Event):
    """``count`` events were given up that the receiver of this ``name`` did not take; ``gone``: it wants none."""

    name: str
    count: int
    reason: str
    gone: bool


@stored("TurnComesNearer")
class TurnComesNearer(Event):
    """A minute has passed for one that waits for its turn: how long that still takes has changed."""

    deployment_id: int


@stored("PreviewDue")
class PreviewDue(Event):
    """Something has changed that the preview of a pull request may depend on; ``template`` is its environment."""

    app: str
    template: str
    number: int


@stored("PreviewsTold")
class PreviewsTold(Event):
    """The comment that tells of a pull request's previews is there, with this ``text``, by its ``fingerprint``."""

    repository: str
    number: int
    comment: int
    text: str


@stored("ApprovalHalfOver")
class ApprovalHalfOver(Event):
    """Half of the time is over in which a deployment may be approved, unless it has been since."""

    deployment_id: int


@stored("ApproversWanted")
class ApproversWanted(Event):
    """A deployment still waits for approvals: those who may give them are written to, this once."""

    deployment_id: int


@stored("BoardChanged")
class BoardChanged(Event):
    """Something is not as those see it who look at the board."""


@stored("FreezeDeclared")
class FreezeDeclared(Event):
    """A person closes an environment, one of several at a time; ``until`` is None for a freeze without an end."""

    app: str
    environment: str
    by: Actor
    reason: str
    declared_at: datetime
    until: datetime | None


@stored("FreezeLifted")
class FreezeLifted(Event):
    """A person ends a freeze before its time, one of several at once."""

    app: str
    environment: str
    freeze_id: int


@stored("FreezeOver")
class FreezeOver(Event):
    """A freeze's time is over; it stays where its end has been moved since."""

    app: str
    environment: str
    freeze_id: int
    until: datetime


@stored("WindowsTurn")
class WindowsTurn(Event):
    """The windows of an environment may have opened or closed it, or may not be what they were."""

    app: str
    environment: str


@stored("OrphanFound")
class OrphanFound(Event):
    """Something that nobody was told of is left in a place that the settings no longer name."""

    app: str
    environment: str


@stored("ScheduleDue")
class ScheduleDue(Event):
    """The moment of a scheduled deployment has come; it is another one where it has been moved since."""

    entry_id: int
    at: datetime


@stored("DigestDue")
class DigestDue(Event):
    """The moment has come in which a channel is told what happened in its apps; too late, it is left out."""

    channel: str
    at: datetime


@stored("NudgeDue")
class NudgeDue(Event):
    """Time to look whether something of an app waits to be deployed, and to say so."""

    app: str
