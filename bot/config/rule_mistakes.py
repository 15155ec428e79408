"""What can be wrong with rules beyond the shape of their keys: conditions, templates, names of metrics (pure).

Asked of the plain values, so that it is told along with all other mistakes.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.config.conditions import LONGEST, BadCondition, read
from bot.config.document import Document
from bot.config.errors import KeyPath, Problem, nearest, shown
from bot.config.rules import BUILT_IN, OVER_METRICS, entries
from bot.config.templates import BadTemplate, check
from bot.phrasing import cut

Wrong = tuple[KeyPath, str, str]

AT = ("alerts", "rules")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def mistakes(values: Mapping[str, Any], metrics: frozenset[str]) -> Iterator[Wrong]:
    """Each mistake in a rule as (path, found, allowed)."""
    alerts = values.get("alerts")
    rules = alerts.get("rules") if isinstance(alerts, Mapping) else None
    for name, given in rules.items() if isinstance(rules, Mapping) else ():
        if isinstance(given, Mapping):
            rule = {**OVER_METRICS.get(name, {}), **given}
            yield from _of_rule((*AT, name), str(name), given, rule, metrics)


def _of_rule(
    at: KeyPath, name: str, given: Mapping[str, Any], rule: Mapping[str, Any], metrics: frozenset[str]
) -> Iterator[Wrong]:
    for key in ("condition", "clear"):
        if isinstance(given.get(key), str) and given[key] and len(given[key]) <= LONGEST:
            yield from _condition((*at, key), given[key], metrics)
    if given.get("anomaly") is not None and given.get("condition"):
        yield (*at, "anomaly"), "an anomaly beside a condition", "one of them; make two rules"
    if rule.get("clear") and not rule.get("condition"):
        yield (*at, "clear"), "an end without a condition", "a condition beside it"
    if name in BUILT_IN and (given.get("condition") or given.get("anomaly")):
        key = "condition" if given.get("condition") else "anomaly"
        yield (*at, key), f"{key} of the built-in rule {name}", "another name for a rule of your own"
    yield from _second(at, rule)
    yield from _anomaly((*at, "anomaly"), given.get("anomaly"), metrics)
    yield from _texts_of(at, given)


def _condition(at: KeyPath, text: str, metrics: frozenset[str]) -> Iterator[Wrong]:
    try:
        read(text, metrics.__contains__, sorted(metrics))
    except BadCondition as bad:
        yield at, f"{bad.found} in {shown(text)}", bad.allowed


def _second(at: KeyPath, rule: Mapping[str, Any]) -> Iterator[Wrong]:
    """What ends a rule must be known whenever its condition is: it may not need further metrics."""
    condition, clear = rule.get("condition"), rule.get("clear")
    try:
        first, second = read(str(condition)), read(str(clear))
    except BadCondition:
        return
    if extra := sorted(set(second.metrics) - set(first.metrics)):
        yield (*at, "clear"), f"{extra[0]}, which the condition does not name", ", ".join(first.metrics)


def _anomaly(at: KeyPath, anomaly: Any, metrics: frozenset[str]) -> Iterator[Wrong]:
    metric = anomaly.get("metric") if isinstance(anomaly, Mapping) else None
    if isinstance(metric, str) and metric not in metrics:
        allowed = f"a metric that is collected or pushed{nearest(metric, sorted(metrics))}"
        yield (*at, "metric"), f'the unknown metric "{cut(metric, 60)}"', allowed


def _texts_of(at: KeyPath, given: Mapping[str, Any]) -> Iterator[Wrong]:
    for key in ("summary", "description"):
        try:
            check(given[key] if isinstance(given.get(key), str) else "")
        except BadTemplate as bad:
            yield (*at, key), bad.found, bad.allowed
    runbook = given.get("runbook")
    if isinstance(runbook, str) and runbook and not re.match(r"https?://\S+$", runbook):
        yield (*at, "runbook"), shown(runbook), "an address that begins with https:// or http://"
    labels = given.get("labels")
    for label in labels if isinstance(labels, Mapping) else ():
        if label == "alertname" or not _LABEL.fullmatch(str(label)):
            yield (*at, "labels", label), shown(str(label)), "letters, digits and _, and not alertname"


def unlisted(document: Document) -> tuple[dict[str, Any], list[Problem]]:
    """The document's values with `alerts.rules` as a mapping, also when the file has a list of rules with a `name`.

    The document learns on which lines the rules of the list stand, under their names.
    """
    alerts = document.values.get("alerts")
    rules = alerts.get("rules") if isinstance(alerts, Mapping) else None
    if not isinstance(alerts, Mapping) or not isinstance(rules, list | tuple):
        return document.values, []
    mapping: dict[str, Any] = {}
    problems = []
    named = {index: (name, rule) for name, index, rule in entries(rules)}
    for index, rule in enumerate(rules):
        name, rest = named.get(index, ("", {}))
        if not name or name in mapping:
            found = f"{shown(name)} a second time" if name else shown(rule)
            problems.append(document.problem((*AT, index), found, "a rule with a `name` of its own"))
            continue
        mapping[name] = rest
        _rename(document, index, name)
    return {**document.values, "alerts": {**alerts, "rules": mapping}}, problems


def _rename(document: Document, index: int, name: str) -> None:
    for path in [path for path in document.lines if path[:3] == (*AT, index)]:
        document.lines[(*AT, name, *path[3:])] = document.lines[path]
    for path in [path for path in document.secrets if path[:3] == (*AT, index)]:
        document.secrets[(*AT, name, *path[3:])] = document.secrets[path]
