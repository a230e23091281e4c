"""Where what was merged is meant to get to."""

from __future__ import annotations

import pytest

from bot.services.productions import productions
from bot.settings import read

HEAD = '[slack]\nchannel = "#deploys"\n[apps.web]\nrepository = "acme/web"\n'
ENVIRON = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "GITHUB_TOKEN": "ghp_1",
    "GITHUB_WEBHOOK_SECRET": "a secret that is long enough",
}


def places(**environments: str) -> list[str]:
    tables = "".join(f"[apps.web.environments.{name}]\n{lines}\n" for name, lines in environments.items())
    settings = read(HEAD + tables, ENVIRON)
    return [target.environment.name for target in productions(settings.apps["web"])]


@pytest.mark.parametrize(
    ("environments", "found"),
    [
        ({"staging": "", "production": ""}, ["production"]),
        ({"staging": "", "eu": "production = true", "us": "production = true"}, ["eu", "us"]),
        ({"dev": 'promote_to = "qa"', "qa": 'promote_to = "demo"', "demo": ""}, ["demo"]),
        ({"dev": 'promote_to = "production"', "production": 'promote_to = "later"', "later": ""}, ["production"]),
        ({"demo": ""}, ["demo"]),
        ({"dev": "", "demo": ""}, []),
        ({"production": "transient = true", "demo": ""}, ["demo"]),
        ({"dev": 'promote_to = "review"', "review": "transient = true", "demo": ""}, []),
    ],
)
def test_it_is_production_else_the_end_of_the_promotions_else_all_there_is(
    environments: dict[str, str], found: list[str]
) -> None:
    assert places(**environments) == found
