"""A rule file with each kind of mistake: one line for each, with its place, what was found and what is allowed."""

from pathlib import Path

import jsonschema
import pytest

from bot.config.errors import ConfigError
from bot.config.manage import Manage, load
from bot.config.schema import schema
from storage.records.alerts import Severity


@pytest.fixture
def refused(tmp_path: Path):
    def refused(rule: str) -> list[str]:
        path = tmp_path / "manage.yml"
        path.write_text(rule)
        with pytest.raises(ConfigError) as caught:
            load(path, checks={}, channels={}, sources={}, variables={})
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()

    return refused


def a_rule(*lines: str) -> str:
    return "\n".join(["alerts:", "  rules:", "    slow:", *(f"      {line}" for line in lines)]) + "\n"


MISTAKES = [
    (
        ["condition: eror_rate > 0.05"],
        (
            'manage.yml:4: alerts.rules.slow.condition: found the unknown metric "eror_rate" in "eror_rate > 0.05", '
            'allowed: a metric that is collected or pushed (did you mean "error_rate"?)'
        ),
    ),
    (
        ["severity: high", "condition: error_rate"],
        (
            'manage.yml:5: alerts.rules.slow.condition: found "error_rate", which is a number in "error_rate", '
            "allowed: true or false, like `error_rate > 0.05`"
        ),
    ),
    (
        ["condition: error_rate > 'x'"],
        "manage.yml:4: alerts.rules.slow.condition: found text beside > in \"error_rate > 'x'\", allowed: a number there",
    ),
    (
        ["condition: error_rate >"],
        'manage.yml:4: alerts.rules.slow.condition: found the end in "error_rate >", allowed: a metric, a number or (',
    ),
    (
        ["condition: '[1].all(x, x > cpu)'"],
        (
            'manage.yml:4: alerts.rules.slow.condition: found "[1].all(x, x > cpu)" in "[1].all(x, x > cpu)", '
            "allowed: no lists: write alternatives with ||"
        ),
    ),
    (
        ["condition: sqrt(cpu) > 1"],
        (
            'manage.yml:4: alerts.rules.slow.condition: found the unknown function "sqrt" in "sqrt(cpu) > 1", '
            "allowed: abs, max, min"
        ),
    ),
    (
        [f"condition: {'cpu > 1 && ' * 60}cpu > 1"],
        "manage.yml:4: alerts.rules.slow.condition: found ",
    ),
    (
        ["condition: 5"],
        "manage.yml:4: alerts.rules.slow.condition: found 5, allowed: text",
    ),
    (
        ["condition: cpu > 1", "clear: requests < 1"],
        "manage.yml:5: alerts.rules.slow.clear: found requests, which the condition does not name, allowed: cpu",
    ),
    (
        ["clear: cpu < 1"],
        "manage.yml:4: alerts.rules.slow.clear: found an end without a condition, allowed: a condition beside it",
    ),
    (
        ["condition: cpu > 1", "severity: awful"],
        'manage.yml:5: alerts.rules.slow.severity: found "awful", allowed: critical, high, medium, low',
    ),
    (
        ["condition: cpu > 1", "sevrity: high"],
        'manage.yml:5: alerts.rules.slow.sevrity: found the unknown key "sevrity", allowed: severity, policy, ',
    ),
    (
        ["condition: cpu > 1", "for: 5"],
        "manage.yml:5: alerts.rules.slow.for: found 5, allowed: a number with a unit",
    ),
    (
        ["condition: cpu > 1", "keep_firing_for: -5m"],
        'manage.yml:5: alerts.rules.slow.keep_firing_for: found "-5m", allowed: a number with a unit',
    ),
    (
        ["condition: cpu > 1", "policy: nope"],
        'manage.yml:5: alerts.rules.slow.policy: found "nope", allowed: ',
    ),
    (
        ["condition: cpu > 1", "enabled: perhaps"],
        'manage.yml:5: alerts.rules.slow.enabled: found "perhaps", allowed: true or false',
    ),
    (
        ["condition: cpu > 1", "summary: '{{ valeu }}'"],
        (
            'manage.yml:5: alerts.rules.slow.summary: found "{{ valeu }}", allowed: value, threshold, severity, rule or '
            'labels.NAME (did you mean "value"?)'
        ),
    ),
    (
        ["condition: cpu > 1", "description: 'at {{ value'"],
        'manage.yml:5: alerts.rules.slow.description: found "{{" without "}}", allowed: names between "{{" and "}}"',
    ),
    (
        ["condition: cpu > 1", "runbook: javascript:alert(1)"],
        'manage.yml:5: alerts.rules.slow.runbook: found "javascript:alert(1)", allowed: an address that begins with',
    ),
    (
        ["condition: cpu > 1", "labels: {alertname: x}"],
        'manage.yml:5: alerts.rules.slow.labels.alertname: found "alertname", allowed: letters, digits and _',
    ),
    (
        ["condition: cpu > 1", "labels: [team]"],
        "manage.yml:5: alerts.rules.slow.labels: found a list of 1, allowed: a mapping",
    ),
    (
        ["anomaly: {metric: cpuu}"],
        'manage.yml:4: alerts.rules.slow.anomaly.metric: found the unknown metric "cpuu", allowed: ',
    ),
    (
        ["anomaly: {metric: cpu, season: 2d}"],
        'manage.yml:4: alerts.rules.slow.anomaly.season: found "2d", allowed: 1d or 1w, not 2d',
    ),
    (
        ["anomaly: {metric: cpu, direction: sideways}"],
        'manage.yml:4: alerts.rules.slow.anomaly.direction: found "sideways", allowed: above, below, both',
    ),
    (
        ["anomaly: {season: 1d}"],
        "manage.yml:4: alerts.rules.slow.anomaly.metric: found nothing, allowed: a value, the key is required",
    ),
    (
        ["condition: cpu > 1", "anomaly: {metric: cpu}"],
        "manage.yml:5: alerts.rules.slow.anomaly: found an anomaly beside a condition, allowed: one of them; make two",
    ),
]


