"""Finds what rooms and plug-ins offer: module-level values of a kind, in a package and in installed entry points."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any, TypeVar

T = TypeVar("T")

GROUP = "do_manage.plugins"


class DuplicateName(Exception):
    """Two values of one kind have the same name; the text names both places."""


def modules(package: str, skip: tuple[str, ...] = ()) -> Iterator[ModuleType]:
    """Import and yield the package and every module below it, but those named in `skip` and what is below them."""
    root = importlib.import_module(package)
    yield root
    for info in pkgutil.iter_modules(getattr(root, "__path__", [])):
        name = f"{package}.{info.name}"
        if name not in skip:
            yield from modules(name, skip)


def plugins(group: str = GROUP) -> Iterator[ModuleType]:
    """Every module of every installed package that names itself in the entry point group.

    A plug-in that cannot be imported stops the start: running without a check that somebody relies on is worse.
    """
    for point in entry_points(group=group):
        yield from modules(point.value.partition(":")[0])


def collect(kind: type[T], found: Iterator[ModuleType] | list[ModuleType], name: Callable[[T], str]) -> Mapping[str, T]:
    """All values of `kind` at the top of the modules, in the order of their names; raises `DuplicateName`."""
    places: dict[str, tuple[Any, str]] = {}
    for module in found:
        for attribute, value in vars(module).items():
            if not isinstance(value, kind) or attribute.startswith("__"):
                continue
            label, place = name(value), f"{module.__name__}.{attribute}"
            known = places.setdefault(label, (value, place))
            if known[0] is not value:
                raise DuplicateName(
                    f"two {kind.__name__.lower()}s are named {label!r}: {known[1]} and {place}; rename one"
                )
    return {label: places[label][0] for label in sorted(places)}
