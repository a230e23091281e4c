"""The tables of settings.toml as frozen models; the description of a field is its line in docs/settings.md."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from bot.core.names import branch_matches
from bot.core.previews import model as previews
from bot.core.repositories.model import KnownRepository
from bot.core.shipments.model import MergeMethod
from bot.providers import load
from bot.settings.fields import (
    Channel,
    Channels,
    CheckNames,
    Count,
    Cron,
    Dashboards,
    Duration,
    Flag,
    Label,
    Name,
    Names,
    Occasion,
    Occasions,
    Parties,
    PathPatterns,
    Pause,
    Positive,
    PreviewOccasion,
    Ref,
    Refs,
    Repository,
    RequiredChecks,
    Runbook,
    Timezone,
    TrustedBots,
    Url,
    label_for,
)
from bot.settings.placeholders import filled_in
from bot.settings.stages import HealthSettings, Steps
from bot.settings.table import Table as Table

PRODUCTION_NAMES = frozenset({"production", "prod", "prd", "live"})


LEAST_KEPT = timedelta(days=3)
"""GitHub redelivers for three days: what comes again within them must be recognised."""


class BotSettings(Table):
    """``[bot]``"""

    name: Name = Field(default="shipmate", description="The name the bot answers to, beside its Slack mention.")
    timezone: Timezone = Field(
        default="UTC", description="The time zone of times given without one; a Slack user's own zone wins in commands."
    )
    admins: Parties = Field(
        default=(),
        description="Who may always deploy, and release anybody's lock: Slack ids, @handles of user groups, GitHub "
        "logins, GitHub teams.",
        examples=[["U012AB3CD", "@oncall", "acme/ops"]],
    )
    schedule_grace: Duration = Field(
        default=timedelta(minutes=5),
        description="How late a scheduled deployment may still start; one that was missed by more is told instead.",
    )
    retention: Duration = Field(
        default=timedelta(days=14),
        description="How long the record of handled webhooks, messages and engine workflows is kept, and the output "
        "of deployments, three days at least; deployments and the audit stay, and the output of what is live.",
    )

    @property
    def kept_for(self) -> timedelta:
        """``retention``, as far as it can be had."""
        return max(self.retention, LEAST_KEPT)


class SlackSettings(Table):
    """``[slack]``"""

    channel: Channel | None = Field(
        default=None, description="Where apps that name no channel of their own are announced.", examples=["#deploys"]
    )
    trusted_bots: TrustedBots = Field(
        default=(),
        description="Bots and workflows that may give commands, by their ids. Each acts as itself: it may do what "
        "`deployers`, `approvers` or `admins` let its id do.",
        examples=[["B012AB3CD"]],
    )


DISPATCHING = "github_actions"
"""The provider that dispatches a workflow."""


class ProviderSettings(BaseModel):
    """Who carries deployments out: a module in ``bot/providers`` by its name, and an instance of its Settings."""

    model_config = ConfigDict(frozen=True)

    type: str = "external"
    settings: Any = None

    @property
    def carries_out(self) -> bool:
        """False where another tool does the work."""
        return load(self.type).carries_out

    @property
    def removes_previews(self) -> bool:
        """Whether it can take away what it has deployed for a pull request, and is told so by the task ``remove``."""
        said = getattr(load(self.type), "removes_previews", False)
        return bool(said(self.settings) if callable(said) else said)


class WindowSettings(Table):
    """One entry of ``windows``: a time in which deployments are denied, or outside of which they are."""

    deny: Cron | None = Field(
        default=None, description="When a closed time begins, as a cron line of five fields.", examples=["0 17 * * 5"]
    )
    allow: Cron | None = Field(
        default=None,
        description="When an open time begins; outside of all open times deployments wait.",
        examples=["0 9 * * mon-fri"],
    )
    length: Duration = Field(alias="for", description="How long it lasts.", examples=["64h"])
    timezone: Timezone = Field(
        default="UTC", description="The time zone of the cron line; default: the bot's.", examples=["Europe/Berlin"]
    )

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.deny is None) == (self.allow is None):
            raise ValueError("must have either `deny` or `allow`")
        return self


FEW: tuple[Occasion, ...] = ("failure",)
QUIET: tuple[Occasion, ...] = ("failure", "hung")
LOUD: tuple[Occasion, ...] = ("success", "failure", "rollback", "hung")
"""What is also sent to the channel by default: where people outside see what happens, more."""


class PreviewSettings(Table):
    """``[apps.<app>.environments.<environment>.preview]``"""

    on: PreviewOccasion = Field(
        default="opened",
        description='Which pull requests have one: "opened" for all that are no drafts, "label:preview" for those with '
        "the label `preview`. Those from forks only where somebody asks for it by a command.",
        examples=["label:preview"],
    )
    max: Positive = Field(
        default=10, description="How many may be in use at a time; what is wanted beyond waits in line."
    )
    max_age: Duration = Field(
        default=timedelta(days=7), description="How long one stays in which nothing was deployed any more."
    )


class EnvironmentSettings(Table):
    """``[apps.<app>.environments.<environment>]``"""

    COMPUTED: ClassVar[frozenset[str]] = frozenset({"name", "channel", "pull_request"})

    name: str
    channel: str = ""
    pull_request: int | None = None
    aliases: Names = Field(
        default=(), description="Other names of the environment, beside the built-in ones.", examples=[["qa"]]
    )
    ref: Ref | None = Field(
        default=None,
        description="What is deployed here where a command names no ref; default: the app's `default_ref`.",
    )
    deploy_on_merge: Refs = Field(
        default=(),
        description="Branches: a pull request merged into one of them is deployed here. `*` stands for anything but a "
        "slash, `**` for anything.",
        examples=[["main", "release/*"]],
    )
    promote_to: str | None = Field(
        default=None, description="The environment that comes after a success here.", examples=["production"]
    )
    promote: Literal["ask", "auto"] = Field(
        default="ask", description='How it comes after: "ask" offers a button, "auto" goes on by itself.'
    )
    promote_after: Duration | None = Field(
        default=None,
        description='How long it must have been here before it goes on by itself, where `promote = "auto"`.',
        examples=["30m"],
    )
    url: Url | None = Field(
        default=None,
        description="The address of the environment, shown with its deployments.",
        examples=["https://example.com"],
    )
    production: Flag = Field(
        default_factory=lambda given: str(given.get("name", "")).lower() in PRODUCTION_NAMES,
        description="Whether people outside use it; default: true for one called production, prod, prd or live.",
    )
    transient: Flag = Field(default=False, description="Whether it will be gone one day, such as a review app.")
    preview: PreviewSettings | None = Field(
        default=None,
        description="Makes one of it for each pull request, called `preview-12` where this is `preview`: see "
        "docs/previews.md. Needs `transient = true`.",
        examples=[{"on": "opened", "max": 10}],
    )
    provider: ProviderSettings = Field(
        default=ProviderSettings(),
        description="Who carries deployments out; what is not said here comes from the app's `provider`.",
        examples=[{"type": "shell", "command": ["bin/deploy"]}],
    )
    required_checks: RequiredChecks = Field(
        default_factory=lambda given: "none" if given.get("preview") else "all",
        description='Checks of the commit that must be green: "all" that are reported or will be, "none", or a list of '
        'names, in which `*` stands for anything and `?` for one character; default: "all", of previews "none".',
    )
    ignored_checks: CheckNames = Field(
        default=(),
        description="Checks that are not looked at, by name, with `*` and `?` as in `required_checks`.",
        examples=[["codecov/*"]],
    )
    checks_settle: Pause = Field(
        default=timedelta(seconds=15),
        description="How long nothing new may have been reported before a merge, or what waits for green checks, "
        'believes that these are all; "0s" believes it at once.',
    )
    checks_missing_after: Duration = Field(
        default=timedelta(minutes=10),
        description="How long a check that never comes is waited for in silence; then the bot says so, with a way on.",
    )
    required_reviews: Count = Field(default=0, description="Approving reviews that the commit's pull request needs.")
    up_to_date: Flag = Field(default=False, description="Whether the commit must contain the whole default branch.")
    after: str | None = Field(
        default=None,
        description="The environment in which the commit must have succeeded before.",
        examples=["staging"],
    )
    deployers: Parties = Field(
        default=(),
        description="Who may deploy here: Slack ids, @handles of user groups, GitHub logins (`name[bot]` for apps) and "
        "teams; empty: everybody with write permission on the repository.",
        examples=[["acme/devs"]],
    )
    approvals: Count = Field(default=0, description="How many other people must approve a deployment before it starts.")
    approvers: Parties = Field(
        default=(), description="Who may approve; empty: everybody who may deploy here.", examples=[["acme/leads"]]
    )
    self_approval: Flag = Field(default=False, description="Whether the approval of the person who asked counts.")
    approval_timeout: Duration = Field(
        default=timedelta(hours=1), description="How long a deployment waits for approvals before it expires."
    )
    timeout: Duration = Field(
        default=timedelta(minutes=15), description="How long a deployment may run before it is stopped."
    )
    force_needs_reason: Flag = Field(default=False, description="Whether a forced deployment must say why.")
    windows: tuple[WindowSettings, ...] = Field(
        default=(),
        description="Times in which nothing is deployed here, or the only ones in which something is.",
        examples=[[{"deny": "0 17 * * 5", "for": "64h", "timezone": "Europe/Berlin"}]],
    )
    notify: Occasions = Field(
        default_factory=lambda given: LOUD if given.get("production") else FEW if given.get("preview") else QUIET,
        description='What is also sent to the channel: "success", "failure", "cancellation", "rollback", "hung", or '
        '"all" for every status change; default: "failure" and "hung", in production also "success" and "rollback", '
        'of previews "failure".',
        examples=[["failure", "hung"]],
    )
    verbosity: Literal["quiet", "normal", "full"] = Field(
        default="normal",
        description='How much is said in the thread: "normal" has three replies at most, "full" one for each status '
        'change, "quiet" none but failures.',
    )
    channels: Channels = Field(
        default=(), description="Further channels that get the card of each deployment.", examples=[["#releases"]]
    )
    before_deploy: Steps = Field(
        default=(),
        description="Commands that run one after another before the provider begins.",
        examples=[[{"name": "Migrate", "command": ["bin/migrate"]}]],
    )
    after_deploy: Steps = Field(
        default=(),
        description="Commands that run one after another when the provider has succeeded.",
        examples=[[{"name": "Purge the cache", "command": ["bin/purge"], "allow_failure": True}]],
    )
    health: HealthSettings | None = Field(
        default=None,
        description="What must answer, and for how long, before a success counts.",
        examples=[{"url": "https://web.example.com/up", "for": "60s"}],
    )
    rollback_on_failure: Flag = Field(
        default=False,
        description="Whether a deployment that fails is rolled back by itself, to what was live before, a minute after "
        "that was announced.",
    )
    runbook: Runbook = Field(
        default=(),
        description="What is to be done when a deployment fails, shown there: an address, or a list of steps.",
        examples=["https://example.com/runbook"],
    )
    dashboards: Dashboards = Field(
        default={},
        description="Where to look at what is live here, by name: three links on its card.",
        examples=[{"Grafana": "https://grafana.example.com/d/web", "Sentry": "https://sentry.example.com/web"}],
    )
    migration_paths: PathPatterns = Field(
        default=(),
        description="Files whose change is pointed out with what ships, and with what a rollback takes back: `*` "
        "stands for anything but a slash, `**` for anything, `?` for one character, and `!` in front takes out again "
        "what those before have. A path without any of them is a file, or all that is in a directory.",
        examples=[["db/migrate/**"]],
    )
    lock_reminder: Duration = Field(
        default=timedelta(hours=3), description="How often the owner of a lock is reminded of it."
    )
    auto_inactive: Flag = Field(
        default=True, description="Whether a success makes the environment's earlier deployments inactive on GitHub."
    )

    def deploys_merges_into(self, branch: str) -> bool:
        """Whether what is merged into the branch is deployed here."""
        return any(branch_matches(pattern, branch) for pattern in self.deploy_on_merge)

    def of_pull_request(self, number: int) -> EnvironmentSettings:
        """The preview of one pull request; ``{number}`` in its texts (addresses, what its provider needs) is that."""
        name = previews.name_of(self.name, number)
        own = {"name": name, "pull_request": number, "aliases": (), "ref": f"#{number}"}
        return self.model_copy(update={**filled_in(self, number), **own})


class GitHubSettings(Table):
    """``[apps.<app>.github]``"""

    comment: Flag = Field(
        default=False,
        description="Whether each deployed pull request has a comment that tells where it is live, since when and by "
        "whom.",
    )
    label: Label | None = Field(
        default=None,
        description="A label that each deployed pull request has as long as it is live: `{environment}` and `{app}` "
        "stand for the names of both. 50 characters at most.",
        examples=["deployed: {environment}"],
    )
    release: Flag = Field(
        default=False,
        description="Whether each deployment to production makes a release, with the notes that GitHub generates.",
    )

    def label_of(self, app: str, environment: str) -> str | None:
        return label_for(self.label, app, environment) if self.label is not None else None


class AppSettings(Table):
    """``[apps.<app>]``"""

    COMPUTED: ClassVar[frozenset[str]] = frozenset({"name", "previews"})

    name: str
    previews: dict[str, EnvironmentSettings] = Field(default_factory=dict)
    repository: Repository = Field(
        description="The GitHub repository, as owner/name; several apps may share one.", examples=["acme/web"]
    )
    channel: Channel = Field(
        description="Where its deployments are announced and commands mean this app; default: `slack.channel`.",
        examples=["#web"],
    )
    allowed_channels: Channels = Field(
        default=(),
        description="The only channels in which it may be deployed; empty: anywhere the bot is.",
        examples=[["#web"]],
    )
    default_environment: str | None = Field(
        default=None, description="Where `deploy` goes when it names no environment.", examples=["production"]
    )
    default_ref: Ref | None = Field(
        default=None, description="What `deploy` takes when it names no ref; default: the repository's default branch."
    )
    provider: ProviderSettings | None = Field(
        default=None,
        description="Who carries deployments out; environments inherit it and override it key by key. "
        'Without one it is `{ type = "external" }`.',
        examples=[{"type": "external"}],
    )
    auto_merge: Flag = Field(
        default=False, description="Whether GitHub may merge the default branch into a ref that is behind it."
    )
    merge_method: MergeMethod | None = Field(
        default=None,
        description='How `ship` merges pull requests: "merge", "squash" or "rebase"; default: the first of these that '
        "the repository allows. A merge queue has a method of its own.",
        examples=["squash"],
    )
    foreign_deployments: Literal["carry_out", "follow"] = Field(
        default="follow",
        description='What happens to deployments that other tools create: "follow" announces them, "carry_out" '
        "runs the provider as well.",
    )
    tasks: Names = Field(
        default=(),
        description="The tasks that may run beside `deploy`, as in `deploy:migrate`; they pass the same gates, and "
        "count for no rollback, status or history. Empty: any.",
        examples=[["migrate"]],
    )
    digest: Cron | None = Field(
        default=None,
        description="When the channel is told what was deployed since the last time, and what waits; the first time "
        "of a week with the figures of the week before: a cron line, in the bot's time zone.",
        examples=["0 9 * * mon-fri"],
    )
    nudge_after: Duration | None = Field(
        default=None,
        description="How long merged work may wait for production before the channel is reminded of it, on working "
        "days from nine to five.",
        examples=["24h"],
    )
    github: GitHubSettings = Field(
        default=GitHubSettings(),
        description="What is written on GitHub about what was deployed; nothing by default.",
        examples=[{"comment": True}],
    )
    environments: dict[str, EnvironmentSettings] = Field(
        description="The environments that stay, by name, a table each; one at least."
    )

    _written: str | None = PrivateAttr(None)

    def environment(self, name: str) -> EnvironmentSettings | None:
        """The environment of this name: one that stays, or the preview of a pull request. None where there is none."""
        if name in self.environments:
            return self.environments[name]
        found = previews.split(name)
        template = self.previews.get(found[0]) if found else None
        return template.of_pull_request(found[1]) if template is not None and found else None

    def table_of(self, environment: str) -> str:
        """The name of the table that the environment stands in: that of all previews for one of them."""
        if environment in self.environments:
            return environment
        found = previews.split(environment)
        return found[0] if found and found[0] in self.previews else environment

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """Those that stay, by the names of the app and of the environment."""
        return tuple((self.name, name) for name in self.environments)

    @property
    def all_environments(self) -> dict[str, EnvironmentSettings]:
        """As they stand in the file: those that stay, and those of which each pull request has its own."""
        return {**self.environments, **self.previews}

    @property
    def productions(self) -> list[EnvironmentSettings]:
        """The environments that people outside use; where there are none, those in which promotions end, or the only
        one. None of those that will be gone one day."""
        lasting = [one for one in self.environments.values() if not one.transient]
        reached = {one.promote_to for one in lasting}
        ends = [one for one in lasting if one.name in reached and one.promote_to is None]
        return [one for one in lasting if one.production] or ends or (lasting if len(lasting) == 1 else [])

    @property
    def written(self) -> str:
        """What the settings call the repository, where ``repository`` is what it is called now."""
        return self._written or self.repository

    def as_called(self, known: KnownRepository | None) -> Self:
        """With what its repository is called now, so far as it is known and still meant."""
        meant = known is not None and known.is_meant_by(self.written)
        name = known.spelled(self.written) if known is not None and meant else self.written
        if name == self.repository:
            return self
        renamed = self.model_copy(update={"repository": name})
        renamed._written = self.written
        return renamed

    def allowed_in(self, channel: Collection[str]) -> bool:
        """Whether commands for this app are taken in the channel that goes by these names (its name, its id)."""
        return not self.allowed_channels or any(same_channel(one, channel) for one in self.allowed_channels)


def same_channel(configured: str, channel: Collection[str]) -> bool:
    """Whether ``configured`` (``#web``, ``web`` or an id) is the channel that goes by the names ``channel``.

    Case counts: Slack's names have no capitals and its ids nothing else, so that no channel is named like another's id.
    """
    return configured.removeprefix("#") in {name.removeprefix("#") for name in channel}
