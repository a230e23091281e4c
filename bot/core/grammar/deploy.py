"""How ``deploy`` is read and written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.core import phrases
from bot.core.grammar.arguments import BECAUSE, FLAG, TO, misread, read_reason, read_subject, show_quoted, show_subject
from bot.core.grammar.commands import Deploy
from bot.core.grammar.tokens import Misread, TokenCursor, quote, shorten
from bot.core.grammar.vocabulary import Vocabulary
from bot.core.names import nearest

VERB = re.compile(r"deploy(?::(?P<task>[\w.:-]*[\w.-]))?(?P<force>!)?", re.IGNORECASE | re.ASCII)

# what the command means anyway, and what a polite person adds
IDLE = frozenset({"now", "please", "pls"})

_PARAM = re.compile(r"(?P<key>[A-Za-z_][\w.-]*)=(?P<value>.*)", re.DOTALL | re.ASCII)


def read_deploy(cursor: TokenCursor, words: Vocabulary) -> Deploy:
    """Everything that ``deploy`` takes. A branch named like an app is reached as ``web/web``.

    ``friday`` after the app is a moment, and so is ``friday at 9`` in the app's place: a branch of that name is reached
    as ``web/friday``.
    """
    verb = VERB.fullmatch(cursor.verb)
    task = f"deploy:{verb['task']}" if verb and verb["task"] else "deploy"
    deploy = Deploy(task=task, force=bool(verb and verb["force"]))
    if not cursor.done and cursor.word() not in IDLE and not clause_begins(cursor, first=True):
        deploy = _read_subject(cursor, words, deploy)
    while not cursor.done:
        deploy = _read_clause(cursor, words, deploy)
    if deploy.may_be_ref and deploy.environment is not None:
        # where it goes is said besides, so that it was the ref after all
        deploy = replace(deploy, ref=deploy.may_be_ref, may_be_ref=None)
    elif deploy.may_be_ref:
        deploy = replace(deploy, environment=_environment(deploy.may_be_ref, deploy.app, words))
    _demand_parameters(deploy, words)
    if deploy.at and deploy.every:
        return replace(deploy, at=None, every=_together(deploy.at, deploy.every))
    return deploy


def _demand_parameters(deploy: Deploy, words: Vocabulary) -> None:
    """Raises Misread where a parameter says what is to be deployed, or where to, and nothing else does."""
    for key, value in deploy.params:
        meant = None
        if key.lower() in {"env", "environment"} and deploy.environment is None:
            place = _environment(value, deploy.app, words)
            meant = place and deploy.with_environment(place)
        elif key.lower() in {"ref", "branch", "tag", "commit", "sha"} and (deploy.ref or deploy.may_be_ref) is None:
            meant = deploy.with_ref(value)
        elif key.lower() in {"app", "project", "service"} and deploy.app is None:
            app = words.app(value)
            meant = app and deploy.with_app(app)
        if meant:
            rest = tuple(pair for pair in deploy.params if pair != (key, value))
            line = show_deploy(replace(meant, params=rest))
            raise Misread(
                f"I take {shorten(f'{key}={value}')} for a parameter: what goes where is said without “=”.", (line,)
            )


def _read_subject(cursor: TokenCursor, words: Vocabulary, deploy: Deploy) -> Deploy:
    """What is to be deployed. An environment's name in the place of a ref is kept until it is known what follows."""
    first = cursor.left
    ref_may_follow = len(first) > 1 and not clause_begins(_further(cursor, 1), first=False)
    app, ref = read_subject(cursor, words, second=ref_may_follow)
    last = first[len(first) - len(cursor.left) - 1]
    if ref is None or last.quoted or last.text != ref:
        return replace(deploy, app=app, ref=ref)
    if _environment(ref, app, words):
        return replace(deploy, app=app, may_be_ref=ref)
    what, at, where = ref.partition("@")
    if at and what and _environment(where, app, words) and not _says_where(cursor, deploy):
        subject = f"{app} {what}" if app else what
        raise Misread(f"What is {shorten(ref)}?", (f"{deploy.task} {subject} to {where}",) if cursor.done else ())
    return replace(deploy, app=app, ref=ref)


def _says_where(cursor: TokenCursor, deploy: Deploy) -> bool:
    return deploy.environment is not None or any(token.word in TO for token in cursor.left)


