"""Secrets in what a provider writes, hidden by their value where it is known, and by their form where it is not.

Every pattern is anchored to something that begins a secret and reads on in one class of characters, so that hiding
takes time in proportion to the length of the line, whatever stands in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.core.ansi import COLOUR

MASK = "••••"
SHORTEST = 6
"""Shorter ones would hide ordinary words; no real token is as short."""
KEY_LINES = 200
"""A private key has no more lines than that: whatever its end should be, output does not stay hidden for ever."""

Span = tuple[int, int]

# https://github.blog/engineering/behind-githubs-new-authentication-token-formats, https://api.slack.com/authentication/token-types,
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids,
# https://devcenter.heroku.com/articles/oauth, https://www.rfc-editor.org/rfc/rfc7519#section-3
_WHOLE = re.compile(
    r"gh[pousr]_[A-Za-z0-9_.-]{16,}+"
    r"|github_pat_[A-Za-z0-9_]{16,}+"
    r"|xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{8,}+"
    r"|xapp-[A-Za-z0-9-]{8,}+"
    r"|hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/]{16,}+"
    r"|(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])"
    r"|HRKU-[A-Za-z0-9_-]{16,}+"
    r"|glpat-[A-Za-z0-9_-]{16,}+|npm_[A-Za-z0-9]{30,}+|pypi-[A-Za-z0-9_-]{50,}+"
    r"|(?:sk|rk)_live_[A-Za-z0-9]{16,}+"
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]{4,}+){2,4}+"
)
# Most lines have none of this, and are done with sooner.
_HINT = re.compile(
    r"gh[pousr]_|github_pat_|xox|xapp-|hooks\.slack|A[KS]IA|HRKU-|glpat-|npm_|pypi-|_live_|eyJ|://|PRIVATE KEY"
    r"|(?i:bearer|basic|authorization)"
)
# What stands before the group says that the group is a secret, and stays.
_AFTER = (
    re.compile(r"://[^\s/:@]{0,200}+:([^\s/]{1,500})@"),
    re.compile(
        r"\b(?i:authorization)[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?(?:[A-Za-z]{1,20}[ \t]{1,4})?([^\s\"',;]{8,}+)"
    ),
    # Prose goes on with a word ("basic authentication"); a credential has a digit, padding or a capital inside.
    re.compile(
        r"\b(?i:bearer|basic)[ \t]{1,4}(?=[A-Za-z._~+/-]*(?:[0-9=]|[a-z][A-Z]|[A-Z]{2}[a-z]))([A-Za-z0-9._~+/=-]{8,}+)"
    ),
)
_KEY = r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_KEY_BEGINS, _KEY_ENDS = re.compile(f"-----BEGIN {_KEY}"), re.compile(f"-----END {_KEY}")


class Masker:
    """Hides ``values`` and what looks like a secret, line by line.

    ``key_lines`` is how many more lines may belong to a private key that has begun: all that is known of the lines
    before, so that another process can go on.
    """

    def __init__(self, values: Iterable[str] = (), key_lines: int = 0) -> None:
        parts = {part.strip() for value in values for part in (value, *value.splitlines())}
        self._values = sorted((part for part in parts if len(part) >= SHORTEST), key=len, reverse=True)
        self.key_lines = key_lines

    def hide(self, line: str, start: int = 0) -> str:
        """The line from ``start`` on; what stands before is looked at too, as a secret may have begun there.

        Colours within a secret do not keep it from being found, and stay.
        """
        places, text = _without_colours(line)
        spans = list(self._of_values(text))
        if self.key_lines or _HINT.search(text):
            spans += [*self._of_a_key(text), *_of_a_kind(text)]
        if not spans:
            return line[start:]
        spans = _merged(spans)
        shown, at = [], start
        for begin, end in spans:
            first, last = places[begin], places[end - 1] + 1
            if last <= start:
                continue
            shown += [line[at : max(at, first)], MASK, *COLOUR.findall(line[max(at, first) : last])]
            at = last
        return "".join([*shown, line[at:]])

    def _of_values(self, text: str) -> Iterator[Span]:
        for value in self._values:
            at = text.find(value)
            while at >= 0:
                yield at, at + len(value)
                at = text.find(value, at + len(value))

    def _of_a_key(self, text: str) -> Iterator[Span]:
        """All between the first and the last line of a private key, which stay."""
        at = 0
        while True:
            if not self.key_lines:
                begins = _KEY_BEGINS.search(text, at)
                if begins is None:
                    return
                at, self.key_lines = begins.end(), KEY_LINES + 1
            ends = _KEY_ENDS.search(text, at)
            until = ends.start() if ends else len(text)
            if text[at:until].strip():
                yield at, until
            self.key_lines = 0 if ends else self.key_lines - 1
            if ends is None:
                return
            at = ends.end()


def _of_a_kind(text: str) -> Iterator[Span]:
    for found in _WHOLE.finditer(text):
        yield found.span()
    for pattern in _AFTER:
        for found in pattern.finditer(text):
            yield found.span(1)


def _without_colours(line: str) -> tuple[range | list[int], str]:
    """The text, and where each of its characters stands in the line."""
    if "\x1b" not in line:
        return range(len(line)), line
    places: list[int] = []
    at = 0
    for found in COLOUR.finditer(line):
        places.extend(range(at, found.start()))
        at = found.end()
    places.extend(range(at, len(line)))
    return places, "".join([line[place] for place in places])


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and begin < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((begin, end))
    return merged
