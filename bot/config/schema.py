"""JSON Schema of manage.yml, for editors (pure)."""

from collections.abc import Mapping
from typing import Any

from bot.config.manage import Manage
from bot.config.plugins import Kind

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(
    checks: Mapping[str, Kind],
    channels: Mapping[str, Kind],
    sources: Mapping[str, Kind],
    places: Mapping[tuple[str, ...], Mapping[str, Kind]] | None = None,
) -> dict[str, Any]:
    """The schema, with the options of each kind of plug-in under their `type`.

    It allows a little less than the program: ${NAME} where a number or a choice is meant.
    """
    whole = Manage.model_json_schema()
    definitions = whole["$defs"]
    for name, kinds in (("CheckConfig", checks), ("ChannelConfig", channels), ("SourceConfig", sources)):
        definitions[name] = _with_options(definitions[name], name, kinds, definitions)
    for (section, key), kinds in (places or {}).items():
        name = f"{section.title().replace('_', '')}{key.title()}Config"
        definitions[name] = _with_options(definitions["Plugged"], name, kinds, definitions)
        _entries(whole, section, key)["$ref"] = f"#/$defs/{name}"
    _optional(definitions)
    _lone_words(definitions)
    return {"$schema": DIALECT, **whole, "title": "manage.yml"}


def _entries(whole: dict[str, Any], section: str, key: str) -> dict[str, Any]:
    """What the schema says of each entry of the mapping `section.key`."""
    part = whole["properties"][section]["$ref"].rpartition("/")[2]
    entries: dict[str, Any] = whole["$defs"][part]["properties"][key]["additionalProperties"]
    return entries


def _with_options(
    entry: dict[str, Any], name: str, kinds: Mapping[str, Kind], definitions: dict[str, Any]
) -> dict[str, Any]:
    """The entry with its `type` as one of the kinds, each deciding what `options` are."""
    branches = []
    for word, kind in sorted(kinds.items()):
        options = kind.options.model_json_schema(ref_template="#/$defs/{model}")
        definitions.update(options.pop("$defs", {}))
        title = f"{name.removesuffix('Config')}Options_{word}"
        definitions[title] = options | {"title": f"Options of {word}"}
        then: dict[str, Any] = {"properties": {"options": {"$ref": f"#/$defs/{title}"}}}
        if options.get("required"):
            then["required"] = ["options"]
        branches.append({"if": {"properties": {"type": {"const": word}}, "required": ["type"]}, "then": then})
    bare = {key: value for key, value in entry["properties"]["type"].items() if key in {"description", "title", "type"}}
    properties = entry["properties"] | {
        "type": bare | ({"enum": sorted(kinds)} if kinds else {}),
        "options": {"type": "object", "description": entry["properties"]["options"]["description"]},
    }
    return entry | {"properties": properties} | ({"allOf": branches} if branches else {})


def _optional(definitions: dict[str, Any]) -> None:
    """What is there but empty counts as left out, so editors must not complain of a section with nothing in it yet."""
    for definition in definitions.values():
        if definition.get("type") == "object" and not definition.get("required"):
            definition["type"] = ["object", "null"]


def _lone_words(definitions: dict[str, Any]) -> None:
    """A list of words may be written as one word."""
    for definition in definitions.values():
        for name, value in definition.get("properties", {}).items():
            items = value.get("items", {})
            target = definitions.get(str(items.get("$ref", "")).rpartition("/")[2], items)
            if value.get("type") == "array" and target.get("type") == "string":
                told = {key: value[key] for key in ("default", "description", "title") if key in value}
                listed = {key: part for key, part in value.items() if key not in told}
                definition["properties"][name] = told | {"anyOf": [listed, items]}
