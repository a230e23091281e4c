"""What the settings say of a deploy hook: whom to ask, what to send, and how to learn how it goes on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Any, Self, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, field_serializer, field_validator, model_validator

from bot.adapters.hooks.client import Method
from bot.adapters.system.environment import VariableName, inherited
from bot.core.hooks import templates
from bot.core.hooks.pointers import JSON, is_pointer
from bot.core.hooks.templates import begins_an_address, gaps_in, unknown_gaps, variables_in
from bot.core.names import listed
from bot.core.ports.provider import Job
from bot.core.previews.model import removes
from bot.settings.fields import Duration, shown

DEFAULT_SECRET = "HTTP_PROVIDER_SECRET"  # noqa: S105 - the name of a variable
OF_THE_DEPLOYMENT = (
    *("request_id", "deployment_id", "app", "environment", "repository", "ref", "sha", "task", "params"),
    *("requested_by", "callback_url"),
)
"""The body that is sent, and what the gaps of addresses, headers and other bodies may name."""
_OF_PREVIEWS = "number"
"""Filled in where the settings of a pull request's preview are read; other environments are refused it."""
_GAPS_OF_BODIES = frozenset({*OF_THE_DEPLOYMENT, _OF_PREVIEWS})
_GAPS = _GAPS_OF_BODIES - {"params"}
_SECRET = re.compile(r"authorization|cookie|token|secret|password|passwd|(?:^|[_-])(?:api)?key$|apikey|signature", re.I)
_OURS = re.compile(
    r"x-shipmate-.*|idempotency-key|content-(?:length|type|encoding)|transfer-encoding|host|connection", re.I
)
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def _variables(template: str) -> None:
    """Raises ValueError where it would hand out a secret of the bot itself."""
    names = variables_in(template)
    try:
        inherited(names)
    except ValueError:
        raise ValueError(f"cannot hold ${listed(names)}: secrets of the bot itself are not sent to anybody") from None


def _address(template: str, *, answers: bool) -> str:
    if not begins_an_address(template):
        raise ValueError(f"must be an address that begins with https:// or http://, not {shown(template)}")
    _variables(template)
    if unknown := unknown_gaps(template, _GAPS, answers=answers):
        there = listed([f"{{{one}}}" for one in (*OF_THE_DEPLOYMENT, _OF_PREVIEWS) if one in _GAPS])
        there += " (in previews)"
        more = ", and JSON pointers into the hook's answer, such as {/id}" if answers else ""
        raise ValueError(f"has {{{unknown[0]}}} in it, which stands for nothing. There are {there}{more}")
    if templates.is_torn(template):
        raise ValueError("has a brace in it that has no other: gaps are written {sha}")
    if told := _told_in(template):
        raise ValueError(
            f"has a secret in it ({told}), which belongs in the environment: write the name of a variable, such as "
            "$DEPLOY_HOOK_KEY"
        )
    return template


def _told_in(template: str) -> str | None:
    """What is written out in an address although nobody may read it."""
    bare = re.sub(r"\{[^{}]*\}", "x", template.replace("$", "%24"))
    try:
        parts = urlsplit(bare)
        if parts.username or parts.password:
            return "before the @"
    except ValueError:
        return None
    given = parse_qsl(parts.query, keep_blank_values=True)
    return next((f"`{name}`" for name, value in given if _SECRET.search(name) and value and "$" not in value), None)


def _headers(given: dict[str, str]) -> dict[str, str]:
    for name, value in given.items():
        if not _HEADER.fullmatch(name) or _OURS.fullmatch(name):
            raise ValueError(f"cannot set {name}: that is not a header's name, or one that is set already")
        _variables(value)
        if unknown := unknown_gaps(value, _GAPS, answers=False):
            raise ValueError(f"has {{{unknown[0]}}} in {name}, which stands for nothing")
        if _SECRET.search(name) and not variables_in(value):
            raise ValueError(
                f"has a secret in {name}, which belongs in the environment: write the name of a variable, such as "
                '"Bearer $RENDER_API_KEY"'
            )
    return given


def _pointer(value: str) -> str:
    if not is_pointer(value):
        raise ValueError(f'must be a JSON pointer such as "/status" or "/deploy/id", not {shown(value)}')
    return value


def _words(value: Any) -> Any:
    if (
        not isinstance(value, list | tuple)
        or not value
        or not all(isinstance(one, str) and one.strip() for one in value)
    ):
        raise ValueError(f'must be a list of states such as ["live"], not {shown(value)}')
    return [one.strip() for one in value]


