"""``python -m bot.gallery``: writes the gallery's pages, and with ``pictures`` those of the README."""

from __future__ import annotations

import sys
from pathlib import Path

from bot.core.errors import ShipmateError
from bot.gallery.forms import forms
from bot.gallery.page import page
from bot.gallery.pictures import draw
from bot.gallery.scenes import groups
from bot.gallery.text_page import text_page

DOCS = Path(__file__).parents[2] / "docs"


def pages() -> dict[str, str]:
    """What is written under which name."""
    found, asked = groups(), forms()
    return {"messages.md": text_page(found, asked), "messages.html": page(found, asked)}


def main(arguments: list[str]) -> int:
    if arguments == ["pictures"]:
        return _pictures()
    if arguments:
        print("It is: python -m bot.gallery, or python -m bot.gallery pictures", file=sys.stderr)
        return 2
    if not DOCS.is_dir():
        print(f"✗ There is no {DOCS}: run it in a checkout of the repository.", file=sys.stderr)
        return 1
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
    return 0


def _pictures() -> int:
    try:
        draw(DOCS / "pictures")
    except ShipmateError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
