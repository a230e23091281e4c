"""What people add to a command without asking for more: thanks, emoji, a full stop."""

from __future__ import annotations

import re
import unicodedata

_SHORTCODE = r":[a-z0-9_+'-]*[a-z][a-z0-9_+'-]*:|:[+-]1:"
_SHORTCODES = re.compile(rf"(?:{_SHORTCODE})+", re.IGNORECASE)
_SHORTCODES_AT_END = re.compile(rf"(?<=.)(?:{_SHORTCODE})+$", re.IGNORECASE)
_SMILEYS = frozenset({":)", ":-)", ":d", ";)", ";-)", "^^", "<3", "xd"})
# joiners, variation selectors, keycaps and skin tones are parts of an emoji
_PARTS = frozenset("\u200d\ufe0e\ufe0f\u20e3")

_THANKS = re.compile(
    r"(?<!\S)(?P<thanks>"
    r"(?:(?:many|kind) )?(?:thanks|thank you|thankyou|thank u|thx|thnx|tnx|tysm|tyvm|cheers|tia)"
    r"(?: (?:a lot|a million|a bunch|so much|very much|in advance|again|everyone|everybody|all|team|folks|guys|mate))*"
    r"|(?:pretty )?please|pls|plz|if you please"
    r")[.!,;:~\s]*$",
    re.IGNORECASE,
)
_LONGEST_THANKS = 100
_HELLO = re.compile(r"(?:hey|hi|hello|hiya|yo|good (?:morning|afternoon|evening)|morning|afternoon|evening)\b")
_THANKS_ALONE = re.compile(r"\b(?:thanks|thank you|thankyou|thank u|thx|thnx|tnx|tysm|tyvm|cheers|ty)\b")
_ABBREVIATION_OR_DATE = re.compile(r"(?:[A-Za-z]\.){2,}|[0-9]{1,2}\.(?:[0-9]{1,2}\.)?")


def is_emoji(word: str) -> bool:
    """Whether the word is nothing but emoji: ``🚀``, ``:rocket:``, ``:+1:``, ``:)``.

    >>> [is_emoji(word) for word in ("🚀", ":rocket:", ":+1:", "5", "v:1:", "#")]
    [True, True, True, False, False, False]
    """
    if _SHORTCODES.fullmatch(word) or word.lower() in _SMILEYS:
        return True
    drawn = [char for char in word if char not in _PARTS]
    return bool(drawn) and all(_is_drawn(char) for char in drawn)


def _is_drawn(char: str) -> bool:
    return char > "\xff" and unicodedata.category(char) in {"So", "Sk"} and not _is_arrow(char)


def _is_arrow(char: str) -> bool:
    """An arrow says where to."""
    return char in "➔➙➛➜➝➞➟➠➡⟶⇨"


def thanks_begin(text: str) -> int | None:
    """Where the thanks begin with which ``text`` ends; None where it ends otherwise."""
    found = _THANKS.search(text, max(0, len(text) - _LONGEST_THANKS))
    return found.start("thanks") if found else None


def courtesy(text: str) -> str | None:
    """The emoji that answers thanks, or a greeting; None for what is neither.

    >>> courtesy("thanks a lot!"), courtesy("Hello there"), courtesy("ok"), courtesy("please")
    ('👍', '👋', None, None)
    """
    words = text.strip(" .!,:;~…").lower()
    if _HELLO.match(words):
        return "👋"
    return "👍" if _THANKS_ALONE.search(words) else None


def without_marks_at_end(word: str, *, polite: bool) -> str:
    """The last word of a command without what ends its sentence. Before thanks there may be a comma as well.

    >>> [without_marks_at_end(word, polite=False) for word in ("topic.", "v1.2.", "p.m.", "prod:rocket:", "topic!")]
    ['topic', 'v1.2', 'p.m.', 'prod', 'topic!']
    """
    bare = _SHORTCODES_AT_END.sub("", word)
    if _ABBREVIATION_OR_DATE.fullmatch(bare):
        return bare
    if bare.strip(".…"):
        bare = bare.rstrip(".…")
    return (bare.rstrip(",;!") or bare) if polite else bare
