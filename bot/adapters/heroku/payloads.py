"""What is used of the Platform API's answers, in the shapes in which they come.

https://devcenter.heroku.com/articles/platform-api-reference
"""

from __future__ import annotations

from msgspec import Struct


class Reference(Struct, frozen=True):
    """Something else, by its id."""

    id: str | None = None


NOWHERE = Reference()


class App(Struct, frozen=True):
    id: str
    name: str
    web_url: str | None = None
    maintenance: bool = False

    @property
    def address(self) -> str | None:
        """Where people reach it; an app need not have one."""
        return self.web_url if self.web_url and self.web_url.startswith(("https://", "http://")) else None


class Formation(Struct, frozen=True):
    """So many dynos of one type of process, which a Procfile names."""

    type: str
    quantity: int


class SourceBlob(Struct, frozen=True):
    url: str | None = None
    version: str | None = None
    version_description: str | None = None


class Build(Struct, frozen=True):
    """``status``: pending, succeeded or failed. It has a release only once it has succeeded."""

    id: str
    status: str
    created_at: str = ""
    output_stream_url: str | None = None
    source_blob: SourceBlob = SourceBlob()
    release: Reference | None = None

    @property
    def release_id(self) -> str | None:
        return (self.release or NOWHERE).id


class Release(Struct, frozen=True):
    """``status``: pending while its release phase runs, then succeeded or failed; expired where that was too long ago.

    Only where there is a release phase it has an ``output_stream_url``.
    """

    id: str
    version: int
    status: str | None = None
    current: bool = False
    description: str | None = None
    slug: Reference | None = None
    output_stream_url: str | None = None
    eligible_for_rollback: bool = True

    @property
    def slug_id(self) -> str | None:
        return (self.slug or NOWHERE).id

    @property
    def succeeded(self) -> bool:
        """Releases of long ago have no status."""
        return self.status in ("succeeded", None)


class Slug(Struct, frozen=True):
    id: str
    commit: str | None = None


class Pipeline(Struct, frozen=True):
    id: str


class Coupling(Struct, frozen=True):
    pipeline: Reference


class Promotion(Struct, frozen=True):
    id: str


class PromotionTarget(Struct, frozen=True):
    """``status``: pending, succeeded or failed."""

    status: str
    release: Reference | None = None
    error_message: str | None = None

    @property
    def release_id(self) -> str | None:
        return (self.release or NOWHERE).id


class Account(Struct, frozen=True):
    email: str
