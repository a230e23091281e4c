"""Decoding: JSON, and what rows hold of it, read as one of our classes, each of which one thread gets ready first.

msgspec looks at a class when it is read for the first time, and other threads see what it has found when that is half
done: whoever reads the same class meanwhile takes the whole process down (SIGSEGV; all versions up to 0.22).
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
_getting_ready = threading.Lock()
_ready: dict[Any, msgspec.json.Decoder[Any]] = {}


def decode(body: bytes | str | msgspec.Raw, kind: type[T]) -> T:
    """Raises what ``msgspec.json.decode`` does."""
    return _decoder(kind).decode(body)  # type: ignore[no-any-return]


def convert(value: Any, kind: Any, *, strict: bool = True) -> Any:
    """What is JSON no more becomes a ``kind``. Raises what ``msgspec.convert`` does."""
    _decoder(kind)
    return msgspec.convert(value, kind, strict=strict)


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    found = _ready.get(kind)
    if found is not None:
        return found
    with _getting_ready:
        # A decoder knows its class with all that this holds: making one is what must not be done twice at a time.
        found = _ready.get(kind) or msgspec.json.Decoder(kind)
        _ready[kind] = found
        return found