@pytest.mark.parametrize(("lines", "said"), MISTAKES, ids=[lines[-1][:40] for lines, _ in MISTAKES])
def test_a_mistake_in_a_rule_is_one_line_with_its_place_and_its_mend(refused, lines, said):
    (line,) = refused(a_rule(*lines))

    assert line.startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("alerts:\n  rules: 5\n", "manage.yml:2: alerts.rules: found 5, allowed: a mapping"),
        ("alerts:\n  rules:\n    a: 5\n", "manage.yml:3: alerts.rules.a: found 5, allowed: a mapping"),
        (
            "alerts:\n  rules:\n    - condition: cpu > 1\n",
            "manage.yml:3: alerts.rules[0]: found a mapping (condition), allowed: a rule with a `name` of its own",
        ),
        (
            "alerts:\n  rules:\n    - {name: a, condition: cpu > 1}\n    - {name: a, condition: cpu > 2}\n",
            'manage.yml:4: alerts.rules[1]: found "a" a second time, allowed: a rule with a `name` of its own',
        ),
        (
            "alerts:\n  rules:\n    job-dead: {condition: cpu > 1}\n",
            (
                "manage.yml:3: alerts.rules.job-dead.condition: found condition of the built-in rule job-dead, "
                "allowed: another name for a rule of your own"
            ),
        ),
        (
            "alerts:\n  rules:\n    - name: a\n      for: 1m\n      condition: eror_rate > 1\n",
            'manage.yml:5: alerts.rules.a.condition: found the unknown metric "eror_rate"',
        ),
    ],
)
def test_a_mistake_in_how_rules_are_listed_is_one_line(refused, text, said):
    (line,) = refused(text)

    assert line.startswith(said)


def test_every_mistake_of_a_file_is_told_at_once(refused):
    assert len(refused(a_rule("condition: cpu >", "severity: awful", "summary: '{{ x }}'", "policy: nope"))) == 4


def test_rules_may_be_a_list_with_names(tmp_path):
    path = tmp_path / "manage.yml"
    path.write_text("alerts:\n  rules:\n    - {name: busy, condition: cpu > 80, for: 5m}\n")
    rules = load(path, checks={}, channels={}, sources={}, variables={}).alerts.rules

    assert rules["busy"].condition == "cpu > 80"
    assert "error-rate" in rules


def test_four_rules_over_metrics_are_there_by_default():
    rules = Manage().alerts.rules
    found = {name: (rule.condition, rule.severity, rule.policy) for name, rule in rules.items() if rule.watches}

    assert found == {
        "error-rate": ("error_rate > 0.05", Severity.CRITICAL, "critical"),
        "latency-high": ("p95_latency > 1000", Severity.HIGH, "high"),
        "latency-raised": ("p95_latency > 500", Severity.MEDIUM, "medium"),
        "disk-usage": ("disk_usage > 0.85", Severity.MEDIUM, "disk"),
    }


def test_a_default_rule_is_changed_by_single_keys(tmp_path):
    path = tmp_path / "manage.yml"
    path.write_text("alerts: {rules: {disk-usage: {condition: disk_usage > 0.9}}}\n")
    rule = load(path, checks={}, channels={}, sources={}, variables={}).alerts.rules["disk-usage"]

    assert (rule.condition, rule.policy) == ("disk_usage > 0.9", "disk")


@pytest.mark.parametrize(
    ("rules", "accepted"),
    [
        ([{"name": "busy", "condition": "cpu > 80", "for": "5m"}], True),
        ({"busy": {"condition": "cpu > 80"}}, True),
        ([{"condition": "cpu > 80"}], False),
        ([{"name": "busy", "sevrity": "high"}], False),
        (5, False),
    ],
)
def test_editors_know_both_spellings_of_rules(rules, accepted):
    found = jsonschema.Draft202012Validator(schema({}, {}, {})).is_valid({"alerts": {"rules": rules}})

    assert found is accepted
