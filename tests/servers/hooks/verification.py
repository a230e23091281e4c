"""How whoever receives a webhook makes sure that it is Shipmate's: the example of docs/webhooks.md, which tests run."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any


def verified(body: bytes, signature: str, secret: str, now: datetime | None = None) -> dict[str, Any] | None:
    """The event, None where the request is not Shipmate's or is an old one that somebody sends again."""
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(signature.encode(), expected.encode()):
        return None
    event: dict[str, Any] = json.loads(body)
    sent_at = datetime.fromisoformat(event["sent_at"].replace("Z", "+00:00"))
    if abs((now or datetime.now(UTC)) - sent_at) > timedelta(minutes=5):
        return None
    return event
