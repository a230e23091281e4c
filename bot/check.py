"""What ``python -m bot check`` tells: how the bot is set up, what is wrong with that, and how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TextIO

from bot import __version__, exposure
from bot.core.errors import ShipmateError
from bot.core.names import listed
from bot.core.outgoing_webhooks import messages as webhook_messages
from bot.core.outgoing_webhooks.model import Standing
from bot.core.ports.chat import Finding
from bot.core.ports.forge_types import Repository
from bot.core.ports.merging import Merging
from bot.core.ports.publishing import Publishing
from bot.core.ports.workflows import Workflows
from bot.core.publications.messages import NEEDED, NOT_DONE
from bot.core.publications.refusals import Refusal
from bot.core.repositories.messages import tables
from bot.core.repositories.model import KnownRepository, same_name
from bot.exposure import HeadCounts, outsiders
from bot.providers import load as load_provider
from bot.providers.shell import runs_as
from bot.settings import AppSettings, EnvironmentSettings, Secrets, Settings, SettingsProblems, masked, secrets_in
from bot.settings.models import Table
from bot.settings.planned import PLANNED
from bot.settings.required import requirements, unsigned
from bot.settings.webhooks import WebhookSettings

if TYPE_CHECKING:
    from bot.gallery.validation import Validator

PUBLIC_GITHUB = "https://api.github.com"
EXAMPLE_OWNER = "acme/"
SHORTEST_KEY = 32


class DoctorOfNames(Protocol):
    """Slack, which is given channels."""

    def doctor(self, names: Sequence[str], /) -> Sequence[Finding]: ...


class DoctorOfRepositories(Protocol):
    """GitHub, which is told where the bot is reached, too."""

    def doctor(self, repositories: Sequence[str], base_url: str | None, /) -> Sequence[Finding]: ...


class DoctorOfItself(Protocol):
    """The database."""

    def doctor(self) -> Sequence[Finding]: ...


@dataclass(frozen=True, slots=True)
class Doctors:
    """Who is asked; None where the credentials to ask are missing, which is a finding already.

    ``names`` tells what a repository is called now, ``known`` which ones the bot knows, ``merging`` in which ways
    they merge, ``workflows`` which of these there are, ``publishing`` what may be written there, and ``refused`` what
    was not; ``messages`` is who takes them, ``webhooks`` how those stand who are told of deployments.
    """

    github: DoctorOfRepositories | None = None
    slack: DoctorOfNames | None = None
    store: DoctorOfItself | None = None
    orphans: DoctorOfItself | None = None
    counts: HeadCounts | None = None
    names: Callable[[str], Repository] | None = None
    merging: Merging | None = None
    publishing: Publishing | None = None
    refused: Callable[[], Sequence[Refusal]] = tuple
    workflows: Workflows | None = None
    known: Callable[[], Sequence[KnownRepository]] = tuple
    messages: Validator | None = None
    webhooks: Callable[[], Sequence[Standing]] = tuple


def check(
    load: Callable[[], Settings], doctors: Callable[[Settings], Doctors], out: TextIO, *, gallery: bool = False
) -> int:
    """Write everything to ``out``; the exit code is 0 if all is well, 1 if anything is to be mended.

    With ``gallery`` Slack is asked of every message whether it would take it.
    """
    try:
        settings = load()
    except SettingsProblems as error:
        found = [Finding(good=False, what=problem) for problem in error.problems]
        return _written([], found, out)
    refused: list[Finding] = []
    asked = Doctors()
    try:
        asked = doctors(settings)
    except Exception as error:  # noqa: BLE001 - whatever an adapter cannot start with is a finding, not a traceback
        refused.append(_failed("The bot", error))
    found = findings(settings, asked)
    if gallery:
        found += _answers("The gallery", lambda: _in_gallery(asked.messages))
    return _written(overview(settings, asked.counts), [*found, *refused], out, settings)


def _in_gallery(slack: Validator | None) -> Sequence[Finding]:
    # Made-up messages: nobody else needs them.
    from bot.gallery import validation

    return validation.findings(slack)


def overview(settings: Settings, counts: HeadCounts | None = None) -> list[str]:
    """How the bot is set up, and who may deploy where, a line each, without secrets."""
    secrets = settings.secrets
    return [
        f"Shipmate {__version__}, called {settings.bot.name} in the chat, set up in {settings.path}",
        *(line for app in settings.apps.values() for line in _app_lines(app)),
        f"Slack: {_slack(secrets)}",
        f"GitHub: {_github(secrets)}, at {secrets.github_api_url}",
        *(f"Webhooks: {_webhook(one)}" for one in settings.webhooks),
        f"Database: {'Postgres' if secrets.on_postgres else secrets.database_url.get_secret_value()}",
        "Who may deploy:",
        *(f"  {line}" for app in settings.apps.values() for line in _who_may(settings, app, counts)),
    ]


def findings(settings: Settings, doctors: Doctors, planned: Mapping[str, str] = PLANNED) -> list[Finding]:
    """What is missing, what is still the example's, what does nothing yet, and what the examiners say.

    ``planned``: keys and variables that nothing acts on yet, each with the feature that will.
    """
    found = [Finding(good=True, what=f"{settings.path} is understood")]
    found += [*requirements(settings.secrets, "check"), *unsigned(settings.webhooks)]
    found += [
        *_short_key(settings.secrets),
        *_being_changed(settings.secrets),
        *_being_changed_at_receivers(settings.webhooks),
    ]
    examples = [app for app in settings.apps.values() if _is_example(app, settings)]
    found += [
        Finding(
            good=False,
            what=f"apps.{app.name}.repository is still the example {app.repository}",
            mend=f"Write the owner and the name of your repository there, in {settings.path}.",
        )
        for app in examples
    ]
    found += _set_in_vain(settings, planned)
    found += exposure.left_open(settings)
    found += _provider_findings(settings)
    return found + _examined(settings, doctors, [app for app in settings.apps.values() if app not in examples])


def _examined(settings: Settings, doctors: Doctors, apps: Sequence[AppSettings]) -> list[Finding]:
    """What is found out by asking; ``apps`` are those whose repositories are their own."""
    found = [*_answers("The workflows", lambda: [*_workflow_findings(apps, doctors.workflows)])]
    repositories = _once(app.repository for app in apps)
    github, slack, store = doctors.github, doctors.slack, doctors.store
    if github is not None:
        found += _answers("GitHub", lambda: github.doctor(repositories, settings.secrets.base_url))
    if doctors.names is not None:
        found += _called_otherwise(settings, repositories, doctors.names, doctors.known)
    found += _merge_methods(apps, doctors)
    found += _publications(apps, doctors)
    if slack is not None:
        found += _answers("Slack", lambda: slack.doctor(_once(_channels(settings))))
    if store is not None:
        found += _answers("The database", store.doctor)
    found += _webhook_findings(settings, doctors.webhooks)
    if doctors.orphans is not None:
        found += _answers("What is not in the settings", doctors.orphans.doctor)
    if doctors.counts is not None:
        found += [one for app in apps for one in outsiders(app, doctors.counts)]
    return found


def _slack(secrets: Secrets) -> str:
    if secrets.socket_mode:
        return "Socket Mode"
    return "HTTP at /slack/events" if secrets.slack_signing_secret else "no way to hear anything yet"


def _github(secrets: Secrets) -> str:
    if secrets.github_app:
        return f"GitHub App {secrets.github_app_id}"
    return "a token" if secrets.github_token else "no credentials yet"


def _app_lines(app: AppSettings) -> Iterator[str]:
    yield f"{app.name}: {app.repository}, announced in {app.channel}"
    for name, environment in app.all_environments.items():
        default = " (default)" if name == app.default_environment else ""
        merges = f", after merges into {', '.join(environment.deploy_on_merge)}" if environment.deploy_on_merge else ""
        yield f"  {name}{default}: provider {environment.provider.type}{merges}"


def _who_may(settings: Settings, app: AppSettings, counts: HeadCounts | None) -> Iterator[str]:
    asked = None if _is_example(app, settings) else counts
    for environment in app.all_environments.values():
        yield exposure.who_may(settings, app, environment, asked)


def _is_example(app: AppSettings, settings: Settings) -> bool:
    return app.repository.startswith(EXAMPLE_OWNER) and settings.secrets.github_api_url == PUBLIC_GITHUB


def _short_key(secrets: Secrets) -> Iterator[Finding]:
    """Whoever guesses it makes links and sessions of their own: what is drawn by lot and this long is not guessed."""
    if any(len(one) < SHORTEST_KEY for one in secrets_in(secrets.secret_key)):
        what = f"SECRET_KEY is shorter than {SHORTEST_KEY} characters, and whoever guesses it makes links of their own"
        mend = "make one (openssl rand -hex 32), or unset it: then one is made and kept in the database"
        yield Finding(good=True, warning=True, what=what, mend=mend)


def _being_changed(secrets: Secrets) -> Iterator[Finding]:
    for name, held, sender in (
        ("GITHUB_WEBHOOK_SECRET", secrets.github_webhook_secret, "GitHub"),
        ("SLACK_SIGNING_SECRET", secrets.slack_signing_secret, "Slack"),
        ("HTTP_PROVIDER_SECRET", secrets.http_provider_secret, "every hook"),
    ):
        if len(secrets_in(held)) > 1:
            what = f"{name} holds two secrets, and what is signed with either one is accepted"
            mend = f"take the old one out as soon as {sender} signs with the new one"
            yield Finding(good=True, warning=True, what=what, mend=mend)


def _being_changed_at_receivers(webhooks: Sequence[WebhookSettings]) -> Iterator[Finding]:
    for one in webhooks:
        if len(one.held) > 1:
            what = f"{one.secret} holds two secrets, and what is sent to {one.host} is signed with the first one"
            mend = f"take the other one out as soon as {one.host} takes what is signed with the first"
            yield Finding(good=True, warning=True, what=what, mend=mend)


def _webhook(one: WebhookSettings) -> str:
    """Without its address, which may be secret itself."""
    events = "all events" if one.events == "all" else listed(one.events)
    return f"{events} of {listed(one.apps) if one.apps else 'all apps'} to {one.host}"


def _webhook_findings(settings: Settings, standings: Callable[[], Sequence[Standing]]) -> Iterator[Finding]:
    """Who does not take what is sent, which may be over in a moment."""
    known = {one.id for one in settings.receivers}
    try:
        failing = [one for one in standings() if one.receiver in known and one.failing_since is not None]
    except Exception:  # noqa: BLE001 - whatever is wrong with the database is for its own doctor to say
        return
    for one in failing:
        what, passing = webhook_messages.failing(one), not one.lasting
        yield Finding(good=passing, what=what, mend=webhook_messages.MEND, warning=passing)


def _set_in_vain(settings: Settings, planned: Mapping[str, str]) -> Iterator[Finding]:
    places: list[tuple[str, Table | Secrets]] = [(" of [bot]", settings.bot), (" of [slack]", settings.slack)]
    for app in settings.apps.values():
        places.append((f" of {app.name}", app))
        places += [(f" of {app.name}/{name}", environment) for name, environment in app.all_environments.items()]
    for place, table in [*places, ("", settings.secrets)]:
        for name, feature in planned.items():
            known = type(table).model_fields.get(name)
            if known is not None and getattr(table, name) != known.get_default():
                key = f"`{name}`{place}" if place else name.upper()
                what = f"{key} does nothing yet: it is for {feature}"
                yield Finding(good=True, warning=True, what=what, mend="do not rely on it until a later version")


def _provider_findings(settings: Settings) -> Iterator[Finding]:
    for app in settings.apps.values():
        for name, environment in app.all_environments.items():
            asked = getattr(load_provider(environment.provider.type), "doctor", None)
            for finding in asked(environment.provider.settings) if asked else ():
                yield replace(finding, what=f"{app.name}/{name}: {finding.what}")
            yield from _stays(app, name, environment)
            for step in (*environment.before_deploy, *environment.after_deploy):
                for finding in runs_as(step.user):
                    yield replace(finding, what=f"{app.name}/{name}, {step.name}: {finding.what}")


def _stays(app: AppSettings, name: str, environment: EnvironmentSettings) -> Iterator[Finding]:
    """A preview that nobody here takes away."""
    provider = environment.provider
    if name not in app.previews or provider.removes_previews:
        return
    can = getattr(load_provider(provider.type), "ONLY_IN_PREVIEWS", ())
    mend = f"set `{can[0]}` in its `provider`: see docs/previews.md" if can else "let whoever deploys it take it down"
    what = f"{app.name}/{name}: closing a pull request only marks its preview inactive on GitHub, and removes nothing"
    yield Finding(good=True, warning=True, what=what, mend=mend)


def _workflow_findings(apps: Sequence[AppSettings], workflows: Workflows | None) -> Iterator[Finding]:
    """What a provider asks of GitHub about the repository that it deploys."""
    for app in apps if workflows is not None else ():
        for name, environment in app.all_environments.items():
            asked = getattr(load_provider(environment.provider.type), "doctor_at", None)
            for finding in asked(environment.provider.settings, app.repository, workflows) if asked else ():
                yield replace(finding, what=f"{app.name}/{name}: {finding.what}")


def _called_otherwise(
    settings: Settings,
    repositories: Sequence[str],
    names: Callable[[str], Repository],
    all_known: Callable[[], Sequence[KnownRepository]],
) -> Iterator[Finding]:
    """What is renamed, or has become the name of another repository. What cannot be asked is a finding already."""
    try:
        known = {one.app: one for one in all_known()}
    except Exception:  # noqa: BLE001 - whatever is wrong with the database is for its own doctor to say
        known = {}
    for name in repositories:
        try:
            found = names(name)
        except ShipmateError:
            continue
        apps = settings.apps_of_repository(name)
        meant = [one for app in apps if (one := known.get(app.name)) and one.is_meant_by(name)]
        change = f"change `repository` in {tables([app.name for app in apps])}"
        if meant and found.number is not None and meant[0].number != found.number:
            yield _another(name, meant[0], change)
        elif not same_name(found.name, name):
            yield Finding(good=True, warning=True, what=f"{name} is called {found.name} now", mend=change)


def _merge_methods(apps: Sequence[AppSettings], doctors: Doctors) -> Iterator[Finding]:
    """Ways to merge that the settings ask for, and the repository does not allow at its default branch."""
    for app in apps:
        if app.merge_method is None or doctors.names is None or doctors.merging is None:
            continue
        try:
            allowed = doctors.merging.rules(app.repository, doctors.names(app.repository).default_branch).methods
        except ShipmateError:
            continue  # a finding already
        if app.merge_method not in allowed:
            what = f'apps.{app.name}.merge_method is "{app.merge_method}", which {app.repository} does not allow'
            others = f"Write {' or '.join(allowed)} there, or allow" if allowed else "Allow"
            yield Finding(good=False, what=what, mend=f"{others} it in the settings of the repository on GitHub.")


def _publications(apps: Sequence[AppSettings], doctors: Doctors) -> Iterator[Finding]:
    """What the settings want to be written on GitHub, and cannot be."""
    for app in apps:
        if app.github.release and not any(one.production for one in app.environments.values()):
            what = f"`release` of apps.{app.name}.github makes none: no environment of {app.name} is production"
            yield Finding(good=True, warning=True, what=what, mend="write `production = true` in one of them")
        yield from _lacking(app, doctors.publishing)
    yield from _refused(apps, doctors.refused)


def _lacking(app: AppSettings, publishing: Publishing | None) -> Iterator[Finding]:
    asked = app.github.comment or app.github.label is not None
    on_pull_requests = asked or bool(app.previews)
    if publishing is None or not (on_pull_requests or app.github.release):
        return
    try:
        lacking = publishing.lacks(app.repository, pull_requests=on_pull_requests, releases=app.github.release)
    except ShipmateError:
        return  # a finding already
    if lacking:
        asks = f"apps.{app.name}.github asks" if asked or app.github.release else f"the previews of {app.name} ask"
        what = f"What {asks} for cannot be written on {app.repository} without {', '.join(lacking)}"
        yield Finding(good=False, what=what, mend=f"Give it to {_who_writes(lacking)}, or take it out of the settings.")


def _who_writes(lacking: Sequence[str]) -> str:
    app = any(one.endswith(": write") for one in lacking)
    return "the GitHub App and accept it where it is installed" if app else "the owner of GITHUB_TOKEN"


def _is_written(app: AppSettings, what: str) -> bool:
    return bool(app.previews) if what == "preview" else bool(getattr(app.github, what))


def _refused(apps: Sequence[AppSettings], lasting: Callable[[], Sequence[Refusal]]) -> Iterator[Finding]:
    """What only trying has shown: a token does not tell what it was made for."""
    wanted = {(app.repository.lower(), what) for app in apps for what in NOT_DONE if _is_written(app, what)}
    try:
        refused = [one for one in lasting() if (one.repository, one.what) in wanted]
    except Exception:  # noqa: BLE001 - whatever is wrong with the database is for its own doctor to say
        return
    for one in refused:
        what = f"{NOT_DONE[one.what].format(one.repository)}: {one.reason}"
        yield Finding(good=False, what=what, mend=f"Give me the permission “{NEEDED[one.what]}”.")


def _another(name: str, known: KnownRepository, change: str) -> Finding:
    adopt = f"or run `python -m bot adopt {name}` if the other one is meant"
    if known.called and not same_name(known.called, name):
        what = f"{name} is another repository now; the one that the bot knows by it is called {known.called}"
        return Finding(good=True, warning=True, what=what, mend=f"{change} to {known.called}, {adopt}")
    what = f"{name} is another repository now than the one that the bot knows, so it takes nothing of it"
    return Finding(good=False, what=what, mend=f"{change}, {adopt}")


def _channels(settings: Settings) -> Iterator[str]:
    if settings.slack.channel is not None:
        yield settings.slack.channel
    for app in settings.apps.values():
        yield app.channel
        yield from app.allowed_channels


def _once(names: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _answers(who: str, ask: Callable[[], Sequence[Finding]]) -> Sequence[Finding]:
    try:
        return ask()
    except Exception as error:  # noqa: BLE001 - this command explains what is wrong; a traceback explains nothing
        return [_failed(who, error)]


def _failed(who: str, error: Exception) -> Finding:
    said = str(error) if isinstance(error, ShipmateError) else f"{type(error).__name__}: {error}"
    return Finding(good=False, what=f"{who} could not be examined: {said}")


def _written(lines: Sequence[str], found: Sequence[Finding], out: TextIO, settings: Settings | None = None) -> int:
    shown = [*lines, "", *map(_line, found)] if lines else [_line(finding) for finding in found]
    text = "\n".join(shown)
    if settings is not None:
        text = masked(text, settings.secrets)
    encoding = out.encoding or "utf-8"  # a terminal without ✓ shows a question mark rather than a traceback
    out.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    return 0 if all(finding.good for finding in found) else 1


def _line(finding: Finding) -> str:
    what = finding.what.removesuffix(".")
    mark = "!" if finding.warning else "✓" if finding.good else "✗"
    return f"{mark} {what}" + (f"  → {finding.mend}" if finding.mend else "")
