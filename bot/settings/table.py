"""What all tables of settings.toml have in common."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """One table of the file. ``COMPUTED`` fields are filled in by the reader and cannot be written in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    COMPUTED: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def keys(cls) -> list[str]:
        """What may be written in the file, as it is written there."""
        return [field.alias or name for name, field in cls.model_fields.items() if name not in cls.COMPUTED]
