"""``make chaos``: the bot is killed and the world around it fails, seeded and bounded; prints its figures."""

from __future__ import annotations

import argparse
import random
import sys

from tests.chaos.game import Outcome, play
from tests.chaos.places import PLACES


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument(
        "--seed", type=int, default=None, help="the same seed begins the same story (default: a new one)"
    )
    parser.add_argument("--rounds", type=int, default=12, help="how many rounds at most, of twelve turns each")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--places", default=",".join(PLACES), help="who carries out, of: %(default)s (all)")
    parser.add_argument(
        "--seconds",
        type=float,
        default=None,
        help="how long new things happen at most, for each database (default: 50, and 900 with --every-point)",
    )
    parser.add_argument("--every-point", action="store_true", help="go on until somebody has died at every named point")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().randint(1, 1_000_000)
    print(f"seed {seed}", flush=True)
    places = tuple(given.places.split(","))
    databases = ("sqlite", "postgres") if given.database == "both" else (given.database,)
    rounds, usual = (1_000, 900.0) if given.every_point else (given.rounds, 50.0)
    seconds = usual if given.seconds is None else given.seconds
    outcomes = [
        play(database, seed, rounds, seconds, places=places, every_point=given.every_point) for database in databases
    ]
    for outcome in outcomes:
        show(outcome)
    return 1 if any(outcome.broken for outcome in outcomes) else 0


def show(outcome: Outcome) -> None:
    print(f"\n{outcome.database}")
    for name, figure in outcome.figures.items():
        if isinstance(figure, dict):
            figure = ", ".join(f"{key}: {count}" for key, count in sorted(figure.items())) or "none"
        print(f"  {name:24} {figure}")
    print(f"  {'promises broken':24} {len(outcome.broken)}")
    for sentence in outcome.broken:
        print(f"  ✗ {sentence}")


if __name__ == "__main__":
    sys.exit(main())
