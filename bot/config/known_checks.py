"""Which checks there can be: a section that names another one is a mistake in manage.yml (pure)."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.config.errors import KeyPath, one_of, shown
from bot.config.plugins import Kind


def known_in(values: Mapping[str, Any], kinds: Mapping[str, Kind]) -> list[str]:
    """The names of all checks, as the health room has them: configured ones, and kinds that may watch by themselves."""
    health = values.get("health")
    listed = health.get("checks") if isinstance(health, Mapping) else None
    given = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list | tuple) else []
    names = [one["name"] for one in given if isinstance(one.get("name"), str)]
    types = {kind for one in given if isinstance(kind := one.get("type"), str)}
    own = [f"own-{type_}" if type_ in names else type_ for type_ in kinds if type_ not in types]
    alone = [name for name in own if _needs_nothing(kinds[name.removeprefix("own-")].options)]
    return [*names, *alone]


def unknown(at: KeyPath, given: Any, known: list[str]) -> Iterator[tuple[KeyPath, str, str]]:
    """Each check that there is not of those that stand `at` a key, as (path, found, allowed)."""
    listed = isinstance(given, list | tuple)
    for number, name in enumerate(given if listed else [given]):
        if isinstance(name, str) and name not in known:
            yield (*at, number) if listed else at, shown(name), one_of(name, known)


def _needs_nothing(options: type[BaseModel]) -> bool:
    try:
        options()
    except ValidationError:
        return False
    return True
