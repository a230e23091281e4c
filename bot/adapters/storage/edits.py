"""What somebody said and changed since: which deliveries that are."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.core.events.external import EDIT


def said_so_far(delivery: sa.ColumnElement[Any], said: str, changed_before: str) -> sa.ColumnElement[bool]:
    """Whether it is the delivery ``said``, or a change of what was said in it that came before ``changed_before``.

    The ids of changes end with when each was made, all in as many digits.
    """
    change = sa.and_(delivery.startswith(f"{said}{EDIT}", autoescape=True), delivery < changed_before)
    return sa.or_(delivery == said, change)
