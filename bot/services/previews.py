"""Gathers what previews are made, removed and told of with."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.context import Context
from bot.core.deployments.model import DEPLOY, Actor, Deployment
from bot.core.deployments.requesting import commit_of
from bot.core.errors import Reason, Refused
from bot.core.ports.forge_types import Commit, PullRequest
from bot.core.ports.transaction import Reads, Records
from bot.core.previews import messages, model
from bot.core.previews.comment import Shown
from bot.core.previews.model import PREVIEW, REMOVE, Preview, Rules
from bot.services.authorization import chat_id_of
from bot.services.gate_facts import CommitFacts, commit_facts
from bot.services.new_deployments import new_deployment
from bot.services.shipping import changes, usual_seconds
from bot.services.targets import Target, target_at
from bot.settings import AppSettings, EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Asked:
    """A pull request's head on its way to its preview, with what GitHub tells of it."""

    deployment: Deployment
    found: CommitFacts


def asked_for(context: Context, target: Target, pull: PullRequest) -> Asked:
    page = context.forge.repository(target.app.repository, fresh=False).url
    url = f"{page}/commit/{pull.head_sha}" if page else ""
    head = Commit(pull.head_sha, f"#{pull.number}", pull.title, pull.author, url, pull_request=pull.number)
    by = Actor(pull.author, chat_id_of(context, pull.author), pull.author)
    deployment = replace(
        new_deployment(context, target, head, trigger=PREVIEW, by=by),
        changes=changes(context, target, head),
        usual_seconds=usual_seconds(context.reads, *target.place),
    )
    return Asked(deployment, commit_facts(context, target, deployment, waits_for_checks=True))


def removal(context: Context, target: Target, last: Deployment, number: int) -> Deployment:
    """What takes away what ``last`` has deployed."""
    return replace(
        new_deployment(context, target, commit_of(last), trigger=PREVIEW, by=last.by),
        task=REMOVE,
        pull_request=number,
        environment_url=None,
    )


def removal_of(reads: Reads, preview: Preview | None) -> Deployment | None:
    """The deployment that removes it, or has removed it, or has failed to."""
    return reads.deployment(preview.removal) if preview is not None and preview.removal is not None else None


def rules_of(environment: EnvironmentSettings) -> Rules | None:
    """None for an environment that stays."""
    said = environment.preview
    return model.rules(said.on, said.max, said.max_age) if said is not None else None


def template_of(target: Target) -> str | None:
    """The environment of the settings of which the target is one pull request's own, None where it is none."""
    found = model.split(target.environment.name)
    return found[0] if found is not None and target.environment.pull_request is not None else None


def previewed(context: Context, repository: str) -> list[AppSettings]:
    """The apps of the repository that have previews."""
    return [app for app in context.settings.apps_of_repository(repository) if app.previews]


# --- by a command ------------------------------------------------------------------------------------------------


def demand_open(context: Context, target: Target, wanted: Deployment) -> None:
    """Raises Refused where there is no open pull request for which it would be: nobody would ever remove it."""
    template, number, app = template_of(target), target.environment.pull_request, target.app
    if template is None or number is None or wanted.task != DEPLOY:
        return
    pull = context.forge.pull_request(app.repository, number)
    if pull is None:
        raise Refused(messages.no_pull_request(app.name, app.repository, number))
    if pull.state != "open":
        raise Refused(messages.is_over(app.name, number))
    if wanted.pull_request not in (None, number):
        raise Refused(messages.of_another(app.name, template, number, wanted.pull_request))


def demand_room(context: Context, target: Target) -> None:
    """Raises Refused where somebody asks for one preview more than there may be."""
    template, rules, number = template_of(target), rules_of(target.environment), target.environment.pull_request
    if template is None or rules is None or number is None:
        return
    held = model.known(context.reads, target.app.name, template, number)
    others = [one for one in model.all_of(context.reads, target.app.name, template) if one.number != number]
    if (held is None or not held.in_use) and sum(one.in_use for one in others) >= rules.most:
        message = messages.none_free(target.app.name, number, rules.most)
        raise Refused(message, (Reason("previews", message.summary()),))


def asked_by_command(records: Records, target: Target, deployment: Deployment) -> None:
    """Somebody has it deployed: it is there until its pull request is closed, whatever asks for previews otherwise."""
    template, number = template_of(target), target.environment.pull_request
    if template is None or number is None or deployment.task != DEPLOY:
        return
    held = model.known(records, target.app.name, template, number)
    new = Preview(target.app.name, template, number, deployment.sha, deployment.created_at, by_command=True)
    # What a person goes back to is not replaced by the head that it went back from.
    model.keep(records, model.asked_again(held or new, (held or new).sha, deployment.created_at))


def is_gone(context: Context, target: Target) -> bool:
    """Whether it is a preview in which nothing is live any more, whatever was deployed there once."""
    template, number = template_of(target), target.environment.pull_request
    if template is None or number is None:
        return False
    held = model.known(context.reads, target.app.name, template, number)
    return held is None or not held.in_use or held.removal is not None


# --- the comment -------------------------------------------------------------------------------------------------


def shown(context: Context, repository: str, number: int) -> list[Shown]:
    """All previews that the pull request has or had, in the order of the settings."""
    there = [
        one
        for app in previewed(context, repository)
        for template in app.previews
        if (target := target_at(context, app.name, model.name_of(template, number))) is not None
        and (one := _shown(context, target, template, number)) is not None
    ]
    several = len({one.app for one in there}) > 1
    return [replace(one, with_app=several) for one in there]


def _shown(context: Context, target: Target, template: str, number: int) -> Shown | None:
    reads, rules = context.reads, rules_of(target.environment)
    preview = model.known(reads, target.app.name, template, number)
    history = reads.history(app=target.app.name, environment=target.environment.name, ref=None, limit=1)
    last = history[0] if history else None
    if rules is None or (preview is None and last is None):
        return None
    live = reads.last_success(*target.place)
    if live is not None and model.removed_since(reads, live):
        live = None
    url = (live.environment_url if live is not None else None) or target.environment.url
    return Shown(
        app=target.app.name,
        template=template,
        environment=target.environment.name,
        number=number,
        preview=preview,
        last=last,
        live=live,
        url=url,
        most=rules.most,
        max_age=rules.max_age,
        elsewhere=not target.environment.provider.removes_previews,
    )
