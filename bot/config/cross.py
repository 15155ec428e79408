"""What must fit together across manage.yml.

Asked of the plain values, so that it is told along with all other mistakes (pure).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.config import known_checks, objectives, postmortems, schedule_mistakes, statuspage
from bot.config.durations import parse_after, spell
from bot.config.errors import KeyPath, one_of, shown
from bot.config.escalation import PERSONAL, SHIPPED, WELL_KNOWN, is_delay, is_short
from bot.config.known_metrics import MetricKind, known_in
from bot.config.plugins import Kind
from bot.config.rule_mistakes import mistakes

Wrong = tuple[KeyPath, str, str]


def crossed(
    values: Mapping[str, Any],
    sources: Mapping[str, MetricKind] | None = None,
    checks: Mapping[str, Kind] | None = None,
) -> Iterator[Wrong]:
    """Each mismatch as (path, found, allowed). Values of a wrong type are passed over: their models say so."""
    yield from _names_twice(values)
    yield from _unknown_policies(values)
    yield from _unknown_channels(values)
    yield from _unordered_steps(values)
    metrics, names = known_in(values, sources or {}), known_checks.known_in(values, checks or {})
    yield from mistakes(values, metrics)
    yield from schedule_mistakes.mistakes(values)
    yield from statuspage.mistakes(values, names)
    yield from objectives.mistakes(values, metrics, names)
    yield from postmortems.mistakes(values, metrics)
    yield from _reserved_names(values)


def _mapping(values: Any, *keys: str) -> Mapping[str, Any]:
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values if isinstance(values, Mapping) else {}


def _policies(values: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[KeyPath, Mapping[str, Any]]]]]:
    """Each policy with its steps, and where each of them stands, in whichever spelling."""
    for name, given in _mapping(values, "escalation").items():
        at: KeyPath = ("escalation", name)
        if is_short(given):
            yield name, [((*at, key), {"via": via}) for key, via in given.items() if is_delay(key)]
            continue
        listed = isinstance(given, Mapping)
        steps = given.get("steps") if listed else given
        under = (*at, "steps") if listed else at
        if isinstance(steps, list | tuple):
            yield name, [((*under, index), step) for index, step in enumerate(steps) if isinstance(step, Mapping)]


def _reserved_names(values: Mapping[str, Any]) -> Iterator[Wrong]:
    for name, why in (("slack", "Slack is always there"), (PERSONAL, "it means what each person chose")):
        if name in _mapping(values, "notifications"):
            yield ("notifications", name), f'the name "{name}"', f"another name, {why}"


def _names_twice(values: Mapping[str, Any]) -> Iterator[Wrong]:
    for section, listed, what in (("health", "checks", "check"), ("metrics", "sources", "source")):
        entries = _mapping(values, section).get(listed)
        seen: set[str] = set()
        for index, entry in enumerate(entries if isinstance(entries, list | tuple) else ()):
            name = entry.get("name") if isinstance(entry, Mapping) else None
            if isinstance(name, str) and name in seen:
                yield (
                    (section, listed, index, "name"),
                    f"{shown(name)} a second time",
                    f"a name of its own for each {what}",
                )
            if isinstance(name, str):
                seen.add(name)


def _unknown_policies(values: Mapping[str, Any]) -> Iterator[Wrong]:
    known = list(dict.fromkeys([*SHIPPED, *_mapping(values, "escalation")]))
    for at, config in _with_policy(values):
        policy = config.get("policy") if isinstance(config, Mapping) else None
        if isinstance(policy, str) and policy and policy not in known:
            yield (*at, "policy"), shown(policy), one_of(policy, known)


def _with_policy(values: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    """All that may name an escalation policy, and where it stands."""
    for rule, config in _mapping(values, "alerts", "rules").items():
        yield ("alerts", "rules", rule), config
    for name, mapping in _mapping(values, "webhooks", "generic").items():
        yield ("webhooks", "generic", name), mapping
    heartbeats = values.get("heartbeats")
    for index, heartbeat in enumerate(heartbeats if isinstance(heartbeats, list | tuple) else ()):
        yield ("heartbeats", index), heartbeat


def _unknown_channels(values: Mapping[str, Any]) -> Iterator[Wrong]:
    known = list(dict.fromkeys([*WELL_KNOWN, PERSONAL, *_mapping(values, "notifications")]))
    for _policy, steps in _policies(values):
        for at, step in steps:
            given = step.get("via")
            for index, via in enumerate(given if isinstance(given, list | tuple) else [given]):
                if isinstance(via, str) and via not in known:
                    path = (*at, "via") if isinstance(at[-1], int) else at  # the short spelling has no such key
                    yield (*path, index) if isinstance(given, list | tuple) else path, shown(via), one_of(via, known)


def _unordered_steps(values: Mapping[str, Any]) -> Iterator[Wrong]:
    for _policy, steps in _policies(values):
        latest = None
        for at, step in steps:
            after = step.get("after", "0s") if isinstance(at[-1], int) else None
            try:
                due = parse_after(after) if isinstance(after, str) else None
            except ValueError:
                due = None
            if due is not None and latest is not None and due < latest:
                yield (*at, "after"), shown(after), f"{spell(latest)} or later, steps go in order"
            latest = due if due is not None and (latest is None or due > latest) else latest
