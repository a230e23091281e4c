"""Probot from npm, installed beside the project and out of its sight."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path

from tests.bench.running import Measured, listens, process

PLACE = Path(".shipmate") / "peer"
VERSION = "14"


def missing() -> str | None:
    """Install Probot, once; why it is not there, None where it is."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "Probot is left out: there is no npm here."
    if not (PLACE / "node_modules" / "probot").is_dir():
        PLACE.mkdir(parents=True, exist_ok=True)
        install = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(PLACE)]
        try:
            subprocess.run([*install, f"probot@{VERSION}"], check=True, capture_output=True, timeout=120)
        except (subprocess.SubprocessError, OSError):
            return "Probot is left out: npm could not install it."
    shutil.copy(Path(__file__).parent / "probot.mjs", PLACE / "probot.mjs")
    return None


def probot(kind: str) -> AbstractContextManager[Measured]:
    """``server`` is what ``probot run`` starts, ``middleware`` the same without its server and log."""
    return process(["node", str(PLACE / "probot.mjs"), kind], listens)
