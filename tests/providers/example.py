"""The provider that CONTRIBUTING.md has as its example, as if it stood in a file of ``bot/providers``."""

from __future__ import annotations

import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import cast

from bot.core.ports.provider import Provider

PAGE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"
NAME = "spool"


def code() -> str:
    """The one example that is a whole file."""
    examples = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    [found] = [one for one in examples if "carries_out = " in one]
    return str(found)


@cache
def provider() -> Provider:
    module = ModuleType(f"{__name__}.{NAME}")
    sys.modules[module.__name__] = module  # annotations are looked up there
    exec(compile(code(), str(PAGE), "exec"), module.__dict__)
    return cast(Provider, module)