def _environment(word: str, app: str | None, words: Vocabulary) -> str | None:
    """The environment that the word means, as typed where the apps do not agree on one."""
    known = words.environment(word, app)
    if known is None and app is None and words.home is None:
        return word if any(scope.environment(word) for scope in words.apps.values()) else None
    return known


def show_deploy(deploy: Deploy) -> str:
    hosts = f"/{deploy.hosts}" if deploy.hosts else ""
    shown = deploy.task + show_subject(deploy.app, deploy.ref)
    if deploy.may_be_ref:
        shown += f" {deploy.may_be_ref}"
    elif deploy.environment:
        shown += " to " + quote(deploy.environment + hosts)
    shown += "".join(f" {key}={quote(value)}" for key, value in deploy.params)
    shown += " when green" if deploy.when_green else ""
    shown += " " + phrases.show_moment(deploy.at) if deploy.at else ""
    shown += f" every {deploy.every}" if deploy.every else ""
    return shown + (" " + FLAG + show_quoted(deploy.force_reason) if deploy.force else "")


def _further(cursor: TokenCursor, ahead: int) -> TokenCursor:
    """The line from the word ``ahead`` of the next one on."""
    return TokenCursor(cursor.text[cursor.left[ahead].start :])


def _lowered(cursor: TokenCursor) -> list[str]:
    return [token.word for token in cursor.left]


def clause_begins(cursor: TokenCursor, *, first: bool) -> bool:
    """Whether the next words are no app and no ref. A day's name alone is one as the ``first`` word."""
    token = cursor.left[0]
    if token.key or token.word.startswith("-") or _PARAM.fullmatch(token.word):
        return True
    if token.word in TO | BECAUSE | {"at", "every", "when"}:
        return True
    if token.quoted:
        return " " in token.text
    length = phrases.moment(_lowered(cursor))
    return length > (1 if first and ":" not in token.word else 0)


def _read_clause(cursor: TokenCursor, words: Vocabulary, deploy: Deploy) -> Deploy:
    token = cursor.left[0]
    if token.word in IDLE:
        cursor.take()
        return deploy
    if FLAG in {token.key, token.word.partition("=")[0]}:
        return _read_force(cursor, words, deploy)
    param = _PARAM.fullmatch(token.text) if not token.quoted else None
    if token.key or param:
        cursor.take()
        pair = (param["key"], param["value"]) if param else (token.key, token.value)
        return replace(deploy, params=(*deploy.params, pair))
    if token.word == "when" and cursor.word(1) == "green":
        cursor.take(2)
        return replace(deploy, when_green=True)
    if token.word in {"at", "every"} or phrases.moment(_lowered(cursor)):
        return _read_moment(cursor, deploy)
    if token.word in TO:
        cursor.take()
        return _read_environment(cursor, words, deploy)
    if not token.quoted and deploy.environment is None and _with_hosts(token.text, deploy.app, words) is not None:
        if deploy.may_be_ref:
            raise _one_at_a_time(cursor, deploy, deploy.may_be_ref)
        return _read_environment(cursor, words, deploy)
    if not token.quoted and token.word not in BECAUSE:
        raise misread(token, cursor)
    if not deploy.force or deploy.force_reason is not None:
        raise Misread(f"A reason belongs to a force: write {FLAG} in front of it.")
    return replace(deploy, force_reason=read_reason(cursor))


def _one_at_a_time(cursor: TokenCursor, deploy: Deploy, first: str) -> Misread:
    """Two environments, and nothing to deploy: a line for each where nothing else was said."""
    second, whose = cursor.left[0].text, f" {deploy.app}" if deploy.app else ""
    alone = len(cursor.left) == 1 and deploy == Deploy(app=deploy.app, task=deploy.task, may_be_ref=first)
    lines = tuple(f"{deploy.task}{whose} to {name}" for name in (first, second)) if alone else ()
    return Misread(f"One at a time, please: I understood {shorten(first)} and {shorten(second)}.", lines)


