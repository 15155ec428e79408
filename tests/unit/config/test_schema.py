import importlib.util
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from bot.config.manage import load
from bot.config.reference import reference
from bot.config.schema import schema
from bot.config.settings import Settings
from tests.unit.config.plugins import CHANNELS, CHECKS

PLACES = {("follow_ups", "trackers"): CHANNELS, ("incidents", "calendars"): CHECKS}
DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def validator():
    whole = schema(CHECKS, CHANNELS, {}, PLACES)
    Draft202012Validator.check_schema(whole)
    return Draft202012Validator(whole)


def example():
    return re.search(r"```yaml\n(.*?)```", (DOCS / "configuration.md").read_text(), re.DOTALL)[1]


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "health:\n",
        "health: {every: 60s, checks: [{name: a, type: http, options: {url: x}}, {name: b, type: store}]}",
        "escalation: {quick: [{after: immediately, notify: oncall}]}",
        "escalation: {quick: {immediately: [pagerduty], after5min: sms, repeat: 2}}",
        "escalation: {quick: {steps: [{during: {days: mon, from: '09:00'}}], repeat: 1}}",
        "incidents: {open_for: high}",
        "notifications: {hook: {type: webhook, options: {url: x, token: secretsecret}}}",
        "follow_ups: {trackers: {shop: {type: webhook, options: {url: x}}}}",
        "incidents: {calendars: {own: {type: store}}}",
    ],
)
def test_the_schema_takes_what_the_program_takes(validator, text):
    assert list(validator.iter_errors(yaml.safe_load(text))) == []


@pytest.mark.parametrize(
    "text",
    [
        "helth: {}",
        "health: {rounds_up: 0}",
        "health: {checks: [{name: a, type: htp}]}",
        "health: {checks: [{name: a, type: http}]}",
        "health: {checks: [{name: a, type: http, options: {url: x, stats: 1}}]}",
        "health: {checks: [{name: a, type: store, options: {url: x}}]}",
        "alerts: {rules: {x: {severity: hgih}}}",
        "incidents: {archive: soon}",
        "escalation: {quick: [{after: 5m, notfy: oncall}]}",
        "escalation: {quick: {after5min: 5}}",
        "escalation: {quick: []}",
        "follow_ups: {trackers: {shop: {type: store}}}",
        "follow_ups: {trackers: {shop: {type: webhook}}}",
        "incidents: {calendars: {own: {type: http, options: {url: x, stats: 1}}}}",
    ],
)
def test_the_schema_refuses_what_the_program_refuses(validator, text):
    assert list(validator.iter_errors(yaml.safe_load(text)))


def test_the_documented_example_is_valid(validator, tmp_path: Path):
    (tmp_path / "manage.yml").write_text(example())

    manage = load(tmp_path / "manage.yml", checks={}, channels={}, variables={})

    assert manage.oncall.timezone == "Europe/Berlin"
    assert list(validator.iter_errors(yaml.safe_load(example()))) == []


def test_the_reference_documents_every_setting_and_every_option():
    text = reference(CHECKS, CHANNELS, {}, PLACES)

    for name in Settings.model_fields:
        assert f"| `{name.upper()}` |" in text
    for key in (
        "health.checks[].degraded_ms",
        "escalation.NAME.steps[].after",
        "alerts.rules.NAME.runbook",
        "options.token",
    ):
        assert f"| `{key}` |" in text
    assert "### `type: store`" in text
    assert "## Kinds of issue trackers\n\nUnder `follow_ups.trackers.NAME`." in text


def test_every_key_has_a_description():
    rows = re.findall(r"^\| `.*\|$", reference({}, {}, {}), re.MULTILINE)

    assert rows
    assert [row for row in rows if not row.rsplit("|", 2)[1].strip()] == []


def test_the_generated_documentation_is_fresh():
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)

    stale = [path.name for path, text in generate.generated().items() if path.read_text() != text]

    assert stale == [], "run python docs/generate.py"
