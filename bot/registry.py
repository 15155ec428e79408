"""Finds what rooms and plug-ins offer: module-level values of a kind, in a package and in installed entry points."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any, TypeVar

T = TypeVar("T")

GROUP = "do_manage.plugins"


class PluginError(Exception):
    """What is installed cannot be used; one line that names the place and the mend."""


class DuplicateName(PluginError):
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

    Raises `PluginError` for one that cannot be imported, whatever it raises: running without a check that somebody
    relies on is worse than not to start.
    """
    for point in sorted(entry_points(group=group), key=lambda p: (p.name, p.value)):
        try:
            yield from modules(point.value.partition(":")[0])
        except PluginError:
            raise
        except Exception as error:
            package = f" of {point.dist.name} {point.dist.version}" if point.dist else ""
            why = " ".join(f"{type(error).__name__}: {error}".split())
            raise PluginError(
                f"plug-in {point.name!r}{package} cannot be imported: {why}; mend or uninstall it"
            ) from error


def collect(kind: type[T], found: Iterable[ModuleType], name: Callable[[T], str]) -> Mapping[str, T]:
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
