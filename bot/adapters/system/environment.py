"""The variables that a command is run with: a small safe base, what the settings add, and what is to be deployed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from bot.adapters.system.accounts import Account
from bot.core.ports.provider import Job

VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]

_BASE = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR")
_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
_SECRETS_OF_THE_BOT = re.compile(
    r"SLACK_(BOT_TOKEN|APP_TOKEN|SIGNING_SECRET|CLIENT_SECRET)|GITHUB_(TOKEN|PRIVATE_KEY|WEBHOOK_SECRET)"
    r"|HEROKU_API_KEY|HTTP_PROVIDER_SECRET|SECRET_KEY|SENTRY_DSN"
    # Heroku gives the same database a second name.
    r"|DATABASE_URL|HEROKU_POSTGRESQL_\w+_URL"
)
_TELLS_A_SECRET = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|(?:^|_)(?:PASS|PWD|AUTH|DSN)(?:_|$)|(?:^|_|API|PRIVATE)KEY$",
    re.IGNORECASE,
)
_NO_KEY = re.compile(r"[^A-Za-z0-9_]")


def base_environment(environ: Mapping[str, str], account: Account | None = None) -> dict[str, str]:
    """What a program needs to find its way about, as the account if one is given; nothing of it is a secret."""
    base = {name: value for name, value in environ.items() if name in _BASE or name.startswith("LC_")}
    if account is not None:
        base.pop("TMPDIR", None)  # it may well be closed to others
        base |= account.variables()
    return {"PATH": _DEFAULT_PATH, **base}


def inherited(names: Iterable[str]) -> list[str]:
    """The names, unless one is a secret of the bot itself. Raises ValueError."""
    wanted = list(names)
    refused = [name for name in wanted if _SECRETS_OF_THE_BOT.fullmatch(name)]
    if refused:
        raise ValueError(f"{', '.join(refused)}: secrets of the bot are not handed to commands")
    return wanted


def secret_values(variables: Mapping[str, str]) -> list[str]:
    """The values of those whose names say that they are secret.

    >>> secret_values({"RAILS_ENV": "production", "SECRET_KEY_BASE": "5e3a", "PGPASSWORD": "hush", "DEPLOY_KEY": "k"})
    ['5e3a', 'hush', 'k']
    """
    return [value for name, value in variables.items() if _TELLS_A_SECRET.search(name)]


def variables(
    job: Job, base: Mapping[str, str], passed_on: Mapping[str, str], more: Mapping[str, str]
) -> dict[str, str]:
    """All variables of a command. What is to be deployed cannot be overridden by the settings."""
    return {**base, **passed_on, **more, **_of_the_deployment(job)}


def _of_the_deployment(job: Job) -> dict[str, str]:
    told = {f"SHIPMATE_PARAM_{_NO_KEY.sub('_', key).upper()}": value for key, value in job.params.items()}
    told |= {
        "SHIPMATE_APP": job.app,
        "SHIPMATE_ENVIRONMENT": job.environment,
        "SHIPMATE_REPOSITORY": job.repository,
        "SHIPMATE_REF": job.ref,
        "SHIPMATE_SHA": job.sha,
        "SHIPMATE_TASK": job.task,
        "SHIPMATE_HOSTS": job.hosts or "",
        "SHIPMATE_FORCE": "true" if job.force else "false",
        "SHIPMATE_DEPLOYMENT_ID": str(job.deployment_id),
        "SHIPMATE_REQUEST_ID": job.request_id,
        "SHIPMATE_REQUESTED_BY": job.requested_by,
    }
    if job.pull_request is not None:
        told["SHIPMATE_PULL_REQUEST"] = str(job.pull_request)
    if job.one_time_password:
        told["SHIPMATE_ONE_TIME_PASSWORD"] = job.one_time_password
    return {name: _storable(value) for name, value in told.items()}


def _storable(value: str) -> str:
    """No system can put a NUL into a variable, nor half of a surrogate pair."""
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
