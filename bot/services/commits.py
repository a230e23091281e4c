"""The commit behind what people call it besides a plain ref: ``topic@bc493b1``, one's own branch, a thread's commit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.context import Context
from bot.core import replies
from bot.core.errors import NotAllowed, NotThere, Refused, Rejected
from bot.core.ports.forge_types import Commit, Meaning
from bot.core.refs import HEADS, TAGS
from bot.services import authorization

_PINNED = re.compile(r"(?P<name>[^@].*)@(?P<id>[0-9a-fA-F]{7,40})")


def split_pin(ref: str) -> tuple[str, str] | None:
    """``topic@bc493b1`` as the bot writes it, as the branch and the id; None where the ref does not look so.

    The commit is meant, whatever else is called like this: a branch of that name is ``refs/heads/topic@bc493b1``.
    """
    found = _PINNED.fullmatch(ref)
    return (found["name"], found["id"].lower()) if found and not ref.startswith((HEADS, TAGS)) else None


def of_thread(context: Context, repository: str, digits: str) -> Commit | None:
    """The commit of the thread's deployment, where it is that: wherever its branch is by now, and if it is gone."""
    about = context.thread.about if context.thread else None
    if about is None or about.sha != digits or about.repository != repository:
        return None
    return Commit(about.sha, about.ref, about.title, "", about.url or "", pull_request=about.pull_request)


def begun_with(context: Context, repository: str, digits: str) -> list[Meaning]:
    """All commits whose ids begin so."""
    found = {one.commit.sha: one for one in context.forge.meanings(repository, digits)}
    return [one for one in found.values() if one.commit.sha.startswith(digits) and not one.exact.startswith("refs/")]


def on_branch(context: Context, repository: str, name: str, commit: Commit) -> Commit | None:
    """The commit, by the name of its branch. None where the branch is there and has not this commit.

    Where there is no such branch, nobody can tell what it had: the commit goes by its id then.
    """
    branch = context.forge.resolve(repository, HEADS + name)
    if branch is None:
        return commit
    if branch.sha != commit.sha and not context.forge.holds(repository, name, commit.sha):
        return None
    return Commit(commit.sha, name, commit.title, commit.author, commit.url, commit.parents)


def own_branch(context: Context, repository: str) -> str:
    """The branch to which the asker has pushed last. Raises Refused where that cannot be told."""
    login = authorization.asker(context).forge_login
    if login is None:
        raise Refused(replies.who_are_you_on_github(can_link=context.forge.users.sign_in is not None))
    try:
        found: Sequence[str] = context.forge.branches_of(repository, login)
    except (NotAllowed, NotThere, Rejected):
        found = ()
    if not found:
        raise Refused(replies.no_branch_of_yours(repository, login))
    return found[0]
