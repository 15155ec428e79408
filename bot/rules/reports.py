"""What rules say of label sets to the alert room: reports with their texts filled in (pure)."""

from collections.abc import Mapping
from datetime import datetime

from bot.config.rules import RuleConfig
from bot.config.templates import render
from bot.phrasing import cut, number
from bot.report import Report
from bot.rules.decide import Outcome
from storage.records.rule_states import RuleState

SOURCE = "rules"
BROKEN = "rule-broken"


def reading(state: RuleState, unit: str = "") -> str:
    """What was measured, in words; that there is nothing, or that it cannot be judged, is said first."""
    value = "" if state.value is None else number(state.value, unit)
    if state.error:
        return f"cannot be evaluated: {state.error}" + (f"; last {value}" if value else "")
    if state.absent_since is not None:
        return f"no data since {state.absent_since:%Y-%m-%d %H:%M} UTC" + (f"; last {value}" if value else "")
    return value


def of(config: RuleConfig, outcome: Outcome, unit: str = "") -> Report:
    """The report of a label set that fires, or of one that ceased to."""
    state = outcome.state
    words = values(state.rule, config, state.value, state.threshold)
    said = reading(state, unit)
    return Report(
        name=state.rule,
        labels=_labels(state, config),
        severity=config.severity,
        source=SOURCE,
        resolved=outcome.ended,
        started_at=None if outcome.ended else state.since,
        summary=render(config.summary, words, state.labels) or _summary(state.rule, config, state.labels),
        description=render(config.description, words, state.labels),
        runbook=config.runbook,
        reading=f"back at {said}" if outcome.ended and said else said,
        value=state.value,
        threshold=state.threshold,
        unit=unit,
        policy=config.policy,
    )


def values(rule: str, config: RuleConfig, value: float | None, threshold: float | None) -> dict[str, str]:
    """What templates may name, as people read it."""
    return {
        "rule": rule,
        "severity": config.severity.value,
        "value": "unknown" if value is None else number(value),
        "threshold": "unknown" if threshold is None else number(threshold),
    }


def over(config: RuleConfig, state: RuleState, why: str) -> Report:
    """The end of a label set whose rule is gone or switched off."""
    return Report(
        name=state.rule,
        labels=_labels(state, config),
        severity=config.severity,
        source=SOURCE,
        resolved=True,
        reading=why,
    )


def broken(config: RuleConfig, rule: str, error: str, since: datetime) -> Report:
    """The rule cannot be evaluated; `error` "" says that it can again."""
    return Report(
        name=BROKEN,
        labels={"rule": rule},
        severity=config.severity,
        source=SOURCE,
        resolved=not error,
        started_at=since if error else None,
        summary=f"the rule {rule} cannot be evaluated",
        description="While it is so, it neither fires nor resolves anything.",
        reading=cut(error, 300) if error else "it can be evaluated again",
        runbook=config.runbook,
        policy=config.policy,
    )


def _labels(state: RuleState, config: RuleConfig) -> dict[str, str]:
    """The labels of its alert; a metric's own label `alertname` gives way to the rule's name, as in Prometheus."""
    own = {f"exported_{name}" if name == "alertname" else name: value for name, value in state.labels.items()}
    return {**own, **config.labels}


def _summary(rule: str, config: RuleConfig, labels: Mapping[str, str]) -> str:
    named = ", ".join(f"{name}={value}" for name, value in sorted(labels.items()))
    said = config.condition or (f"{config.anomaly.metric} is unusual" if config.anomaly else rule)
    return cut(f"{said} ({named})" if named else said, 300)
