"""Signatures as GitHub makes them: HMAC-SHA256 of the raw bytes of a body, in hexadecimal."""

from __future__ import annotations

import hmac
from collections.abc import Sequence

REQUEST_ID = "X-Shipmate-Request-Id"
TIMESTAMP = "X-Shipmate-Timestamp"
SIGNATURE = "X-Shipmate-Signature-256"
EVENT = "X-Shipmate-Event"
DELIVERY = "X-Shipmate-Delivery"
IDEMPOTENCY_KEY = "Idempotency-Key"


def signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()


def signed_by(secrets: Sequence[str], body: bytes, header: str) -> list[str]:
    """Those of the secrets that have made the signature ``header``, in constant time; an empty one signs nothing."""
    given = header.encode("utf-8", "replace")
    return [one for one in secrets if hmac.compare_digest(signature(one, body).encode(), given) and one]
