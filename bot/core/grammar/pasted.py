"""What people paste, and what the bot writes itself, in the words of the grammar: links, ``acme/web@topic``."""

from __future__ import annotations

from bot.core.grammar.vocabulary import Vocabulary


def written_out(line: str, words: Vocabulary) -> str:
    return line
