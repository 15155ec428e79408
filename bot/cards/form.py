"""A form of fields as a Slack modal, and back: the view, the values that were entered, the errors to show (pure).

Limits: docs.slack.dev/reference/views and /reference/block-kit/block-elements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from bot.cards.marks import clean, literal
from bot.phrasing import cut

MOST_FIELDS, TITLE, LABEL, HINT, INITIAL_TEXT, METADATA, IDENTIFIER = 100, 24, 2000, 2000, 3000, 3000, 255
OPTIONS_PER_GROUP, GROUPS, OPTION_TEXT, OPTION_VALUE = 100, 100, 75, 150
ERROR = 300
ACTION = "value"
Element = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class FormField:
    """One field of a form. `name` comes back as the key of its value; `default` is spelled as `values` spells it.

    A `flag` is "true" or "false", a `datetime` RFC 3339, a `user` a Slack user id; `options` are those of a `choice`.
    """

    name: str
    label: str
    kind: Literal["text", "multiline", "choice", "number", "flag", "user", "datetime"] = "text"
    options: tuple[str, ...] = ()
    required: bool = False
    default: str = ""
    hint: str = ""


def form(
    title: str, fields: Sequence[FormField], *, callback_id: str, private_metadata: str = "", submit: str = "Submit"
) -> dict[str, Any]:
    """The modal's view. Raises `ValueError` where cutting would lose something: names, metadata, or too many fields."""
    names = [field.name for field in fields]
    if len(private_metadata) > METADATA or len(callback_id) > IDENTIFIER:
        raise ValueError(f"private_metadata takes {METADATA} characters and callback_id {IDENTIFIER}")
    if len(fields) > MOST_FIELDS or len(set(names)) < len(names) or any(not 0 < len(n) <= IDENTIFIER for n in names):
        raise ValueError(f"a form takes {MOST_FIELDS} fields with different names of 1 to {IDENTIFIER} characters")
    blocks = [_input(field) for field in fields]
    nothing = {"type": "section", "text": _text("Nothing to fill in.", LABEL)}
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": private_metadata,
        "title": _text(title, TITLE),
        "submit": _text(submit, TITLE),
        "close": _text("Cancel", TITLE),
        "blocks": blocks or [nothing],
    }


def _text(said: str, limit: int) -> Element:
    return {"type": "plain_text", "text": cut(literal(" ".join(said.split())), limit) or "…", "emoji": False}


def _input(field: FormField) -> Element:
    block: Element = {
        "type": "input",
        "block_id": field.name,
        "label": _text(field.label or field.name, LABEL),
        "element": {"action_id": ACTION, **_element(field)},
        # an unticked box is an answer: Slack would refuse to send it if it were required
        "optional": not field.required or field.kind == "flag",
    }
    return block | ({"hint": _text(field.hint, HINT)} if field.hint.strip() else {})


def _element(field: FormField) -> Element:
    match field.kind:
        case "text" | "multiline":
            initial = clean(field.default)[:INITIAL_TEXT]
            shape: Element = {"type": "plain_text_input", "multiline": field.kind == "multiline"}
            return shape | ({"initial_value": initial} if initial else {})
        case "number":
            shape = {"type": "number_input", "is_decimal_allowed": True}
            return shape | ({"initial_value": field.default} if _is_number(field.default) else {})
        case "choice":
            return _select(field)
        case "flag":
            ticked = {"text": _text("Yes", OPTION_TEXT), "value": "true"}
            shape = {"type": "checkboxes", "options": [ticked]}
            return shape | ({"initial_options": [ticked]} if field.default == "true" else {})
        case "user":
            return {"type": "users_select"} | ({"initial_user": field.default} if field.default else {})
        case "datetime":
            at = _unix(field.default)
            return {"type": "datetimepicker"} | ({"initial_date_time": at} if at is not None else {})


def _select(field: FormField) -> Element:
    options = _options(field)[: OPTIONS_PER_GROUP * GROUPS]
    if not options:
        # Slack refuses a menu without options; whatever is typed is then judged by the command
        return {"type": "plain_text_input", "multiline": False}
    chosen = next((o for o, name in zip(options, field.options, strict=False) if name == field.default), None)
    initial = {"initial_option": chosen} if chosen else {}
    if len(options) <= OPTIONS_PER_GROUP:
        return {"type": "static_select", "options": options} | initial
    starts = range(0, len(options), OPTIONS_PER_GROUP)
    groups = [
        {"label": _text(f"{start + 1} to {start + len(part)}", OPTION_TEXT), "options": part}
        for start in starts
        if (part := options[start : start + OPTIONS_PER_GROUP])
    ]
    return {"type": "static_select", "option_groups": groups} | initial


def _options(field: FormField) -> list[Element]:
    return [{"text": _text(name, OPTION_TEXT), "value": value} for value, name in _choices(field).items()]


def _choices(field: FormField) -> dict[str, str]:
    """What Slack calls each option -> the option: itself, or its number where it is too long for Slack."""
    distinct = dict.fromkeys(field.options)
    return {
        name if 0 < len(name) <= OPTION_VALUE and clean(name) == name else f"#{index}": name
        for index, name in enumerate(distinct)
    }


def _is_number(said: str) -> bool:
    try:
        float(said)
    except ValueError:
        return False
    return not set(said) & set("_nN")


def _unix(said: str) -> int | None:
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None
    stamp = int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    return stamp if 10**9 <= stamp < 10**10 else None  # Slack takes ten digits


def values(view_state: Mapping[str, Any], fields: Sequence[FormField]) -> dict[str, str]:
    """What was entered, by field name, out of `view["state"]`; empty fields are left out, flags never are."""
    entered = view_state.get("values") or {}
    said = {field.name: _entered(field, (entered.get(field.name) or {}).get(ACTION) or {}) for field in fields}
    return {name: value for name, value in said.items() if value}


def _entered(field: FormField, state: Mapping[str, Any]) -> str:
    match field.kind:
        case "flag":
            return "true" if state.get("selected_options") else "false"
        case "choice" if field.options:
            value = str((state.get("selected_option") or {}).get("value") or "")
            return _choices(field).get(value, value)
        case "user":
            return str(state.get("selected_user") or "")
        case "datetime":
            at = state.get("selected_date_time")
            return datetime.fromtimestamp(int(at), UTC).isoformat() if at else ""
        case _:
            return str(state.get("value") or "")


def errors(problems: Mapping[str, str]) -> dict[str, str]:
    """Field name -> message as Slack takes it with `response_action: errors`."""
    return {name: cut(clean(message), ERROR) or "Please mend this." for name, message in problems.items()}
