"""The tables of docs/settings.md, made from the models: ``python -m bot.settings.reference`` writes them there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bot.settings.environment import Secrets
from bot.settings.models import (
    AppSettings,
    BotSettings,
    EnvironmentSettings,
    GitHubSettings,
    PreviewSettings,
    ProviderSettings,
    SlackSettings,
    WindowSettings,
)
from bot.settings.planned import described
from bot.settings.stages import HealthSettings, StepSettings
from bot.settings.table import Table
from bot.settings.webhooks import WebhookSettings

PAGE = Path("docs/settings.md")
BEGIN = "<!-- The tables below are made by python -m bot.settings.reference -->"
END = "<!-- The tables above are made by python -m bot.settings.reference -->"

_TABLES: Sequence[tuple[str, type[Table]]] = (
    ("[bot]", BotSettings),
    ("[slack]", SlackSettings),
    ("[apps.<app>]", AppSettings),
    ("[apps.<app>.github]", GitHubSettings),
    ("[apps.<app>.environments.<environment>]", EnvironmentSettings),
    ("[[apps.<app>.environments.<environment>.windows]]", WindowSettings),
    ("[[apps.<app>.environments.<environment>.before_deploy]] and [[….after_deploy]]", StepSettings),
    ("[apps.<app>.environments.<environment>.health]", HealthSettings),
    ("[apps.<app>.environments.<environment>.preview]", PreviewSettings),
    ("[[webhooks]]", WebhookSettings),
)


def refreshed(page: str) -> str:
    """The page with its tables made anew; what is written around them stays."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{reference()}\n{END}{after}"


def reference() -> str:
    """A Markdown section for each table of the file, and one for the environment."""
    sections = [_section(f"`{title}`", "key", _rows(table)) for title, table in _TABLES]
    return "\n".join([*sections, _section("Environment", "variable", _variables())])


def _section(title: str, column: str, rows: Iterator[str]) -> str:
    head = f"## {title}\n\n| {column} | default | example | meaning |\n|---|---|---|---|\n"
    return head + "".join(f"{row}\n" for row in rows)


def _rows(table: type[Table]) -> Iterator[str]:
    for name, field in table.model_fields.items():
        if name in table.COMPUTED or name in {"environments", "previews"}:
            continue
        example = field.examples[0] if field.examples else None
        yield _row(
            field.alias or name, _default(field), toml(example) if example is not None else "", _meaning(name, field)
        )


def _variables() -> Iterator[str]:
    for name, field in Secrets.model_fields.items():
        yield _row(name.upper(), _default(field), "", _meaning(name, field))


def _meaning(name: str, field: FieldInfo) -> str:
    return described(name, field.description or "")


def _row(key: str, default: str, example: str, meaning: str) -> str:
    cells = [f"`{key}`", default, f"`{example}`" if example else "", meaning]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(field: FieldInfo) -> str:
    if "; default: " in (field.description or ""):
        return "depends"
    if field.is_required():
        return "required"
    if field.default is None:
        return ""
    return f"`{toml(field.default)}`"


def toml(value: object) -> str:
    """A value as it is written in the file."""
    match value:
        case SecretStr():  # only defaults come here, and those are no secrets
            return value.get_secret_value()
        case ProviderSettings():
            return toml({"type": value.type})
        case Table():
            return toml(value.model_dump(exclude_defaults=True))
        case timedelta():
            seconds = int(value.total_seconds())
            size, unit = next((size, unit) for size, unit in ((3_600, "h"), (60, "m"), (1, "s")) if seconds % size == 0)
            return f'"{seconds // size}{unit}"'
        case dict() if not value:
            return "{}"
        case dict():
            return "{ " + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(toml(one) for one in value) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    PAGE.write_text(refreshed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
