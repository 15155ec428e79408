"""What must fit together across manage.yml.

Asked of the plain values, so that it is told along with all other mistakes (pure).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.config.durations import parse_after, spell
from bot.config.errors import KeyPath, one_of, shown
from bot.config.plugins import Kind
from bot.config.rule_mistakes import metric_names, mistakes

Wrong = tuple[KeyPath, str, str]


def crossed(values: Mapping[str, Any], sources: Mapping[str, Kind] | None = None) -> Iterator[Wrong]:
    """Each mismatch as (path, found, allowed). Values of a wrong type are passed over: their models say so."""
    yield from _names_twice(values)
    yield from _unknown_policies(values)
    yield from _unknown_channels(values)
    yield from _unordered_steps(values)
    yield from mistakes(values, metric_names(values, sources or {}))
    if "slack" in _mapping(values, "notifications"):
        yield ("notifications", "slack"), 'the name "slack"', "another name, Slack is always there"


def _mapping(values: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values if isinstance(values, Mapping) else {}


def _policies(values: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    for name, steps in _mapping(values, "escalation").items():
        if isinstance(steps, list | tuple):
            yield name, list(steps)


def _names_twice(values: Mapping[str, Any]) -> Iterator[Wrong]:
    checks = _mapping(values, "health").get("checks")
    seen: set[str] = set()
    for index, check in enumerate(checks if isinstance(checks, list | tuple) else ()):
        name = check.get("name") if isinstance(check, Mapping) else None
        if isinstance(name, str) and name in seen:
            yield (
                ("health", "checks", index, "name"),
                f"{shown(name)} a second time",
                "a name of its own for each check",
            )
        if isinstance(name, str):
            seen.add(name)


def _unknown_policies(values: Mapping[str, Any]) -> Iterator[Wrong]:
    known = ["default", *(name for name in _mapping(values, "escalation") if name != "default")]
    for rule, config in _mapping(values, "alerts", "rules").items():
        policy = config.get("policy") if isinstance(config, Mapping) else None
        if isinstance(policy, str) and policy not in known:
            yield ("alerts", "rules", rule, "policy"), shown(policy), one_of(policy, known)


def _unknown_channels(values: Mapping[str, Any]) -> Iterator[Wrong]:
    known = list(dict.fromkeys(["slack", *_mapping(values, "notifications")]))
    for policy, steps in _policies(values):
        for index, step in enumerate(steps):
            via = step.get("via") if isinstance(step, Mapping) else None
            if isinstance(via, str) and via not in known:
                yield ("escalation", policy, index, "via"), shown(via), one_of(via, known)


def _unordered_steps(values: Mapping[str, Any]) -> Iterator[Wrong]:
    for policy, steps in _policies(values):
        latest = None
        for index, step in enumerate(steps):
            after = step.get("after", "0s") if isinstance(step, Mapping) else None
            try:
                due = parse_after(after) if isinstance(after, str) else None
            except ValueError:
                due = None
            if due is not None and latest is not None and due < latest:
                yield (
                    ("escalation", policy, index, "after"),
                    shown(after),
                    f"{spell(latest)} or later, steps go in order",
                )
            latest = due if due is not None and (latest is None or due > latest) else latest
