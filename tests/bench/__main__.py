"""``python -m tests.bench [SUBJECT …]``: measures, and prints each figure beside a peer's or the bare limit's."""

from __future__ import annotations

import argparse
import importlib
import os
import time

SUBJECTS = {
    "accept": "webhooks accepted per second, beside Probot and the bare limits",
    "storm": "a storm of webhooks, and a command in the middle of it",
    "scale": "one and four workers on one Postgres",
    "soak": "many deployments: what each leaves behind, and what idling costs (--full: two thousand)",
    "processes": "start-up time, memory and idle CPU of web, worker and run",
    "replies": "from a command to its reply, from a webhook to its message",
    "waiting": "ten thousand waiting deployments in one worker",
    "board": "the home tab of fifty apps, beside a look at place by place",
    "history": "reads from a database of finished deployments, beside a new one (--full: a million)",
    "year": "a year of a team on one database: rows and bytes of each table (--postgres: on Postgres)",
}

BY_NAME = {"year"}
"""What takes longer than all others together."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    lines = "; ".join(f"{name}: {line}" for name, line in SUBJECTS.items())
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=lines)
    parser.add_argument("--full", action="store_true", help="a million finished deployments instead of 200,000")
    parser.add_argument("--seconds", type=float, default=0.9, help="how long each rate is measured, four times")
    parser.add_argument("--postgres", action="store_true", help="the year on Postgres instead of SQLite")
    parser.add_argument("--days", type=int, default=365, help="how long the year is")
    given = parser.parse_args()
    unknown = [name for name in given.subjects if name not in SUBJECTS]
    if unknown:
        parser.error(f"There is no subject {', '.join(unknown)}; there are {', '.join(SUBJECTS)}.")
    began = time.monotonic()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores; load before: {load}. With other work on the machine the figures are worse.")
    for name in given.subjects or [one for one in SUBJECTS if one not in BY_NAME]:
        importlib.import_module(f"tests.bench.{name}").bench(given)
    print(f"Took {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
