"""What an app and an environment ask for, in the place of their settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True)
class App:
    name: str = "web"
    allowed_channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Environment:
    name: str = "production"
    required_checks: Literal["all", "none"] | tuple[str, ...] = "all"
    ignored_checks: tuple[str, ...] = ()
    deployers: tuple[str, ...] = ()
    required_reviews: int = 0
    after: str | None = None
    approvals: int = 0
    approvers: tuple[str, ...] = ()
    approval_timeout: timedelta = timedelta(hours=1)
