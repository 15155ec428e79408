from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from bot.config.errors import ConfigError
from bot.config.escalation import SHIPPED
from bot.config.manage import CheckConfig, Manage, load
from bot.config.masked import masked
from bot.config.settings import Settings, read_settings
from storage.records.alerts import Severity
from tests.unit.config.plugins import CHANNELS, CHECKS, HttpOptions


@pytest.fixture
def read(tmp_path: Path):
    def read(text, base=None, **variables):
        path = tmp_path / "manage.yml"
        path.write_text(text)
        return load(path, checks=CHECKS, channels=CHANNELS, base=base, variables=variables)

    return read


@pytest.fixture
def refused(read, tmp_path: Path):
    def refused(text, **variables):
        with pytest.raises(ConfigError) as caught:
            read(text, **variables)
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()

    return refused


def test_without_a_file_the_defaults_hold():
    assert load(None, checks={}, channels={}, variables={}) == Manage()


@pytest.mark.parametrize("text", ["", "# only a comment\n", "health:\nalerts:\n", "oncall:\n"])
def test_an_empty_file_or_section_means_the_defaults(read, text):
    assert read(text) == Manage()


def test_the_defaults_are_those_of_the_documentation():
    manage = Manage()

    assert (manage.channels.alerts, manage.channels.incidents) == ("#alerts", "#incidents")
    assert (manage.health.every, manage.health.timeout) == (timedelta(seconds=60), timedelta(seconds=10))
    assert {name: rule.severity for name, rule in manage.alerts.rules.items()} == {
        "health-check-failed": Severity.HIGH,
        "health-check-degraded": Severity.MEDIUM,
        "job-dead": Severity.MEDIUM,
        "rule-broken": Severity.MEDIUM,
        "escalation-broken": Severity.HIGH,
        "heartbeat-missed": Severity.HIGH,
        "error-rate": Severity.CRITICAL,
        "latency-high": Severity.HIGH,
        "latency-raised": Severity.MEDIUM,
        "disk-usage": Severity.MEDIUM,
    }
    assert manage.escalation["default"].steps[0].notify == ("oncall",)
    assert manage.incidents.open_for == (Severity.CRITICAL, Severity.HIGH)


def test_options_are_read_by_the_plug_in(read):
    manage = read("health: {checks: [{name: shop, type: http, options: {url: http://x, status: '204'}}]}")

    assert manage.health.checks == (
        CheckConfig(name="shop", type="http", options=HttpOptions(url="http://x", status=204)),
    )


def test_a_rule_keeps_the_keys_that_the_file_leaves_out(read):
    rules = read("alerts: {rules: {health-check-degraded: {enabled: false}}}").alerts.rules

    assert (rules["health-check-degraded"].severity, rules["health-check-degraded"].enabled) == (Severity.MEDIUM, False)
    assert rules["health-check-failed"].enabled


def test_policies_are_added_to_the_default_one(read):
    escalation = read("escalation: {quick: [{after: after5min, notify: '@U012AB3CD'}]}").escalation

    assert set(escalation) == {*SHIPPED, "quick"}
    assert escalation["quick"].steps[0].after == timedelta(minutes=5)


def test_the_file_lies_over_the_base_key_by_key(read):
    base = {"health": {"every": "2s", "rounds_up": 1}, "channels": {"alerts": "#sandbox"}}

    manage = read("health: {every: 5s}", base=base)

    assert (manage.health.every, manage.health.rounds_up) == (timedelta(seconds=5), 1)
    assert manage.channels.alerts == "#sandbox"


def test_variables_are_filled_in(read):
    manage = read("health: {checks: [{name: a, type: http, options: {url: 'http://${HOST}/$${x}'}}]}", HOST="h")

    assert manage.health.checks[0].options == HttpOptions(url="http://h/${x}")


def test_a_time_of_day_needs_no_quotes(read):
    assert read("oncall: {rotation: daily, handover: 10:30}").oncall.handover == "10:30"


def test_a_channel_may_be_named_without_its_hash(read):
    assert read("channels: {alerts: ops}").channels.alerts == "#ops"


