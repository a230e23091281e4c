"""How long a test waits for what must come: only something that hangs takes as long, on however busy a machine."""

from __future__ import annotations

PATIENCE = 300.0
"""Seconds."""