def _read_environment(cursor: TokenCursor, words: Vocabulary, deploy: Deploy) -> Deploy:
    word = cursor.take().text
    if deploy.environment is not None:
        raise Misread(f"To {shorten(deploy.environment)} or to {shorten(word)}? I understood both.")
    parts = word.rstrip("/").split("/")
    known = _with_hosts(word, deploy.app, words)
    environment, hosts = known or (parts[0] or word, "/".join(parts[1:]) or None)
    return replace(deploy, environment=environment, hosts=hosts)


def _with_hosts(word: str, app: str | None, words: Vocabulary) -> tuple[str, str | None] | None:
    """An environment and its host filter. Environments may contain slashes themselves: the longest known name wins."""
    parts = word.rstrip("/").split("/")
    for length in range(len(parts), 0, -1):
        environment = words.environment("/".join(parts[:length]), app)
        if environment is not None:
            return environment, "/".join(parts[length:]) or None
    return None


def _read_moment(cursor: TokenCursor, deploy: Deploy) -> Deploy:
    keyword = cursor.take().word if cursor.word() in {"at", "every"} else ""
    left = _lowered(cursor)
    if keyword == "every":
        count = phrases.repetition(left)
    else:
        count = phrases.after_keyword(left) if keyword else phrases.moment(left)
    if count > 1 and left[0] == "on":
        cursor.take()
        count -= 1
    phrase = cursor.take_words(max(count, 1))
    known = deploy.every if keyword == "every" else deploy.at
    if known is not None:
        raise Misread(f"When? I understood {shorten(known)} and {shorten(phrase)}.")
    return replace(deploy, every=phrase) if keyword == "every" else replace(deploy, at=phrases.as_moment(phrase))


def _together(at: str, every: str) -> str:
    """``at 9:00 every weekday`` and ``every weekday at 9:00`` are the same."""
    if "at" in every.lower().split():
        raise Misread(f"When? I understood {shorten(at)} and every {shorten(every)}.")
    return f"{every} at {at}"


def _read_force(cursor: TokenCursor, words: Vocabulary, deploy: Deploy) -> Deploy:
    """``--force``, ``--force="why"``, ``--force "why"``, and ``--force why``, which goes on to the end of the line."""
    token = cursor.take()
    reason = token.value if token.key else token.text.partition("=")[2]
    if not reason and not cursor.done and not _goes_on(cursor, deploy):
        reason = cursor.take().text if cursor.left[0].quoted else _unquoted_reason(cursor, words, deploy)
    if reason and deploy.force_reason is not None:
        raise Misread("I understood two reasons for the force.")
    return replace(deploy, force=True, force_reason=reason or deploy.force_reason)


def _goes_on(cursor: TokenCursor, deploy: Deploy) -> bool:
    """Whether no reason but another clause follows ``--force``, as in ``--force to production``."""
    if cursor.left[0].quoted and not cursor.left[0].key:
        return False
    if cursor.word() not in TO or phrases.moment(_lowered(cursor)):
        return clause_begins(cursor, first=False)
    if deploy.environment is not None or len(cursor.left) < 2:
        return False
    return len(cursor.left) == 2 or clause_begins(_further(cursor, 2), first=False)


def _unquoted_reason(cursor: TokenCursor, words: Vocabulary, deploy: Deploy) -> str:
    left = _lowered(cursor)
    if left[1:2] == ["to"] and len(left) > 2 and words.environment(left[2].partition("/")[0], deploy.app):
        return cursor.take().text
    # a deployment at the wrong place or time costs more than a question
    if any(_may_be_command(left[place:], words, deploy) for place in range(1, len(left))):
        raise Misread("I cannot tell where the reason ends: please put it in quotes.")
    return cursor.take_rest()


def _may_be_command(left: Sequence[str], words: Vocabulary, deploy: Deploy) -> bool:
    """Whether words inside a reason without quotes may have been meant as a part of the command."""
    if deploy.at is None and deploy.every is None:
        timed = left[0] == "at" and len(left) > 1 and left[1][:1].isdigit()
        if timed or left[0] == "every" or phrases.moment(left):
            return True
    if left[0] in TO and len(left) > 1 and deploy.environment is None:
        mistyped = len(left) == 2 and (left[0] == "to" or nearest(left[1], words.environments) is not None)
        return mistyped or words.environment(left[1], deploy.app) is not None
    return left[0].startswith("--") or left[:2] == ["when", "green"] or _PARAM.fullmatch(left[0]) is not None
