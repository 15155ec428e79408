"""The interactive elements of Block Kit, their fields and limits, and the checks that they are made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Report:
    """What is wrong, and which action ids the block under inspection has used."""

    problems: list[str] = field(default_factory=list)
    actions: set[str] = field(default_factory=set)

    def problem(self, what: str, at: str) -> None:
        """Note one problem with its JSON pointer."""
        self.problems.append(f"{what} [json-pointer:{at}]")

    def action(self, action_id: str | None, at: str) -> None:
        """Note an action id that is not alone in its block."""
        if action_id is None:
            return
        if action_id in self.actions:
            self.problem(f"action_id already exists: {action_id}", at)
        self.actions.add(action_id)


Check = Callable[[Any, str, Report], None]


@dataclass(frozen=True)
class Field:
    """One field of a block or element."""

    check: Check
    required: bool = False


def anything(_value: Any, _at: str, _report: Report) -> None:
    """Accept whatever it is."""


def string(most: int, least: int = 1) -> Check:
    """Accept a string of ``least`` to ``most`` characters."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, str):
            report.problem("must be a string", at)
        elif len(value) > most:
            report.problem(f"must be less than {most + 1} characters", at)
        elif len(value) < least:
            report.problem(f"must be more than {least - 1} characters", at)

    return check


def text(most: int, *, plain: bool = False) -> Check:
    """Accept a text object of 1 to ``most`` characters; ``plain`` forbids markup."""

    def check(value: Any, at: str, report: Report) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind not in (("plain_text",) if plain else ("plain_text", "mrkdwn")):
            report.problem(f"unsupported type: {kind}", f"{at}/type")
            return
        for name in value.keys() - {"type", "text", "emoji", "verbatim"}:
            report.problem(f"invalid additional property: {name}", at)
        if kind == "mrkdwn" and "emoji" in value:
            report.problem("invalid additional property: emoji", at)
        string(most)(value.get("text"), f"{at}/text", report)

    return check


def each(check_item: Check, *, most: int, least: int = 1) -> Check:
    """Accept a list of ``least`` to ``most`` items that all pass a check."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, list):
            report.problem("must be an array", at)
            return
        if len(value) > most:
            report.problem(f"no more than {most} items allowed", at)
        if len(value) < least:
            report.problem(f"no fewer than {least} items allowed", at)
        for index, item in enumerate(value):
            check_item(item, f"{at}/{index}", report)

    return check


def one_of(*allowed: str) -> Check:
    """Accept one of a few words."""

    def check(value: Any, at: str, report: Report) -> None:
        if value not in allowed:
            report.problem(f"must be one of: {', '.join(allowed)}", at)

    return check


def option(text_kind: Check) -> Check:
    """One option of a menu: a text and a value of at most 150 characters."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.problem("must be an object", at)
            return
        text_kind(value.get("text"), f"{at}/text", report)
        string(150)(value.get("value"), f"{at}/value", report)
        if value.get("description") is not None:
            text(75)(value["description"], f"{at}/description", report)

    return check


def options(*, most: int, least: int = 1, marked: bool = False) -> Check:
    """Accept a list of options with values that differ."""
    check_list = each(option(text(75, plain=not marked)), most=most, least=least)

    def check(value: Any, at: str, report: Report) -> None:
        check_list(value, at, report)
        if isinstance(value, list):
            values = [item.get("value") for item in value if isinstance(item, dict)]
            if len(set(values)) < len(values):
                report.problem("option values must be unique", at)

    return check


def confirm(value: Any, at: str, report: Report) -> None:
    """Accept a confirmation dialog."""
    if not isinstance(value, dict):
        report.problem("must be an object", at)
        return
    for name, most, required in (
        ("title", 100, True),
        ("text", 300, True),
        ("confirm", 30, False),
        ("deny", 30, False),
    ):
        if required or value.get(name) is not None:
            text(most, plain=name != "text")(value.get(name), f"{at}/{name}", report)
    if value.get("style") is not None:
        one_of("primary", "danger")(value["style"], f"{at}/style", report)


def option_groups(value: Any, at: str, report: Report) -> None:
    """Accept groups of options under a label."""

    def group(item: Any, place: str, inner: Report) -> None:
        text(75, plain=True)(item.get("label"), f"{place}/label", inner)
        options(most=100)(item.get("options"), f"{place}/options", inner)

    each(group, most=100)(value, at, report)


def chosen(value: Mapping[str, Any], at: str, report: Report) -> None:
    """Hold a static menu's options and what it starts with against each other."""
    if bool(value.get("options")) == bool(value.get("option_groups")):
        report.problem("exactly one of options and option_groups is required", at)
        return
    groups = value.get("option_groups") or []
    listed = [*(value.get("options") or [])]
    for group in groups:
        listed += group.get("options") or [] if isinstance(group, dict) else []
    first = value.get("initial_option")
    for name, start in (
        ("initial_option", [first] if first else []),
        ("initial_options", value.get("initial_options")),
    ):
        if any(one not in listed for one in start or []):
            report.problem("initial option must be one of the options", f"{at}/{name}")


