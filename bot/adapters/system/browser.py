"""Whether a link can be opened for whoever sits at the terminal."""

from __future__ import annotations

import sys
import webbrowser
from collections.abc import Mapping


def has_browser(environ: Mapping[str, str]) -> bool:
    """Not over SSH, nor on a Linux without a display: it would open elsewhere, or in the terminal itself."""
    if not sys.stdout.isatty() or environ.get("SSH_CONNECTION"):
        return False
    if sys.platform == "linux" and not (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True
