"""manifest.yml asks Slack for exactly what the code uses: commands, shortcuts, events, scopes."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.config.settings import Settings
from bot.slack.limits import PER_MINUTE
from bot.slack.scopes import SCOPES, lacking
from handlers.slack import app as slack_app
from handlers.slack import buttons, events, modals, shortcuts
from handlers.slack.door import Door

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests/data/slack"
MANIFEST = yaml.safe_load((ROOT / "manifest.yml").read_text())
METHODS = json.loads((DATA / "methods.json").read_text())
EVENTS = json.loads((DATA / "events.json").read_text())
BOT_EVENTS = MANIFEST["settings"]["event_subscriptions"]["bot_events"]
BOT_SCOPES = MANIFEST["oauth_config"]["scopes"]["bot"]

BEYOND_METHODS = {
    "commands": "slash_commands and shortcuts",
    "metadata.message:read": "include_all_metadata of conversations.history",
}
"""Scopes that no method and no event names."""


def called() -> set[str]:
    """The Web API methods that the code names."""
    found: set[str] = set()
    for folder in ("bot/slack", "handlers"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in METHODS:
                    found.add(node.value)
                if isinstance(node, ast.Attribute) and node.attr in SDK:
                    found |= SDK[node.attr]
    return found


SDK = {
    "auth_test": {"auth.test"},
    "apps_connections_open": {"apps.connections.open"},
    "files_upload_v2": {"files.getUploadURLExternal", "files.completeUploadExternal"},
}
"""Methods that are called by the SDK's own names."""


def registered() -> AsyncApp:
    """The Bolt app with every listener, on an app that is never asked for anything."""

    class Silent:
        class ports:  # noqa: N801 - stands for the attribute of that name
            settings = Settings()

    silent: Any = Silent()
    chat: Any = type("Chat", (), {"web": AsyncWebClient()})
    return slack_app.connect(silent, Door(silent, chat))


def heard() -> Iterator[str]:
    """The event types that have a listener."""
    yield from events.EVENTS


def subscriptions(name: str) -> set[str]:
    """What must be subscribed to for an event of that type to arrive."""
    return {"message.channels", "message.groups", "message.im"} if name == "message" else {name}


def test_the_manifest_is_valid() -> None:
    schema = json.loads((DATA / "manifest.schema.2.0.0.json").read_text())
    assert [error.message for error in Draft7Validator(schema).iter_errors(MANIFEST)] == []


def test_every_event_exists() -> None:
    assert [name for name in BOT_EVENTS if name not in EVENTS] == []


def test_the_events_are_those_that_have_a_listener() -> None:
    assert set(BOT_EVENTS) == {s for name in heard() for s in subscriptions(name)}


def test_every_event_type_is_registered() -> None:
    listeners = registered()._async_listeners
    assert (
        len(listeners) == len(events.EVENTS) + 10
    )  # the command, 3 kinds of buttons and the rest of them, forms, 4 shortcuts


def test_the_command_is_the_settings_default() -> None:
    commands = [command["command"] for command in MANIFEST["features"]["slash_commands"]]
    assert commands == [Settings().slack_command]


def test_the_shortcuts_are_those_that_have_a_listener() -> None:
    asked = {(one["callback_id"], one["type"]) for one in MANIFEST["features"]["shortcuts"]}
    assert asked == {
        (shortcuts.DECLARE, "global"),
        (shortcuts.DECLARE_FROM_MESSAGE, "message"),
        (shortcuts.ADD_TO_TIMELINE, "message"),
        (shortcuts.ADD_FOLLOW_UP, "message"),
    }


def test_the_scopes_are_those_that_the_code_names_with_a_purpose() -> None:
    assert set(BOT_SCOPES) == set(SCOPES)
    assert sorted(BOT_SCOPES) == BOT_SCOPES


def test_every_called_method_has_a_scope() -> None:
    missing = {
        method: METHODS[method]["scopes"]
        for method in called()
        if METHODS[method]["scopes"] and not set(METHODS[method]["scopes"]) & set(BOT_SCOPES)
    }
    assert missing == {}


def test_every_event_has_a_scope() -> None:
    missing = {
        name: EVENTS[name]
        for name in BOT_EVENTS
        if EVENTS[name] and not {s.replace("mentions.", "mentions:") for s in EVENTS[name]} & set(BOT_SCOPES)
    }
    assert missing == {}


def test_no_scope_is_asked_for_in_vain() -> None:
    of_methods = {scope for method in called() for scope in METHODS[method]["scopes"]}
    of_events = {scope.replace("mentions.", "mentions:") for name in BOT_EVENTS for scope in EVENTS[name]}
    assert sorted(set(BOT_SCOPES) - of_methods - of_events - set(BEYOND_METHODS)) == []


def test_no_method_is_limited_that_is_never_called() -> None:
    assert sorted(set(PER_MINUTE) - called()) == []


def test_limits_are_those_of_the_reference() -> None:
    tiers = {"t2": 20, "t3": 50, "t4": 100}
    assert {method: tiers[METHODS[method]["rate_limits"]] for method in PER_MINUTE} == PER_MINUTE


def test_every_method_of_a_tier_is_limited() -> None:
    limited = {m for m in called() if METHODS[m]["rate_limits"] in {"t2", "t3"} and m != "apps.connections.open"}
    assert sorted(limited - set(PER_MINUTE)) == []


def test_a_token_that_tells_no_scopes_is_not_called_poor() -> None:
    assert lacking(frozenset()) == []


def test_ids_of_buttons_are_those_that_are_listened_to() -> None:
    source = (ROOT / "bot/cards/blocks.py").read_text()
    assert set(re.findall(r"'(run|form)'|\"(link):", source)) == {("form", ""), ("run", ""), ("", "link")}
    assert buttons.__doc__
    assert all(f"`{kind}:`" in buttons.__doc__ for kind in ("run", "form", "link"))


def test_callback_ids_differ() -> None:
    ids = [shortcuts.DECLARE, shortcuts.DECLARE_FROM_MESSAGE, shortcuts.ADD_TO_TIMELINE, modals.CALLBACK, modals.RESULT]
    assert len(set(ids)) == len(ids)
