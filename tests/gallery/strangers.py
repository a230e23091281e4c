"""What strangers write at their worst: pings, markup, code, other scripts, what is not seen, and no end of it."""

from __future__ import annotations

from functools import cache

from bot.gallery.material import Material

PINGS = "<!channel> <!here|here> <@U0MALLORY> <!subteam^S0MALLORY>"
MARKUP = (
    "*bold* _it_ ~gone~ `code` ```block``` <https://evil.example|click> [x](https://evil.example) | a | b | &lt;b&gt;"
)
SCRIPTS = "</div></details><script>alert(1)</script><img src=x onerror=alert(1)> ]]> \"quoted\" 'so'"
LETTERS = (
    "👩‍👩‍👧‍👦 🏴‍☠️ 😀 שלום עולם مرحبا "
    "\u202eevil\u202c \u200b\u2028✅ *shop → production* is live\n\n> quoted\r\n• listed"
)
LONGEST_REF = 240


@cache  # hundreds of scenes say the same, and all of them are kept: 3 GB
def worst(usual: str) -> str:
    """Four thousand characters of it, with the usual text first."""
    return f"{usual} {PINGS} {MARKUP} {SCRIPTS} {LETTERS} {'endless ' * 500}"[:4_000]


@cache
def worst_ref(usual: str) -> str:
    """All that git lets a branch be called."""
    return f"{usual}/<!channel>|`rm`&<@U0MALLORY>/{'é😀ש' * 80}"[:LONGEST_REF]


WORST = Material(strange=worst, strange_ref=worst_ref, many=300)
EMPTY = Material(strange=lambda _: "", many=1)
"""Texts that are not there at all."""
