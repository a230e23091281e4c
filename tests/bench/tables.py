"""Figures as tables that read well in a terminal and are Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def show(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], notes: Sequence[str] = ()) -> None:
    widths = [max(len(row[n]) for row in (heads, *rows)) for n in range(len(heads))]
    print(f"\n### {title}\n", flush=True)
    for row in (heads, ["-" * width for width in widths], *rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
    for note in notes:
        print(f"\n{note}")
    print(flush=True)


def milliseconds(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    return f"{seconds * 1000:.2f} ms" if seconds < 0.0995 else f"{seconds * 1000:,.0f} ms"


def megabytes(size: float) -> str:
    """As ps, top and Heroku count them: of 1,048,576 bytes."""
    return f"{size / 2**20:.0f} MB"


def times(ratio: float) -> str:
    return f"{ratio:.2f} ×"


def median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
