"""The reference of the commands in Markdown, made from their declarations: docs/commands.md, between its comments."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from bot.core.grammar.declared.deeds import DEEDS
from bot.core.grammar.declared.holds import HOLDS
from bot.core.grammar.declared.looks import LOOKS
from bot.core.grammar.declared.people import PEOPLE
from bot.core.grammar.registry import HELP, Spec

FAMILIES: tuple[tuple[str, tuple[Spec, ...]], ...] = (
    ("Deploying", DEEDS),
    ("Locks and freezes", HOLDS),
    ("Looking", LOOKS),
    ("People, and the bot itself", (*PEOPLE, HELP)),
)
APP, ENVIRONMENT = "web", "production"


def command_reference(there: Collection[type] | None = None) -> str:
    """A section for each command: its forms, its help, examples, and other names of it. Those that are not among the
    types ``there`` are marked."""
    return "\n".join(line for title, specs in FAMILIES for line in (f"## {title}", "", *_sections(specs, there)))


def _sections(specs: tuple[Spec, ...], there: Collection[type] | None) -> Iterator[str]:
    for spec in specs:
        yield from (f"### {spec.name}", "", f"{spec.help}{_note(spec, there)}", "", f"`{spec.usage}`", "")
        yield from (f"- `{_filled(example)}`" for example in spec.examples)
        if spec.aliases:
            yield from ("", f"Also: {', '.join(f'`{name}`' for name in spec.aliases)}")
        yield ""


def _note(spec: Spec, there: Collection[type] | None) -> str:
    missing = there is not None and spec.makes not in there
    return f"{' It changes nothing.' if spec.read_only else ''}{' *Not there yet.*' if missing else ''}"


def _filled(example: str) -> str:
    return example.replace("{app}", APP).replace("{environment}", ENVIRONMENT)
