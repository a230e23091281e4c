"""What the query of an address asks of an app's history, and the sentence for what it cannot mean."""

from __future__ import annotations

import pytest

from bot.core.deployments.history import Wanted
from bot.core.deployments.history_filters import LONGEST, wanted
from bot.core.deployments.model import State
from bot.core.errors import Rejected

ENVIRONMENTS = ("staging", "production")


def known(name: str) -> str | None:
    return {"prod": "production", "preview-12": "preview-12"}.get(name)


def of(**asked: str) -> Wanted:
    return wanted("web", asked, ENVIRONMENTS, known)


@pytest.mark.parametrize(
    ("asked", "means"),
    [
        ({}, Wanted("web")),
        (
            {"environment": "", "state": " ", "person": "", "ref": "", "before": "", "key": "x", "other": "y"},
            Wanted("web"),
        ),
        ({"environment": "staging"}, Wanted("web", environment="staging")),
        ({"environment": "prod"}, Wanted("web", environment="production")),
        ({"environment": "preview-12"}, Wanted("web", environment="preview-12")),
        ({"state": "timed_out"}, Wanted("web", state=State.TIMED_OUT)),
        ({"state": "Timed out"}, Wanted("web", state=State.TIMED_OUT)),
        ({"state": "timed-out"}, Wanted("web", state=State.TIMED_OUT)),
        ({"person": " @maria "}, Wanted("web", person="@maria")),
        ({"ref": "feature/ünï 🚀"}, Wanted("web", ref="feature/ünï 🚀")),
        ({"before": "120"}, Wanted("web", before=120)),
        ({"before": "#120"}, Wanted("web", before=120)),
        ({"before": "9" * 18}, Wanted("web", before=int("9" * 18))),
    ],
)
def test_what_is_meant(asked: dict[str, str], means: Wanted) -> None:
    assert of(**asked) == means


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"environment": "prodcution"}, "web has no environment called “prodcution”. Did you mean production?"),
        ({"environment": "mars"}, "web has no environment called “mars”. It has staging and production."),
        (
            {"state": "live"},
            "There is no state “live”. The states are requested, waiting, starting, running, succeeded, failed, error, "
            "timed_out, cancelled, superseded and expired.",
        ),
        ({"before": "yesterday"}, "“yesterday” is no number of a deployment: before=120 shows what came before #120."),
        ({"before": "-1"}, "“-1” is no number of a deployment: before=120 shows what came before #120."),
        ({"before": "٣"}, "“٣” is no number of a deployment: before=120 shows what came before #120."),
        ({"before": "9" * 19}, f"“{'9' * 19}” is no number of a deployment: before=120 shows what came before #120."),
        ({"ref": "a\0b"}, "The ref is too long, or has something in it that cannot be typed."),
        ({"person": "a\u202eb"}, "The person is too long, or has something in it that cannot be typed."),
        (
            {"environment": "x" * (LONGEST + 1)},
            "The environment is too long, or has something in it that cannot be typed.",
        ),
        ({"state": "\ud800"}, "The state is too long, or has something in it that cannot be typed."),
    ],
)
def test_what_cannot_be_meant_is_said(asked: dict[str, str], said: str) -> None:
    with pytest.raises(Rejected) as raised:
        of(**asked)

    assert str(raised.value) == said