Address: TypeAlias = Annotated[str, AfterValidator(lambda given: _address(given, answers=False))]
AnswersAddress: TypeAlias = Annotated[str, AfterValidator(lambda given: _address(given, answers=True))]
Headers: TypeAlias = Annotated[dict[str, str], AfterValidator(_headers)]
Pointer: TypeAlias = Annotated[str, AfterValidator(_pointer)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Poll(_Table):
    """Where to ask how it goes on, and what the answer means. Places in it are JSON pointers."""

    url: AnswersAddress
    state: Pointer = "/status"
    success: list[str]
    failure: list[str]
    every: Duration = timedelta(seconds=5)
    headers: Headers = {}
    description: Pointer | None = None
    progress: Pointer | None = None
    environment_url: Pointer | None = None
    log_url: Pointer | None = None

    _states = field_validator("success", "failure", mode="before")(_words)

    @field_validator("failure")
    @classmethod
    def _tells_them_apart(cls, failure: list[str], info: Any) -> list[str]:
        both = {one.casefold() for one in failure} & {one.casefold() for one in info.data.get("success", ())}
        if both:
            raise ValueError(f"has {listed(sorted(both))}, which means success already")
        return failure

    @field_serializer("every")
    def _as_written(self, every: timedelta) -> str:
        return f"{every.total_seconds():.0f}s"


class Cancel(_Table):
    """How to stop it."""

    url: AnswersAddress
    method: Method = "POST"
    headers: Headers = {}

    @field_validator("method")
    @classmethod
    def _changes_something(cls, method: Method) -> Method:
        if method == "GET":
            raise ValueError("cannot be GET, which changes nothing")
        return method


class Settings(_Table):
    """``provider = { type = "http", url = "https://deploy.example.com/hooks/web" }``.

    ``secret``: the name of the variable whose value signs what is sent and what is called back. ``headers`` and
    ``body``: what the hook wants beside or instead of ours. ``poll``: where to ask how it goes on, if it calls nobody.
    ``cancel``: how to stop it. ``remove``: whether the hook is asked to take a preview away as well, by the task
    ``remove``, or whoever is at ``remove_url``.
    """

    url: Address
    secret: VariableName = DEFAULT_SECRET
    headers: Headers = {}
    body: dict[str, Any] | None = None
    poll: Poll | None = None
    cancel: Cancel | None = None
    remove: bool = False
    remove_url: Address | None = None

    @model_validator(mode="after")
    def _tells_what_is_wanted(self) -> Self:
        told = (self.url, *self.headers.values(), *_texts(self.body))
        if self.remove and not self.remove_url and self.body is not None and not any("{task}" in one for one in told):
            raise ValueError(
                "has `remove` and a `body` without {task}: the hook could not tell that it is to remove, and would "
                "deploy. Write {task} into the `body`, or set `remove_url`"
            )
        return self

    @field_validator("secret")
    @classmethod
    def _is_no_secret_of_the_bot(cls, name: str) -> str:
        if name != DEFAULT_SECRET:
            _variables(f"${name}")
        return name

    @field_validator("body")
    @classmethod
    def _can_be_filled(cls, body: dict[str, Any] | None) -> dict[str, Any] | None:
        for template in _texts(body):
            _variables(template)
            if unknown := unknown_gaps(template, _GAPS_OF_BODIES, answers=False):
                raise ValueError(f"has {{{unknown[0]}}} in it, which stands for nothing")
        return body

    def asks(self, job: Job) -> str:
        """The address that is asked to begin with the job."""
        removal = self.remove_url is not None and removes(job.task, job.environment, job.pull_request)
        return self.remove_url if removal and self.remove_url else self.url

    @property
    def asked(self) -> list[str]:
        """The addresses that are asked to begin."""
        return [self.url, *([self.remove_url] if self.remove_url is not None else [])]

    @property
    def named(self) -> list[str]:
        """The variables that it names, each once, in the order in which they are written."""
        parts = [part for part in (self.poll, self.cancel) if part is not None]
        templates = [*self.asked, *self.headers.values(), *_texts(self.body)]
        templates += [template for part in parts for template in (part.url, *part.headers.values())]
        return list(dict.fromkeys([self.secret, *(name for one in templates for name in variables_in(one))]))

    @property
    def pointers(self) -> list[str]:
        """What has to be known of the hook's answer."""
        urls = [part.url for part in (self.poll, self.cancel) if part is not None]
        return list(dict.fromkeys(gap for url in urls for gap in gaps_in(url) if gap.startswith("/")))


def removes_previews(settings: Settings) -> bool:
    return settings.remove or settings.remove_url is not None


def _texts(value: JSON | Mapping[str, Any]) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


__all__ = ["DEFAULT_SECRET", "OF_THE_DEPLOYMENT", "Cancel", "Poll", "Settings", "removes_previews"]
