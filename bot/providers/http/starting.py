"""Asking a deploy hook to begin: once, under one idempotency key, however often it has to be said."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.adapters.hooks.bodies import decoded, encoded
from bot.adapters.hooks.client import Request, host_of
from bot.adapters.hooks.signing import IDEMPOTENCY_KEY, REQUEST_ID, SIGNATURE, TIMESTAMP, signature
from bot.core.deployments.wording import spoken
from bot.core.errors import Conflict, NotAllowed, NotThere, NotYet, Rejected, Unavailable
from bot.core.hooks import pointers, templates
from bot.core.hooks.callback import CALLBACK, LONGEST_URL, Callback
from bot.core.hooks.pointers import JSON
from bot.core.ports.provider import Job, Outcome, Run
from bot.providers.http.access import hooks
from bot.providers.http.handles import ACCEPTED, SENT, Begun, Sent
from bot.providers.http.settings import Settings
from bot.providers.http.variables import Variables

TRIED_FOR = timedelta(minutes=5)
"""How long a hook that does not take it is asked again and again."""
AWAY = timedelta(minutes=1)
"""How late it is asked again where somebody is there to ask."""
PAUSE = timedelta(seconds=4)
LOOK_AGAIN = 4.0
"""Seconds between two looks at whether somebody has cancelled, where the hook has asked for more time."""


def start(run: Run) -> str:
    """Have the hook begin, unless it has; the handle is what it has answered.

    Raises Unavailable where it is to be asked again, and Rejected where it cannot be asked at all.
    """
    if (known := run.note(ACCEPTED)) is not None:
        return known
    settings = Settings.model_validate(run.job.settings)
    variables = Variables(settings)
    called_back = Callback.read(run.note(CALLBACK))
    if called_back is not None and (called_back.end is not None or not settings.pointers):
        return Begun().written()  # before its answer was taken in
    now, sent = run.clock.now(), Sent.read(run.note(SENT))
    if run.cancelled() or run.remaining() <= 0:
        return _too_late(run, sent).written()
    if sent is not None and sent.not_before > now:
        wait = (sent.not_before - now).total_seconds()
        said = "The hook is asked again in a moment."
        raise Unavailable(said, retry_after=min(wait, LOOK_AGAIN), uncertain=sent.begun)
    request = _request(run.job, settings, variables, now)
    sent = _tried(sent, now) if sent is not None else Sent(now, now)
    # Before it is sent: whoever finds this after a crash knows that the hook may have begun.
    run.keep(SENT, replace(sent, begun=True).written())
    begun = _ask(run, settings, variables, request, sent)
    run.keep(ACCEPTED, begun.written())
    return begun.written()


def _tried(sent: Sent, now: datetime) -> Sent:
    """Without the time in which no bot was there to ask: in that the hook has refused nothing."""
    away = now - sent.not_before
    return replace(sent, since=sent.since + away) if away > AWAY else sent


def _too_late(run: Run, sent: Sent | None) -> Begun:
    if sent is not None and sent.begun:
        return Begun(certain=False)
    if run.cancelled():
        return Begun(outcome=Outcome("cancelled", "Cancelled before the hook had taken it"))
    return Begun(outcome=Outcome("timed_out", "The time was up before the hook had taken it"))


def _request(job: Job, settings: Settings, variables: Variables, now: datetime) -> Request:
    """What is sent; the same body each time."""
    callback_url = variables.callback_url(job)
    if callback_url is None and settings.poll is None:
        raise Rejected(
            "Nobody could tell how it ends: set BASE_URL to the bot's public address, so that the hook can call back, "
            "or `poll` in the provider's table"
        )
    told: dict[str, JSON] = {
        "request_id": job.request_id,
        "deployment_id": job.deployment_id,
        "app": job.app,
        "environment": job.environment,
        "repository": job.repository,
        "ref": job.ref,
        "sha": job.sha,
        "task": job.task,
        "params": {**job.params},
        "requested_by": job.requested_by,
        "callback_url": callback_url,
    }
    filled = told if settings.body is None else templates.document(settings.body, told, variables.get)
    body = encoded(filled)
    values = of_the_deployment(job, callback_url)
    return Request(
        "POST",
        templates.address(settings.asks(job), values, variables.get),
        {
            "Content-Type": "application/json",
            REQUEST_ID: job.request_id,
            IDEMPOTENCY_KEY: job.request_id,
            TIMESTAMP: str(int(now.timestamp())),
            SIGNATURE: signature(variables.signing(), body),
            **filled_headers(settings.headers, values, variables),
        },
        body,
    )


def of_the_deployment(job: Job, callback_url: str | None) -> dict[str, str]:
    """What fills the gaps of addresses and headers."""
    return {
        "request_id": job.request_id,
        "deployment_id": str(job.deployment_id),
        "app": job.app,
        "environment": job.environment,
        "repository": job.repository,
        "ref": job.ref,
        "sha": job.sha,
        "task": job.task,
        "requested_by": job.requested_by,
        "callback_url": callback_url or "",
    }


def filled_headers(headers: dict[str, str], values: dict[str, str], variables: Variables) -> dict[str, str]:
    return {name: templates.line(value, values, variables.get) for name, value in headers.items()}


def _ask(run: Run, settings: Settings, variables: Variables, request: Request, sent: Sent) -> Begun:
    who = host_of(request.url)
    try:
        answer = hooks(run).ask(request)
        values = _values(answer, settings)
    except Conflict as error:
        if not sent.begun:
            return _refused(run, variables, sent, error)
        # Whoever honours the key says so while the request before is still being taken in.
        return _later(run, variables, sent, Unavailable(str(error), uncertain=True))
    except Unavailable as error:
        return _later(run, variables, sent, error)
    except (NotAllowed, NotThere, Rejected) as error:
        return _refused(run, variables, sent, error)
    run.write(f"{who} has taken it")
    lacking = [one for one in templates.pointers_in(settings.poll.url) if one not in values] if settings.poll else []
    if lacking and variables.callback_url(run.job) is None:
        # It is not asked again: whoever has taken it once might begin it twice.
        unknown = f"{who} has taken it, but tells nothing at {lacking[0]}, so nobody can tell how it ends"
        return Begun(values, Outcome("error", unknown, given_up=True))
    return Begun(values)


def _values(answer: bytes | None, settings: Settings) -> dict[str, str]:
    """What the answer has at the places that are needed, as far as it can be read."""
    try:
        said = decoded(answer)
    except Rejected:
        return {}
    told = {pointer: pointers.text(pointers.found(said, pointer)) for pointer in settings.pointers}
    return {pointer: value for pointer, value in told.items() if value is not None and len(value) <= LONGEST_URL}


def _refused(run: Run, variables: Variables, sent: Sent, error: Exception) -> Begun:
    """What is refused now may have been taken before, when no answer came."""
    sentence = variables.masked(str(error).rstrip("."))
    run.write(sentence)
    return _never_known(sentence) if sent.begun else Begun(outcome=Outcome("failed", sentence))


def _never_known(sentence: str) -> Begun:
    unknown = f"{sentence}; whether it has begun is not known, so look there before you retry"
    return Begun(outcome=Outcome("error", unknown, given_up=True))


def _later(run: Run, variables: Variables, sent: Sent, error: Unavailable) -> Begun:
    """Raises Unavailable until it was tried for long enough."""
    now, begun = run.clock.now(), sent.begun or error.uncertain
    # That others wait for it as well explains less than what it said itself.
    sentence = (isinstance(error, NotYet) and sent.said) or variables.masked(str(error).rstrip("."))
    if now - sent.since >= TRIED_FOR or run.remaining() <= 0:
        if begun:
            return _never_known(sentence)
        return Begun(outcome=Outcome("failed", f"{sentence} (asked for {spoken(now - sent.since)})"))
    wait = timedelta(seconds=error.retry_after) if error.retry_after is not None else PAUSE
    run.keep(SENT, replace(sent, begun=begun, said=sentence, not_before=now + wait).written())
    if sentence != sent.said:
        run.write(f"{sentence}: it is asked again")
    raise Unavailable(f"{sentence}.", retry_after=min(wait.total_seconds(), LOOK_AGAIN), uncertain=begun)
