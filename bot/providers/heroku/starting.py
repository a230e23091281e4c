"""How a deployment begins on Heroku: which way it goes, and once, however often the bot is killed meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bot.adapters.heroku.payloads import Build, Release
from bot.adapters.heroku.platform import Heroku
from bot.core.beginnings import told_apart
from bot.core.deployments.model import DEPLOY
from bot.core.errors import NotYet, Rejected, ShipmateError, Unavailable
from bot.core.ports.provider import Job, Run
from bot.providers.heroku.access import client
from bot.providers.heroku.handles import Handle, Intent, Way
from bot.providers.heroku.removing import begun as removal_begun
from bot.providers.heroku.removing import is_removal, woken
from bot.providers.heroku.settings import Settings, settings_of

BUILDS = 20
"""So many of the newest builds are looked at for ours."""
RELEASES = 200
"""How far back a release of a commit is looked for."""
SLUGS = 50
"""Of so many slugs Heroku is asked which commit they are of."""
GRACE: dict[Way, float] = {"build": 10.0, "rollback": 10.0, "promotion": 60.0}
"""Seconds in which Heroku may be at what it was asked for, and it cannot be seen yet. A promotion makes its release
only after it has been answered."""
LOOK_AGAIN = 5.0
"""Seconds between two looks for it meanwhile."""

WHY = "why"
"""The note of a run that says why it does not go the way that was asked for."""
INTENT = "intent"
_BEGUN = "begun"
Made = TypeVar("Made")


def start(run: Run) -> str:
    """Have Heroku build, roll back or promote, unless that was done before; the handle says which."""
    begun = run.note(_BEGUN)
    if begun is None:
        with told_apart(lambda: bool(run.note(INTENT))):
            begun = str(_found_or_begun(run, client(run.clock, run.measures)))
            run.keep(_BEGUN, begun)
    return begun


def _found_or_begun(run: Run, heroku: Heroku) -> Handle:
    intent = Intent.of(run.note(INTENT))
    if intent is not None:
        found = _found(run, heroku, intent)
        if found is not None:
            return found
        left = GRACE[intent.way] - intent.age(run.clock.now())
        if left > 0:
            said = "Heroku may still be at what it was asked for."
            raise NotYet(said, retry_after=min(left, LOOK_AGAIN), uncertain=True)
    settings = settings_of(run.job)
    if is_removal(run.job):
        return removal_begun(run.job)
    _refuse_what_heroku_has_not(run.job)
    if run.cancelled() or run.remaining() <= 0:
        return Handle("nothing", settings.app, "cancelled" if run.cancelled() else "timed_out")
    woken(run, heroku, settings.app)
    return _rolled_back(run, heroku, settings) or _promoted(run, heroku, settings) or _built(run, heroku, settings)


def _refuse_what_heroku_has_not(job: Job) -> None:
    """Who wants something smaller than a deployment must not get a whole one."""
    if job.task != DEPLOY:
        raise Rejected(
            f"Heroku has no task {job.task} for the bot to run: `heroku run -a {settings_of(job).app}` does that."
        )
    if job.hosts:
        raise Rejected(f"Heroku deploys a whole app, and not only {job.hosts}: leave that out.")


# --- three ways --------------------------------------------------------------------------------------------------


def _built(run: Run, heroku: Heroku, settings: Settings) -> Handle:
    job = run.job
    before = tuple(one.id for one in heroku.builds(settings.app, BUILDS))
    about = f"{job.ref} by {job.requested_by} ({_mark(run)})"
    # The link lives for minutes: it is asked for at the last moment, and never kept.
    link = run.tarball()
    intent = Intent("build", settings.app, _now(run), before=before)
    try:
        built = _asked(run, intent, lambda: heroku.create_build(settings.app, link, job.sha, about))
    except ShipmateError as error:
        raise _without(error, link) from None
    return Handle("build", settings.app, built.id)


def _rolled_back(run: Run, heroku: Heroku, settings: Settings) -> Handle | None:
    """None where it is no rollback, or Heroku has no release of the commit any more: then it is built anew."""
    if run.job.rollback_of is None:
        return None
    newest, earlier = _release_of(heroku, settings.app, run.job.sha)
    if earlier is None:
        run.keep(WHY, f"{settings.app} has no release of {run.job.sha[:7]} to go back to, so it is built anew")
        return None
    intent = Intent("rollback", settings.app, _now(run), after=newest, slug=earlier.slug_id or "")
    made = _asked(run, intent, lambda: heroku.roll_back(settings.app, earlier.id))
    return Handle("release", settings.app, made.id)


def _promoted(run: Run, heroku: Heroku, settings: Settings) -> Handle | None:
    """None where it is no promotion between apps of one pipeline: then it is built anew."""
    source = run.job.promoted_from
    if source is None or source.provider != "heroku":
        return None
    origin = Settings.model_validate(source.settings).app
    if origin == settings.app:
        return None
    live = _live(heroku, origin)
    if live is None or live.slug_id is None:
        run.keep(WHY, f"{origin} runs no slug that could be promoted, so it is built anew for {settings.app}")
        return None
    if heroku.commit_of(origin, live.slug_id) != run.job.sha:
        run.keep(WHY, f"{origin} does not run {run.job.sha[:7]} any more, so it is built anew for {settings.app}")
        return None
    ours, theirs = heroku.pipeline_of(settings.app), heroku.pipeline_of(origin)
    wanted = heroku.pipeline(settings.pipeline) if settings.pipeline is not None else ours
    if wanted is None or not ours == theirs == wanted:
        run.keep(WHY, f"{origin} and {settings.app} are not in one pipeline, so it is built anew")
        return None
    ids = wanted, heroku.app(origin).id, heroku.app(settings.app).id
    newest = max((one.version for one in heroku.releases(settings.app, 1)), default=0)
    intent = Intent("promotion", settings.app, _now(run), after=newest, slug=live.slug_id)
    made = _asked(run, intent, lambda: heroku.promote(*ids))
    return Handle("promotion", settings.app, made.id)


def _live(heroku: Heroku, app: str) -> Release | None:
    """The release that the app runs: a newer one may have failed in its release phase."""
    return next((one for one in heroku.releases(app, RELEASES) if one.current), None)


# --- never twice -------------------------------------------------------------------------------------------------


def _asked(run: Run, intent: Intent, ask: Callable[[], Made]) -> Made:
    """What Heroku made. It may have made it although no answer came: then the intent stays."""
    run.keep(INTENT, str(intent))
    try:
        return ask()
    except Unavailable as error:
        if not error.uncertain:
            run.keep(INTENT, "")
        raise


def _found(run: Run, heroku: Heroku, intent: Intent) -> Handle | None:
    """What Heroku has made of an intent whose answer was lost."""
    if intent.way == "build":
        new = [one for one in heroku.builds(intent.app, BUILDS) if one.id not in intent.before]
        built = next((one for one in new if _is_ours(run, one)), None)
        return Handle("build", intent.app, built.id) if built else None
    releases = heroku.releases(intent.app, BUILDS)
    made = [one for one in releases if one.version > intent.after and one.slug_id == intent.slug]
    # Others that came later may have the same slug: a change of config vars.
    return Handle("release", intent.app, made[-1].id) if made else None


def _is_ours(run: Run, build: Build) -> bool:
    about = build.source_blob.version_description
    return build.source_blob.version == run.job.sha and (not about or _mark(run) in about)


def _mark(run: Run) -> str:
    return f"Shipmate {run.job.request_id}"


def _now(run: Run) -> str:
    return run.clock.now().isoformat()


def _release_of(heroku: Heroku, app: str, sha: str) -> tuple[int, Release | None]:
    """The newest release's number, and the newest one that can be gone back to with this commit."""
    newest, commits = 0, dict[str, str | None]()
    for release in heroku.releases(app, RELEASES):
        newest = max(newest, release.version)
        slug = release.slug_id
        if slug is None or not release.succeeded or not release.eligible_for_rollback:
            continue
        if slug not in commits:
            if len(commits) == SLUGS:
                break
            commits[slug] = heroku.commit_of(app, slug)
        if commits[slug] == sha:
            return newest, release
    return newest, None


def _without(error: ShipmateError, link: str) -> ShipmateError:
    """The same error; it may have quoted the link, which lets in whoever has it."""
    error.args = (str(error).replace(link, "the commit's tarball"), *error.args[1:])
    return error
