"""Policies in each spelling, and the hours of steps across changes of clocks."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.config.errors import ConfigError
from bot.config.escalation import SHIPPED, own
from bot.config.hours import Hours
from bot.config.manage import load
from tests.unit.config.plugins import CHANNELS, CHECKS


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "manage.yml").write_text(text)
        return load(tmp_path / "manage.yml", checks=CHECKS, channels=CHANNELS, variables={}).escalation

    return read


@pytest.fixture
def refused(read):
    def refused(text):
        with pytest.raises(ConfigError) as error:
            read(text)
        return [line[line.index("manage.yml:") :] for line in str(error.value).splitlines()]

    return refused


def test_the_short_spelling_tells_who_is_on_call_in_order_of_time(read):
    policy = read("escalation: {x: {after1hour: email, immediately: [pagerduty], after5min: [sms, phone]}}")["x"]

    assert [(step.after, step.via, step.notify) for step in policy.steps] == [
        (timedelta(0), ("pagerduty",), ("oncall",)),
        (timedelta(minutes=5), ("sms", "phone"), ("oncall",)),
        (timedelta(hours=1), ("email",), ("oncall",)),
    ]


def test_a_list_of_steps_and_the_full_spelling_mean_the_same(read):
    policies = read("escalation: {a: [{after: 5m}], b: {steps: [{after: 5m}], repeat: 0}}")

    assert policies["a"] == policies["b"]


def test_only_what_manage_yml_has_itself_is_its_own(read):
    policies = read("escalation: {critical: {immediately: slack}}")

    assert own(policies, "critical")
    assert not own(policies, "high")
    assert not own(policies, "low")
    assert set(SHIPPED) <= set(policies)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "escalation:\n  x:\n    immediately: [pagerduty]\n    after5min: [sms, fone]\n",
            (
                'manage.yml:4: escalation.x.after5min[1]: found "fone", allowed: slack, pagerduty, sms, phone, email, '
                'personal (did you mean "phone"?)'
            ),
        ),
        (
            "escalation: {x: {steps: [{notify: '#Bad Room'}]}}",
            (
                'manage.yml:1: escalation.x.steps[0].notify: found "#Bad Room", allowed: oncall, oncall:NAME, '
                '"@U…" (a Slack user id), "@S…" (a user group) or "#channel" in quotes, not "#Bad Room"'
            ),
        ),
        ("escalation: {x: []}", "manage.yml:1: escalation.x: found a list of 0, allowed: at least one step"),
        (
            "escalation: {x: [{during: {days: [mon, tues]}}]}",
            (
                'manage.yml:1: escalation.x[0].during.days: found a list of 2, allowed: days like "mon" or "mon-fri" '
                '(did you mean "tue"?)'
            ),
        ),
        (
            "escalation: {x: [{during: {from: 9}}]}",
            'manage.yml:1: escalation.x[0].during.from: found 9, allowed: a time of day in quotes, like "09:00"',
        ),
        (
            "escalation: {x: [{if_alerts: {at_least: 3}}]}",
            "manage.yml:1: escalation.x[0].if_alerts.within: found nothing, allowed: a value, the key is required",
        ),
        (
            "notifications: {personal: {type: webhook, options: {url: x}}}",
            (
                'manage.yml:1: notifications.personal: found the name "personal", allowed: another name, it means what each '
                "person chose"
            ),
        ),
    ],
)
def test_a_mistake_is_told_where_the_file_has_it(refused, text, line):
    assert line in refused(text)


DOCS = Path(__file__).parents[3] / "docs"
BERLIN = {"from": "02:30", "to": "04:00", "timezone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("hours", "at", "opens"),
    [
        ({"from": "09:00", "to": "17:00"}, "2026-11-23T08:00", "2026-11-23T09:00"),
        ({"from": "09:00", "to": "17:00"}, "2026-11-23T16:59", "2026-11-23T16:59"),
        ({"from": "09:00", "to": "17:00"}, "2026-11-23T17:00", "2026-11-24T09:00"),
        ({"from": "22:00", "to": "06:00"}, "2026-11-23T03:00", "2026-11-23T03:00"),
        ({"days": "fri", "from": "22:00", "to": "06:00"}, "2026-11-28T05:00", "2026-11-28T05:00"),
        ({"days": "fri", "from": "22:00", "to": "06:00"}, "2026-11-28T06:00", "2026-12-04T22:00"),
        ({"days": ["sat", "sun"]}, "2026-11-23T12:00", "2026-11-28T00:00"),
        ({}, "2026-11-23T12:00", "2026-11-23T12:00"),
        (BERLIN, "2026-03-29T00:00", "2026-03-29T01:30"),  # 02:30 is skipped: as much later, 03:30 summer time
        (BERLIN, "2026-10-25T00:00", "2026-10-25T00:30"),  # 02:30 comes twice: the first time
        (BERLIN, "2026-10-25T02:59", "2026-10-25T02:59"),  # 03:59 winter time
        (BERLIN, "2026-10-25T03:00", "2026-10-26T01:30"),
    ],
)
def test_hours_open_by_the_clock_on_the_wall(hours, at, opens):
    def moment(said):
        return datetime.fromisoformat(said).replace(tzinfo=UTC)

    assert Hours.model_validate(hours).opening(moment(at)) == moment(opens)


def test_the_documented_policies_are_valid(read):
    blocks = re.findall(r"```yaml\n(.*?)```", (DOCS / "escalation.md").read_text(), re.DOTALL)
    schedules = "oncall: {schedules: {database: {people: [U012AB3CD]}}}\n"

    policies = [read(schedules + block)["shop"] for block in blocks]

    assert [(len(policy.steps), policy.repeat) for policy in policies] == [(3, 1), (4, 2)]
