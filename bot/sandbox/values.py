"""The values of Block Kit elements: what a person chose or typed, in the form in which Slack reports it."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.sandbox.blocks import interactive
from bot.sandbox.state import Json

KEYS: Mapping[str, str] = {
    "plain_text_input": "value",
    "number_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "channels_select": "selected_channel",
    "multi_channels_select": "selected_channels",
    "conversations_select": "selected_conversation",
    "multi_conversations_select": "selected_conversations",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
INITIAL = {"value": "initial_value"} | {
    key: key.replace("selected", "initial", 1) for key in KEYS.values() if key != "value"
}


def options_of(element: Json) -> list[Json]:
    """All options of a menu, with those in groups."""
    groups = element.get("option_groups") or []
    return [*(element.get("options") or []), *(option for group in groups for option in group["options"])]


def option(element: Json, value: Any) -> Json:
    """Give the option with that value; the options of an external menu are given whole.

    Raises ``ValueError`` when the menu has no such option.
    """
    if isinstance(value, dict):
        return value
    for candidate in options_of(element):
        if candidate.get("value") == value:
            return candidate
    offered = ", ".join(str(candidate.get("value")) for candidate in options_of(element))
    raise ValueError(f"the menu {element.get('action_id')!r} has no option {value!r}; it has: {offered or 'none'}")


def reported(element: Json, value: Any) -> Json:
    """Give the part of ``state.values`` or of an action for one element with that value."""
    kind = element["type"]
    key = KEYS.get(kind)
    if key is None:
        return {"type": kind}
    if key == "selected_option" and value is not None:
        value = option(element, value)
    elif key == "selected_options":
        value = [option(element, one) for one in value or []]
    elif key == "value":
        value = None if value in (None, "") else str(value)
    elif key.endswith("s") and value is None:
        value = []
    return {"type": kind, key: value}


def initial(element: Json) -> Any:
    """Give the value that an element starts with."""
    key = KEYS.get(element["type"])
    return element.get(INITIAL[key]) if key else None


def stateful(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Every element that has a value to keep, with its block."""
    for block, element in interactive(blocks):
        if element["type"] in KEYS and element["type"] != "overflow":
            yield block, element


def collect(blocks: list[Json], given: Mapping[str, Any]) -> Json:
    """``state.values`` of a view or message.

    ``given`` maps an action id, or a block id to such a map, to a plain value; the rest keeps its initial value.
    """
    values: Json = {}
    for block, element in stateful(blocks):
        block_id, action_id = block["block_id"], element["action_id"]
        inner = given.get(block_id)
        if isinstance(inner, Mapping) and action_id in inner:
            value = inner[action_id]
        elif action_id in given:
            value = given[action_id]
        elif block_id in given and not isinstance(inner, Mapping):
            value = inner
        else:
            value = initial(element)
        values.setdefault(block_id, {})[action_id] = reported(element, value)
    return values


def input_errors(blocks: list[Json], values: Json) -> dict[str, str]:
    """Give what Slack's own client refuses to submit: one sentence for each block id."""
    errors = {}
    for block, element in stateful(blocks):
        if block["type"] != "input":
            continue
        entry = values[block["block_id"]][element["action_id"]]
        value = entry[KEYS[element["type"]]]
        if value in (None, "", []):
            if not block.get("optional"):
                errors[block["block_id"]] = "Please complete this required field."
        elif problem := wrong_text(element, value):
            errors[block["block_id"]] = problem
    return errors


def wrong_text(element: Json, value: Any) -> str:
    """Give what is wrong with a typed value; empty when nothing is."""
    kind = element["type"]
    if kind == "plain_text_input":
        if len(value) < int(element.get("min_length") or 0):
            return f"Please enter at least {element['min_length']} characters."
        if len(value) > int(element.get("max_length") or 3000):
            return f"Please enter at most {element.get('max_length') or 3000} characters."
    if kind == "number_input":
        return wrong_number(element, value)
    if kind == "email_text_input" and "@" not in value:
        return "Please enter an email address."
    if kind == "url_text_input" and not value.startswith(("http://", "https://")):
        return "Please enter an address that begins with https://."
    return ""


def wrong_number(element: Json, value: str) -> str:
    """Give what is wrong with a number; empty when nothing is."""
    try:
        number = float(value) if element.get("is_decimal_allowed") else int(value)
    except ValueError:
        return "Please enter a number." if element.get("is_decimal_allowed") else "Please enter a whole number."
    if element.get("min_value") is not None and number < float(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if element.get("max_value") is not None and number > float(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return ""
