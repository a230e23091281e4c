"""Addresses, headers and bodies with gaps in them: ``{sha}`` of the deployment, ``{/id}`` of an answer, ``$NAME``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from bot.core.errors import Rejected
from bot.core.hooks.pointers import JSON, is_pointer

_GAP = re.compile(r"\{([^{}]*)\}")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")
_PART = re.compile(rf"{_VARIABLE.pattern}|{_GAP.pattern}")
_WHOLE = re.compile(r"\{([^{}]*)\}")
_SCHEME = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)


def variables_in(template: str) -> list[str]:
    """The names of the variables that it holds.

    >>> variables_in("Bearer $RENDER_API_KEY"), variables_in("https://${HOST}/x"), variables_in("5$")
    (['RENDER_API_KEY'], ['HOST'], [])
    """
    return [one[1] or one[2] for one in _VARIABLE.finditer(template)]


def gaps_in(template: str) -> list[str]:
    """What stands in braces, the names of variables aside.

    >>> gaps_in("https://api.example/{app}/{/deploy/id}?key=${KEY}")
    ['app', '/deploy/id']
    """
    return _GAP.findall(_VARIABLE.sub("", template))


def pointers_in(template: str) -> list[str]:
    """Those of its gaps that an answer fills."""
    return [gap for gap in gaps_in(template) if gap.startswith("/")]


def unknown_gaps(template: str, known: Mapping[str, JSON] | frozenset[str], *, answers: bool) -> list[str]:
    """Gaps that nothing fills; with ``answers`` those that are pointers are filled by an answer."""
    return [
        gap
        for gap in gaps_in(template)
        if gap not in known and not (answers and gap.startswith("/") and is_pointer(gap))
    ]


def begins_an_address(template: str) -> bool:
    """Whether it may become an address: it says so itself, or the first gap or variable does."""
    return _SCHEME.match(template) is not None or template.startswith(("$", "{/"))


def is_torn(template: str) -> bool:
    """Whether it has a brace that belongs to no gap.

    >>> is_torn("https://x.example/{/id"), is_torn("https://x.example/{/id}")
    (True, False)
    """
    return re.search(r"[{}]", _PART.sub("", template)) is not None


def address(template: str, values: Mapping[str, str], variable: Callable[[str], str]) -> str:
    """The address, with values quoted so that none of them can be more than a piece of it.

    Where the answer tells the whole address, it is taken as it is. Raises Rejected for a value that is missing, or
    would lead elsewhere.

    >>> address("https://x.example/{/id}?v=$V", {"/id": "a/b c"}, lambda name: "1")
    'https://x.example/a%2Fb%20c?v=1'
    """
    whole = _WHOLE.fullmatch(template)
    made = _value(whole[1], values) if whole else _filled(template, lambda gap: _piece(gap, values), variable)
    if not _SCHEME.match(made) or re.search(r"[\s\x00-\x1f\x7f]", made):
        raise Rejected("The address of the hook does not begin with https:// or http://, or has a space in it.")
    return made


def line(template: str, values: Mapping[str, str], variable: Callable[[str], str]) -> str:
    """A header's value: one line, whatever is filled in."""
    return " ".join(_filled(template, lambda gap: _value(gap, values), variable).split())


def document(template: JSON, values: Mapping[str, JSON], variable: Callable[[str], str]) -> JSON:
    """A body: texts are filled; one that is nothing but a gap becomes the value as it is.

    >>> document({"commit": "{sha}", "n": 1, "all": ["{params}"]}, {"sha": "1a2b", "params": {"a": "b"}}, str)
    {'commit': '1a2b', 'n': 1, 'all': [{'a': 'b'}]}
    """
    if isinstance(template, dict):
        return {key: document(one, values, variable) for key, one in template.items()}
    if isinstance(template, list):
        return [document(one, values, variable) for one in template]
    if not isinstance(template, str):
        return template
    whole = _WHOLE.fullmatch(template)
    if whole and whole[1] in values:
        return values[whole[1]]
    texts = {name: value if isinstance(value, str) else str(value) for name, value in values.items()}
    return _filled(template, lambda gap: _value(gap, texts), variable)


def _filled(template: str, gap: Callable[[str], str], variable: Callable[[str], str]) -> str:
    """In one pass, so that what is filled in is never read as a gap itself."""

    def fill(found: re.Match[str]) -> str:
        return gap(found[3]) if found[3] is not None else variable(found[1] or found[2])

    return _PART.sub(fill, template)


def _piece(gap: str, values: Mapping[str, str]) -> str:
    value = _value(gap, values)
    if value in (".", ".."):
        raise Rejected(f"{{{gap}}} is “{value}”, which would lead to another address.")
    return quote(value, safe="")


def _value(gap: str, values: Mapping[str, str]) -> str:
    if gap not in values:
        raise Rejected(f"The hook's answer has nothing at {gap}." if gap.startswith("/") else f"There is no {{{gap}}}.")
    return values[gap]


def is_one_gap(template: str) -> bool:
    """Whether all of it comes out of one gap.

    >>> is_one_gap("{/status_url}"), is_one_gap("https://api.example/{/id}")
    (True, False)
    """
    return _WHOLE.fullmatch(template) is not None
