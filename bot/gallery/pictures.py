"""The README's picture: a deployment to production as its channel sees it, light and dark, drawn by Chromium."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from bot.core.deployments import thread
from bot.core.deployments.card import Around, card
from bot.core.errors import NotThere, Rejected
from bot.core.notices.model import Concerned
from bot.gallery import cards
from bot.gallery.material import Material
from bot.gallery.page import document, message
from bot.gallery.scene import Scene

WIDTH, HEIGHT = 640, 432
PATIENCE_SECONDS = 120
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
LOOK = """
<style>
body { padding: 8px 16px; max-width: none; }
.avatar.person { background: #2c6e9b; font-size: 16px; }
.message { padding: 5px 0; }
</style>
"""


def conversation(material: Material | None = None) -> str:
    """A command, the card that it became, and the two replies below the command."""
    made = material or Material()
    live = replace(cards.live(made), approved_by=(made.actor("bob"),))
    alice = Concerned(made.mention("alice"), (), 0)
    told = [
        message(Scene("run", thread.run(live), "thread"), "14:02"),
        message(Scene("end", thread.end(live, alice), "thread"), "14:06"),
    ]
    asked = (
        '<div class="message"><div class="avatar person">A</div><div class="who"><b>alice</b> <time>14:02</time></div>'
        '<div class="body"><div class="section"><span class="mention">@shipmate</span> deploy main to production</div>'
        '<div class="reactions"><span>✅ 1</span></div></div></div><div class="replies">2 replies</div>'
    )
    shown = message(Scene("card", card(live, Around(production=True))), "14:02")
    return LOOK + asked + "".join(told) + shown


def draw(folder: Path) -> None:
    """Write ``card-light.png`` and ``card-dark.png``. Raises NotThere without a browser, Rejected where it fails."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise NotThere(f"There is no {' or '.join(BROWSERS)} here: install one (Debian: apt-get install chromium).")
    folder.mkdir(exist_ok=True)
    for theme in ("light", "dark"):
        with tempfile.TemporaryDirectory() as place:
            page = Path(place) / "page.html"
            page.write_text(document("Shipmate", conversation(), theme), encoding="utf-8")
            _shot(browser, page, folder / f"card-{theme}.png")


def _shot(browser: str, page: Path, picture: Path) -> None:
    done = subprocess.run(  # noqa: S603 - a browser of this machine, on a page of ours
        [
            *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *(f"--screenshot={picture}", f"--window-size={WIDTH},{HEIGHT}", page.as_uri()),
        ],
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    if done.returncode != 0 or not picture.exists():
        raise Rejected(f"{browser} has drawn no {picture.name}: {done.stderr.decode(errors='replace').strip()[-500:]}")
