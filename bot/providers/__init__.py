"""Ways to carry a deployment out: one module each, with ``Settings``, ``start`` and ``follow``. Nothing to register."""

from __future__ import annotations

import importlib
import pkgutil
from typing import cast

from bot.core.errors import NotThere
from bot.core.names import nearest
from bot.core.ports.provider import Provider


def names() -> list[str]:
    """The names of all providers, in alphabetical order: the modules of this package."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def load(name: str) -> Provider:
    """The provider called ``name``. Raises NotThere with the nearest name."""
    known = names()
    if name not in known:
        meant = nearest(name, known)
        hint = f"Did you mean {meant}?" if meant else f"There are: {', '.join(known)}."
        raise NotThere(f"There is no provider {name}. {hint}")
    return cast(Provider, importlib.import_module(f"{__name__}.{name}"))


def authenticate(service: str) -> None:
    """Show a service that providers work with its key. Raises Unavailable, and NotAccepted where it is refused still.

    Such a module has the name of its ``SERVICE``, and ``authenticate`` beside it.
    """
    for name in names():
        module = importlib.import_module(f"{__name__}.{name}")
        if getattr(module, "SERVICE", None) == service:
            module.authenticate()