def test_roles_are_given_as_the_permissions_take_them(read):
    roles = read("roles: {default: viewer, admin: U012AB3CD, operator: ['*']}").roles

    assert roles.default == "viewer"
    assert roles.members["admin"] == ("U012AB3CD",)
    assert roles.members["operator"] == ("*",)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "\nhealth:\n  evry: 60s\n",
            (
                'manage.yml:3: health.evry: found the unknown key "evry", allowed: every, timeout, rounds_down, rounds_up, '
                'degraded_ms, checks (did you mean "every"?)'
            ),
        ),
        (
            "health: {every: 60}",
            'manage.yml:1: health.every: found 60, allowed: a number with a unit, like "60s", "5m", "1h30m" or "2d"',
        ),
        (
            "health: {every: 0s}",
            (
                'manage.yml:1: health.every: found "0s", allowed: more than zero: a number with a unit, '
                'like "60s", "5m", "1h30m" or "2d"'
            ),
        ),
        ("health: {rounds_up: yes}", "manage.yml:1: health.rounds_up: found True, allowed: a number"),
        ("health: {rounds_up: 0}", "manage.yml:1: health.rounds_up: found 0, allowed: greater than or equal to 1"),
        ("health: 5", "manage.yml:1: health: found 5, allowed: a mapping"),
        (
            "channels:\n  alerts: #alerts\n",
            (
                "manage.yml:2: channels.alerts: found nothing, allowed: text "
                "(leave the key out for its default; quote values that begin with #)"
            ),
        ),
        (
            "channels: {alerts: Big Room}",
            (
                'manage.yml:1: channels.alerts: found "#Big Room", allowed: a channel: "#name" in lower-case letters, digits, '
                "- and _ (in quotes), or its id"
            ),
        ),
        (
            "roles: {admin: [bob]}",
            'manage.yml:1: roles.admin[0]: found "bob", allowed: a Slack user id (U…), user group id (S…) or "*"',
        ),
        (
            "alerts: {rules: {health-check-failed: {severity: hgih}}}",
            (
                'manage.yml:1: alerts.rules.health-check-failed.severity: found "hgih", allowed: critical, high, medium, low '
                '(did you mean "high"?)'
            ),
        ),
        (
            "alerts: {rules: {health-check-failed: {policy: defualt}}}",
            (
                'manage.yml:1: alerts.rules.health-check-failed.policy: found "defualt", allowed: default, critical, '
                'high, medium, disk (did you mean "default"?)'
            ),
        ),
        (
            "health: {checks: [{name: a, type: htp}]}",
            'manage.yml:1: health.checks[0].type: found "htp", allowed: http, store (did you mean "http"?)',
        ),
        (
            "health:\n  checks:\n  - {name: a, type: store}\n  - {name: a, type: store}\n",
            'manage.yml:4: health.checks[1].name: found "a" a second time, allowed: a name of its own for each check',
        ),
        (
            "health: {checks: [{name: a, type: http}]}",
            "manage.yml:1: health.checks[0].options.url: found nothing, allowed: a value, the key is required",
        ),
        (
            "health: {checks: [{name: a, type: http, options: {url: x, stats: 1}}]}",
            (
                'manage.yml:1: health.checks[0].options.stats: found the unknown key "stats", allowed: url, status, token '
                '(did you mean "status"?)'
            ),
        ),
        (
            "notifications: {slack: {type: webhook, options: {url: x}}}",
            'manage.yml:1: notifications.slack: found the name "slack", allowed: another name, Slack is always there',
        ),
        (
            "escalation: {default: [{after: 5m, notify: oncall, via: pigeon}]}",
            (
                'manage.yml:1: escalation.default[0].via: found "pigeon", allowed: slack, pagerduty, sms, phone, email, '
                "personal"
            ),
        ),
        (
            "escalation: {default: [{after: 5m, notify: bob}]}",
            (
                'manage.yml:1: escalation.default[0].notify: found "bob", allowed: oncall, oncall:NAME, "@U…" (a Slack user '
                'id), "@S…" (a user group) or "#channel" in quotes, not "bob"'
            ),
        ),
        (
            "escalation:\n  default:\n  - {after: after5min, notify: oncall}\n  - {after: immediately, notify: oncall}\n",
            'manage.yml:4: escalation.default[1].after: found "immediately", allowed: 5m or later, steps go in order',
        ),
        (
            "oncall: {timezone: Europe/Berlinn}",
            (
                'manage.yml:1: oncall.timezone: found "Europe/Berlinn", allowed: the name of a time zone, '
                'like "Europe/Berlin" (did you mean "Europe/Berlin"?)'
            ),
        ),
        (
            "oncall: {handover: 10:30}",
            'manage.yml:1: oncall.handover: found "10:30", allowed: a day as well for a weekly rotation, like "mon 10:30"',
        ),
        (
            "a: 1\na: 2\n",
            'manage.yml:2: a: found the key "a" a second time, allowed: each key once (it stands in line 1 already)',
        ),
        ("- a", "manage.yml:1: found a list, allowed: keys with values, like health:"),
        (
            "health:\n\tevery: 60s",
            "manage.yml:2: found broken YAML (a tab where only spaces may indent), allowed: valid YAML",
        ),
        (
            "oncall: {start: 2026-13-45}",
            (
                'manage.yml:1: oncall.start: found "2026-13-45" as timestamp, allowed: plain values: text, numbers, true, '
                "false, dates"
            ),
        ),
        ("? [a]\n: 1", "manage.yml:1: found a key that is not a word, allowed: words as keys"),
    ],
)
def test_a_mistake_is_one_line_with_its_place_and_its_mend(refused, text, line):
    assert line in refused(text)


