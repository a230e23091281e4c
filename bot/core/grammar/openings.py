"""The words with which people begin: greetings, requests, questions, and what only asks to be shown something.

They are written like the patterns of ``phrasing``: ``[…]`` may be left out, ``(a|b)`` is one of several.
"""

from __future__ import annotations

import re

_LIGHT = "please|pls|plz|kindly|just|now|maybe|possibly|quickly|also|then"
_WE = "(i|we|one|somebody|someone|anybody|anyone)"
_IF = "[if|whether|about]"


def _pattern(*openings: str, then: str = r"[\s,]+") -> re.Pattern[str]:
    said = "|".join(re.sub(r" \[([^\]]+)\]", r"( (\1))?", one) for one in openings).replace("(", "(?:")
    return re.compile(rf"(?:{said})(?: (?:{_LIGHT}))*{then}(?=\S)", re.IGNORECASE)


GREETING = _pattern(
    *("hey", "hi", "hello", "yo", "ok", "okay", "alright", "all right", "right", "great", "cool", "perfect", "nice"),
    *("awesome", "thanks", "thank you", "thx", "yes", "yep", "yeah", "yup", "sure", "so", "and", "then", "now", "oh"),
    *("please", "pls", "plz", "kindly", "pretty please", "everyone", "everybody", "team", "all", "folks", "guys"),
    *("bot", "buddy", "friend", "mate", "there", "dear", "@?shipmate"),
    *("hiya", "good morning", "good afternoon", "good evening", "morning", "afternoon", "evening"),
    then=r"(?:[\s,.!]|:(?=\s))+",  # with a colon an emoji may begin
)
REQUEST = _pattern(
    "(can|could|would|will) (you|u|ya)",
    "(let's|lets|let us) [go ahead and|all]",
    "(let me|lemme|would you mind to|go ahead and|go and|feel free to|try to|try and|be so kind to|be so kind as to)",
    "(i|we) [would] (want|need|like) [you] to",
    "(i'd|we'd) like [you] to",
    "(i|we) wanna",
    "(time to|it's time to|it is time to)",
)
"""What makes a deed of what follows, also where it ends in a question mark."""
QUESTION = _pattern(
    f"(can|could|may|might|shall|should|must|do|does|did|would) {_WE}",
    f"what [happens|would happen|will happen] if {_WE}",
    "what [happens|would happen|will happen] if you",
    "(am i|are we) (allowed|able) to",
    "(should you|are you going to|have you|have we)",
    "do you (want|plan) to",
    "do you (think|recommend) (i|we) should",
    "(would|is|was) it [be] (ok|okay|safe|possible|fine|time|allowed|wise|good) to",
    "(would|is|was) it [be] (ok|okay|safe|possible|fine|allowed|wise|good) [if] (i|we)",
    "(ok|okay|safe) to",
    "how about [we]",
    "why (not|don't we|don't you)",
    "when (can|should|shall|do|will) (i|we|you)",
    "did (you|anybody|somebody|anyone|someone)",
)
"""What makes a question of what follows, whether it ends in a question mark or not."""
LOOK = _pattern(
    f"(show|tell|give|get) [me|us] {_IF}",
    f"let (me|us) (see|know) {_IF}",
    f"do you know {_IF}",
    f"(i|we) [would] (want|need|like) to (see|know) {_IF}",
    f"(i'd|we'd) like to (see|know) {_IF}",
    f"(any idea|find out|wonder|wondering|i wonder) {_IF}",
    f"(check|check on|look|look at|look up) {_IF}",
    "(list|see|view|display|print|what about)",
)
"""What only asks to be shown something."""


def opening_of(line: str) -> re.Match[str] | None:
    """The opening at the beginning of the line, where something follows it. Its ``re`` is one of those above."""
    return GREETING.match(line) or LOOK.match(line) or QUESTION.match(line) or REQUEST.match(line)
