"""Options of plug-ins in manage.yml: `type` names the plug-in, its own model reads `options` (pure)."""

from collections.abc import Mapping
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, SecretStr, SerializeAsAny, ValidationError

from bot.config.document import Document
from bot.config.errors import KeyPath, Problem, described, one_of, shown
from bot.config.fields import Name
from bot.config.part import Part


class Kind(Protocol):
    """A plug-in, as far as the configuration needs it (`bot.ports.Check` and `bot.ports.Channel` are such)."""

    @property
    def options(self) -> type[BaseModel]:
        """The model of its options."""


class NoOptions(BaseModel):
    """What a plug-in without options takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Plugged(Part):
    """A plug-in by its type, with its options."""

    type: Name = Field(description="Which kind.")
    options: SerializeAsAny[BaseModel] = Field(default_factory=NoOptions, description="Options of that kind.")


def with_options(
    values: Mapping[str, Any], at: tuple[str, ...], kinds: Mapping[str, Kind], document: Document, above: KeyPath = ()
) -> tuple[dict[str, Any], list[Problem]]:
    """The values with the `options` of each entry at `at` (list or mapping) read by its plug-in, and what was wrong."""
    key, *deeper = at
    here = (*above, key)
    if key not in values or (deeper and not isinstance(values[key], Mapping)):
        return dict(values), []
    if deeper:
        changed, problems = with_options(values[key], tuple(deeper), kinds, document, here)
    else:
        changed, problems = _entries(values[key], here, kinds, document)
    return {**values, key: changed}, problems


def _entries(entries: Any, at: KeyPath, kinds: Mapping[str, Kind], document: Document) -> tuple[Any, list[Problem]]:
    if isinstance(entries, Mapping):
        read = {key: _entry(entry, (*at, key), kinds, document) for key, entry in entries.items()}
        return {key: entry for key, (entry, _) in read.items()}, [p for _, wrong in read.values() for p in wrong]
    if isinstance(entries, list | tuple):
        listed = [_entry(entry, (*at, index), kinds, document) for index, entry in enumerate(entries)]
        return [entry for entry, _ in listed], [p for _, wrong in listed for p in wrong]
    return entries, []


def _entry(entry: Any, at: KeyPath, kinds: Mapping[str, Kind], document: Document) -> tuple[Any, list[Problem]]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("type"), str):
        return entry, []  # what is wrong with it, the entry's own model says
    without = {key: value for key, value in entry.items() if key != "options"}
    kind = kinds.get(entry["type"])
    if kind is None:
        wrong = document.problem((*at, "type"), shown(entry["type"]), one_of(entry["type"], sorted(kinds)))
        return without, [wrong]
    given = entry.get("options")
    try:
        return {**without, "options": kind.options.model_validate({} if given is None else given)}, []
    except ValidationError as error:
        return without, [_problem(details, kind.options, (*at, "options"), document) for details in error.errors()]


def _problem(details: Any, model: type[BaseModel], at: KeyPath, document: Document) -> Problem:
    path = (*at, *details["loc"])
    field = model.model_fields.get(str(details["loc"][0])) if details["loc"] else None
    secret = field is not None and SecretStr.__name__ in str(field.annotation)
    found, allowed = described(details, model, secret=secret)
    return document.problem(path, found, allowed)