def test_a_variable_that_is_not_set_is_named(refused):
    assert refused("channels:\n  alerts: ${ROOM}") == [
        (
            "manage.yml:2: channels.alerts: found ${ROOM}, allowed: a variable that is set: "
            "add ROOM to the environment or to .env"
        )
    ]


def test_all_mistakes_are_told_in_the_order_of_the_file(refused):
    lines = refused("helth: {}\nhealth: {every: x}\nalerts: {rules: {health-check-failed: {policy: x}}}\nroles: 1\n")

    assert [line.split(":")[1] for line in lines] == ["1", "2", "3", "4"]


def test_a_secret_is_masked_in_what_was_found(refused):
    lines = refused("health: {checks: [{name: a, type: http, options: {url: '', token: hunter2}}]}")

    assert not [line for line in lines if "hunter2" in line]


def test_what_came_from_the_environment_is_masked_in_what_was_found(refused):
    lines = refused("oncall: {timezone: '${ZONE}'}", ZONE="hunter2hunter2")

    assert not [line for line in lines if "hunter2" in line]


def test_recursive_aliases_are_refused(refused):
    assert "without recursive aliases" in refused("a: &x [*x]")[0]


def test_aliases_that_multiply_are_refused(refused):
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))

    assert any("a smaller file" in line for line in refused(f"a0: &a0 [x]\n{levels}"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00", "found bytes that are not text, allowed: text in UTF-8"),
        (b"a: 1\n" * 300_000, "at most 1,000,000"),
    ],
)
def test_what_is_no_yaml_file_is_refused(tmp_path: Path, content, said):
    path = tmp_path / "manage.yml"
    path.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        load(path, checks={}, channels={}, variables={})
    assert said in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "no.yml", checks={}, channels={}, variables={})
    assert str(caught.value) == (
        f"{tmp_path}/no.yml: found no such file or directory, allowed: a readable file (MANAGE_CONFIG names it)"
    )


def test_masked_shows_everything_but_secrets(read):
    manage = read(
        "health: {checks: [{name: a, type: http, options: {url: 'http://me:hunter2@h/', token: abcdefghijklmnop}}]}"
    )
    settings = read_settings(
        {"MANAGE_TOKEN": "hunter2hunter2hunter2hunter2", "DATABASE_URL": "postgresql://u:hunter2@h/d"}
    )

    shown = masked(manage, settings)

    assert "hunter2h" not in str(shown)
    assert shown["settings"]["MANAGE_TOKEN"] == "••••ter2"
    assert shown["settings"]["DATABASE_URL"] == "postgresql://u:••••@h/d"
    assert shown["manage"]["health"]["checks"][0]["options"] == {
        "url": "http://me:••••@h/",
        "status": 200,
        "token": "••••op",
    }
    assert shown["manage"]["health"]["every"] == "1m"


def test_what_masked_shows_of_the_defaults_can_be_read_back(read):
    shown = masked(Manage(), Settings())["manage"]

    assert read(yaml.safe_dump(shown)) == Manage()
