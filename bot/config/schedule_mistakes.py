"""What must fit together among schedules and people: references, cycles, channels of personal rules (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.config.errors import KeyPath, one_of, shown

PERSONAL_CHANNELS = ("slack", "sms", "phone", "email")
"""Channels that personal rules may name though `notifications` does not: what goes there falls through to the next."""
Wrong = tuple[KeyPath, str, str]


def mistakes(values: Mapping[str, Any]) -> Iterator[Wrong]:
    """Each mismatch as (path, found, allowed). Values of a wrong type are passed over: their models say so."""
    oncall = _mapping(values.get("oncall"))
    schedules = _mapping(oncall.get("schedules"))
    if "default" in schedules and oncall.get("people"):
        yield (
            ("oncall", "schedules", "default"),
            "a second schedule `default`",
            "another name: oncall.people is the default schedule already",
        )
    known = [*(["default"] if oncall.get("people") else []), *schedules]
    yield from _references(schedules, known)
    yield from _unknown_channels(values)
    yield from _unknown_schedules(values, known)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _references(schedules: Mapping[str, Any], known: list[str]) -> Iterator[Wrong]:
    edges = {name: list(_referred(name, rota)) for name, rota in schedules.items()}
    for name, found in edges.items():
        for path, target in found:
            if target not in known:
                yield path, shown(target), one_of(target, [other for other in known if other != name])
            elif (way := _way(target, name, edges)) is not None:
                circle = " → ".join([name, *way])
                yield path, f"a circle: {circle}", "schedules that do not come back to themselves"


def _referred(name: str, rota: Any) -> Iterator[tuple[KeyPath, str]]:
    """Each reference of a schedule: where it stands and what it names."""
    at: KeyPath = ("oncall", "schedules", name)
    own = _mapping(rota)
    if isinstance(own.get("schedule"), str) and own["schedule"]:
        yield (*at, "schedule"), own["schedule"]
    layers = own.get("layers")
    for number, layer in enumerate(layers if isinstance(layers, list | tuple) else ()):
        target = _mapping(layer).get("schedule")
        if isinstance(target, str) and target:
            yield (*at, "layers", number, "schedule"), target


def _way(begin: str, end: str, edges: Mapping[str, list[tuple[KeyPath, str]]]) -> list[str] | None:
    """The schedules on a way from `begin` to `end`, both among them; None when there is no way."""
    ways, seen = [[begin]], {begin}
    while ways:
        way = ways.pop(0)
        if way[-1] == end:
            return way
        for _, target in edges.get(way[-1], []):
            if target == end or target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return None


def _unknown_channels(values: Mapping[str, Any]) -> Iterator[Wrong]:
    """Personal rules name channels that reach a person, or those of `notifications`."""
    known = list(dict.fromkeys([*PERSONAL_CHANNELS, *_mapping(values.get("notifications"))]))
    for user, person in _mapping(values.get("people")).items():
        for delay, said in _mapping(_mapping(person).get("notify")).items():
            for via in [said] if isinstance(said, str) else said if isinstance(said, list | tuple) else []:
                if isinstance(via, str) and via not in known:
                    yield ("people", str(user), "notify", str(delay)), shown(via), one_of(via, known)


def _unknown_schedules(values: Mapping[str, Any], known: list[str]) -> Iterator[Wrong]:
    """Steps of policies name schedules as "oncall:NAME"."""
    for policy, given in _mapping(values.get("escalation")).items():
        steps = _mapping(given).get("steps") if isinstance(given, Mapping) else given
        for number, step in enumerate(steps if isinstance(steps, list | tuple) else ()):
            said = _mapping(step).get("notify")
            for target in [said] if isinstance(said, str) else said if isinstance(said, list | tuple) else []:
                prefix, colon, name = str(target).partition(":")
                if prefix == "oncall" and colon and name not in [*known, "default"]:
                    place = (number,) if not isinstance(given, Mapping) else ("steps", number)
                    yield (
                        ("escalation", str(policy), *place, "notify"),
                        shown(str(target)),
                        one_of(f"oncall:{name}", ["oncall", *(f"oncall:{one}" for one in known)]),
                    )
