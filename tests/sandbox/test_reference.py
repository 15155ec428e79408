"""The sandbox agrees with the public reference of Slack's platform."""

import json
from pathlib import Path

import pytest

from bot.sandbox.api import METHODS
from bot.sandbox.args import COMMON_ARGS
from bot.sandbox.options import ALL_SCOPES, EVENT_SCOPES

DATA = Path(__file__).parents[1] / "data" / "slack"
REFERENCE = json.loads((DATA / "methods.json").read_text())
EVENTS = json.loads((DATA / "events.json").read_text())
SDK_SENDS = {"chat.postMessage": {"container_id"}, "chat.stopStream": {"session_status"}}
NOT_REALLY_REQUIRED = {"chat.appendStream": {"markdown_text"}}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_knows_exactly_the_arguments_of_the_reference(name: str) -> None:
    assert METHODS[name].known - COMMON_ARGS == {*REFERENCE[name]["args"], *SDK_SENDS.get(name, ())} - COMMON_ARGS


@pytest.mark.parametrize("name", METHODS)
def test_a_method_requires_exactly_the_arguments_of_the_reference(name: str) -> None:
    required = {*REFERENCE[name]["required"]} - {"token"} - NOT_REALLY_REQUIRED.get(name, set())
    assert set(METHODS[name].required.split()) == required


@pytest.mark.parametrize("name", METHODS)
def test_a_method_asks_for_scopes_of_the_reference(name: str) -> None:
    asked = {scope for scopes in METHODS[name].scopes.values() for scope in scopes.split()}
    assert asked <= set(REFERENCE[name]["scopes"])
    assert bool(asked) == bool(REFERENCE[name]["scopes"])


@pytest.mark.parametrize("name", METHODS)
def test_a_method_has_the_tier_of_the_reference(name: str) -> None:
    assert f"t{METHODS[name].tier}" == REFERENCE[name]["rate_limits"]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_reads_json_bodies_as_the_reference_says(name: str) -> None:
    assert METHODS[name].json == REFERENCE[name]["json_input_supported"]


@pytest.mark.parametrize("event", EVENT_SCOPES)
def test_an_event_is_one_of_slacks_with_its_scope(event: str) -> None:
    if event not in EVENTS:
        assert event.endswith(("_archive", "_unarchive"))  # absent from the condensed list, present in Slack's guide
        return
    scopes = {scope.replace("app_mentions.read", "app_mentions:read") for scope in EVENTS[event]}
    assert EVENT_SCOPES[event] in (scopes or {None})


def test_every_scope_of_a_method_or_event_is_granted_unless_asked_otherwise() -> None:
    from_events = {scope for scope in EVENT_SCOPES.values() if scope}
    assert from_events <= ALL_SCOPES
