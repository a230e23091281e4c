"""What the pages for operators say of metrics is true: the table, the dashboard and the alert rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.core import Metric

from bot.adapters.storage.measures import Look
from bot.core.deployments.model import ENDED, Waiting
from bot.core.measures.model import Move, Tally
from bot.core.ports.measures import RESULTS
from bot.http.metrics import Exporter, Looked, Meter, Vitals

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "metrics.md").read_text(encoding="utf-8")
DASHBOARD = json.loads((DOCS / "grafana.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((DOCS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
GIVEN_WITH = ("_bucket", "_sum", "_count")


def families() -> dict[str, Metric]:
    """All that any process exports, where everything has happened once."""
    meter, tally = Meter(), Tally()
    meter.webhooks.labels("ping", "202").inc()
    meter.quota("acme", 5_000, None)
    with meter.call("github"):
        tally.count(Move("succeeded", 1.0, 1.0))
    one = {"delivery": 0}
    look = Look({("web", "production"): tally}, {"checks": 0}, 0, one, one, 1, 0.0)
    vitals = Vitals(lambda: (0, 5), lambda: {"command": 0}, lambda: True)
    told = Exporter(meter, vitals, lambda: look, lambda: 0)._families(Looked(look, 0))
    found = {f"{one.name}_total" if one.type == "counter" else one.name: one for one in told}
    return {name: one for name, one in found.items() if not name.startswith("process_")}


EXPORTED = families()


def labels(family: Metric) -> set[str]:
    return {label for sample in family.samples for label in sample.labels} - {"le"}


def rows() -> Iterator[tuple[str, set[str], str]]:
    """Each metric of the table, its labels, and what it is of."""
    for name, given, of, _ in re.findall(r"^\| `(shipmate_\w+)` \|([^|]*)\| (\w+) \| (.*) \|$", PAGE, re.MULTILINE):
        yield name, set(re.findall(r"`(\w+)`", given)), of


def named(text: str) -> set[str]:
    """The metrics that an expression asks for."""
    found = set(re.findall(r"shipmate_\w+", text))
    ends = "|".join(GIVEN_WITH)
    return {bare if (bare := re.sub(f"(?:{ends})$", "", one)) in EXPORTED else one for one in found}


def test_the_table_has_every_metric_with_its_labels_and_no_other() -> None:
    assert {name: given for name, given, _ in rows()} == {name: labels(one) for name, one in EXPORTED.items()}
    assert {of for *_, of in rows()} == {"database", "process"}


def test_every_metric_says_what_it_is() -> None:
    assert [name for name, one in EXPORTED.items() if not one.documentation] == []


def test_the_page_names_every_result_and_every_reason() -> None:
    ends, waits, results = (
        re.search(pattern, PAGE, re.DOTALL | re.MULTILINE)
        for pattern in (r"^\| `shipmate_deployments_total`.*?$", r"^\| `shipmate_waiting`.*?$", r"### Results.*?\n## ")
    )
    assert ends is not None
    assert waits is not None
    assert results is not None

    assert [one for one in ENDED if f"`{one}`" not in ends[0]] == []
    assert [one for one in Waiting if f"`{one}`" not in waits[0]] == []
    assert [one for one in RESULTS if f"`{one}`" not in results[0]] == []


def expressions(panel: dict[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


def test_the_dashboard_shows_every_metric_and_none_that_is_not_there() -> None:
    shown = {name for panel in DASHBOARD["panels"] for one in expressions(panel) for name in named(one)}

    assert shown == set(EXPORTED)


def test_the_dashboard_can_be_imported_wherever_prometheus_is_called_what() -> None:
    sources = {json.dumps(panel["datasource"]) for panel in DASHBOARD["panels"]}
    ids = [panel["id"] for panel in DASHBOARD["panels"]]

    assert sources == {'{"type": "prometheus", "uid": "${datasource}"}'}
    assert [one["name"] for one in DASHBOARD["templating"]["list"]] == ["datasource"]
    assert len(ids) == len(set(ids))


def test_what_is_the_same_on_every_process_is_never_added_up() -> None:
    of_database = {name for name, _, of in rows() if of == "database"}
    asked = [one for panel in DASHBOARD["panels"] for one in expressions(panel)] + [rule["expr"] for rule in alerts()]

    summed = [one for one in asked if named(one) & of_database and re.search(r"\bsum\b(?! by \(instance)", one)]

    assert summed == []


def alerts() -> list[dict[str, Any]]:
    return [rule for group in RULES for rule in group["rules"]]


def test_every_alert_asks_for_what_is_there_says_what_to_do_and_is_on_the_page() -> None:
    listed = re.findall(r"^\| `(Shipmate\w+)` \|", PAGE, re.MULTILINE)

    assert {name for rule in alerts() for name in named(rule["expr"])} <= set(EXPORTED)
    assert [rule["alert"] for rule in alerts()] == listed
    assert [rule for rule in alerts() if not rule["annotations"]["description"].endswith(".")] == []
    assert {rule["labels"]["severity"] for rule in alerts()} == {"page", "warn"}