IDENTIFIER = string(255)
LONG_TEXT = string(3000)
PLAIN_150 = text(150, plain=True)
ACTION_ID = Field(IDENTIFIER)
CONFIRM = Field(confirm)
FOCUS = Field(anything)
PLACEHOLDER = Field(PLAIN_150)
INITIAL = Field(anything)
SELECT: Mapping[str, Field] = {
    "action_id": ACTION_ID,
    "placeholder": PLACEHOLDER,
    "confirm": CONFIRM,
    "focus_on_load": FOCUS,
}
MULTI = {**SELECT, "max_selected_items": Field(anything)}
STATIC = {"options": Field(options(most=100)), "option_groups": Field(option_groups)}
EXTERNAL = {"min_query_length": Field(anything)}
TEXT_INPUT: Mapping[str, Field] = {
    "action_id": ACTION_ID,
    "placeholder": PLACEHOLDER,
    "focus_on_load": FOCUS,
    "initial_value": INITIAL,
    "dispatch_action_config": Field(anything),
}
CONVERSATIONS = {"default_to_current_conversation": Field(anything), "filter": Field(anything)}
URL_ENABLED = {"response_url_enabled": Field(anything)}

ELEMENTS: Mapping[str, Mapping[str, Field]] = {
    "button": {
        "action_id": ACTION_ID,
        "text": Field(text(75, plain=True), required=True),
        "value": Field(string(2000, 0)),
        "url": Field(LONG_TEXT),
        "style": Field(one_of("primary", "danger")),
        "confirm": CONFIRM,
        "accessibility_label": Field(string(75)),
    },
    "image": {
        "image_url": Field(LONG_TEXT),
        "slack_file": Field(anything),
        "alt_text": Field(string(2000), required=True),
    },
    "overflow": {"action_id": ACTION_ID, "options": Field(options(most=5), required=True), "confirm": CONFIRM},
    "static_select": {**SELECT, **STATIC, "initial_option": INITIAL},
    "multi_static_select": {**MULTI, **STATIC, "initial_options": INITIAL},
    "external_select": {**SELECT, **EXTERNAL, "initial_option": INITIAL},
    "multi_external_select": {**MULTI, **EXTERNAL, "initial_options": INITIAL},
    "users_select": {**SELECT, "initial_user": INITIAL},
    "multi_users_select": {**MULTI, "initial_users": INITIAL},
    "channels_select": {**SELECT, **URL_ENABLED, "initial_channel": INITIAL},
    "multi_channels_select": {**MULTI, "initial_channels": INITIAL},
    "conversations_select": {**SELECT, **URL_ENABLED, **CONVERSATIONS, "initial_conversation": INITIAL},
    "multi_conversations_select": {**MULTI, **CONVERSATIONS, "initial_conversations": INITIAL},
    "datepicker": {**SELECT, "initial_date": INITIAL},
    "timepicker": {**SELECT, "initial_time": INITIAL, "timezone": Field(anything)},
    "datetimepicker": {
        "action_id": ACTION_ID,
        "initial_date_time": INITIAL,
        "confirm": CONFIRM,
        "focus_on_load": FOCUS,
    },
    "checkboxes": {
        "action_id": ACTION_ID,
        "options": Field(options(most=10, marked=True), required=True),
        "initial_options": INITIAL,
        "confirm": CONFIRM,
        "focus_on_load": FOCUS,
    },
    "radio_buttons": {
        "action_id": ACTION_ID,
        "options": Field(options(most=10, marked=True), required=True),
        "initial_option": INITIAL,
        "confirm": CONFIRM,
        "focus_on_load": FOCUS,
    },
    "plain_text_input": {
        **TEXT_INPUT,
        "multiline": Field(anything),
        "min_length": Field(anything),
        "max_length": Field(anything),
    },
    "number_input": {
        **TEXT_INPUT,
        "is_decimal_allowed": Field(anything, required=True),
        "min_value": Field(anything),
        "max_value": Field(anything),
    },
    "email_text_input": TEXT_INPUT,
    "url_text_input": TEXT_INPUT,
    "feedback_buttons": {
        "action_id": ACTION_ID,
        "positive_button": Field(anything, required=True),
        "negative_button": Field(anything, required=True),
    },
    "icon_button": {
        "action_id": ACTION_ID,
        "icon": Field(one_of("trash"), required=True),
        "text": Field(text(75, plain=True), required=True),
        "value": Field(string(2000, 0)),
        "accessibility_label": Field(string(75)),
        "visible_to_user_ids": Field(anything),
        "confirm": CONFIRM,
    },
}
