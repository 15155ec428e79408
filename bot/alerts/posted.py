"""What Prometheus posts of alerts, as reports (pure). The hot path: no step is taken twice."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from bot.matchers import NAME
from bot.report import Report, severity_of

SOURCE = "prometheus"
EMPTY = "0001-01-01T00:00:00"
"""How Go's time of nothing begins, which Alertmanager's clients send for "not given"."""
UNNAMED = "unnamed"
"""The name of alerts that were sent without `alertname`, which Alertmanager allows."""
MOST_LABELS = 200
LONGEST_NAME = 1_000
LONGEST_VALUE = 65_536
MOST_TOLD = 5
_MOMENTS = 256
_EARLIEST, _LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)


class BadAlert(ValueError):
    """One alert of a batch cannot be taken; the others can."""


class BadBody(ValueError):
    """The body is of a wrong type: nothing of it may be taken."""


def reports(body: Any, now: datetime, timeout: timedelta) -> tuple[list[Report], list[str]]:
    """The reports in a decoded body, and what is wrong with the alerts that are none; see `read`."""
    found, wrong = read(body, now, timeout)
    return list(found.values()), wrong


def read(
    body: Any, now: datetime, timeout: timedelta, *, passing: Collection[int] = ()
) -> tuple[dict[int, Report], list[str]]:
    """The reports in a decoded body by index, but those `passing`, and what is wrong with the alerts that are none.

    An alert without `endsAt` is over when it was not sent again for `timeout`. Raises `BadBody` for a body of a
    wrong type, of which nothing may be taken.
    """
    if type(body) is not list:
        raise BadBody(f"the body must be a list of alerts, not {_kind(body)}")
    found: dict[int, Report] = {}
    wrong: list[str] = []
    for index, alert in enumerate(body):
        if index in passing:
            continue
        if type(alert) is not dict:
            raise BadBody(f"alert {index} must be an object, not {_kind(alert)}")
        try:
            found[index] = _report(alert, index, now, timeout)
        except BadAlert as bad:
            wrong.append(f"alert {index}: {bad}")
    return found, wrong


def surely_fires(alert: Any, now: datetime) -> bool:
    """Whether `read` takes the alert as one that fires, told without making a report; of others nothing is said."""
    if type(alert) is not dict or type(alert.get("generatorURL", "")) is not str:
        return False
    labels = alert.get("labels", {})
    if not (_surely_strings(labels) and _surely_strings(alert.get("annotations", {})) and any(labels.values())):
        return False
    try:
        ends_at = moment(alert["endsAt"])
        return now < ends_at and moment(alert.get("startsAt") or alert["endsAt"]) <= ends_at
    except (KeyError, TypeError, ValueError):
        return False


def _surely_strings(given: Any) -> bool:
    """Whether `_strings` takes the mapping."""
    if type(given) is not dict or len(given) > MOST_LABELS:
        return False
    for name, value in given.items():
        if type(value) is not str or not name or len(name) > LONGEST_NAME or len(value) > LONGEST_VALUE:
            return False
        if "\0" in value or "\0" in name:
            return False
    return True


@lru_cache(_MOMENTS)  # the alerts of a minute end in few different ones
def moment(text: str) -> datetime:
    """A moment of RFC 3339; raises `ValueError` for what is none, or out of range."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None or not _EARLIEST < at < _LATEST:
        raise ValueError(text)
    return at


def told(wrong: list[str]) -> str:
    """All that is wrong with a batch, in one line."""
    more = f"; and {len(wrong) - MOST_TOLD} more" if len(wrong) > MOST_TOLD else ""
    return "; ".join(wrong[:MOST_TOLD]) + more


def _report(alert: Mapping[str, Any], index: int, now: datetime, timeout: timedelta) -> Report:
    labels = _strings(alert, "labels", index)
    annotations = _strings(alert, "annotations", index)
    if not labels:
        raise BadAlert("at least one label pair required")
    starts_at, ends_at = _moment(alert, "startsAt", index), _moment(alert, "endsAt", index)
    if starts_at and ends_at and starts_at > ends_at:
        raise BadAlert("start time must be before end time")
    link = alert.get("generatorURL")
    link = "" if link is None else link
    if type(link) is not str:
        raise BadBody(f"generatorURL of alert {index} must be a string, not {_kind(link)}")
    return Report(
        name=labels.pop(NAME, "") or UNNAMED,
        labels=labels,
        severity=severity_of(labels.get("severity", "")),
        source=SOURCE,
        resolved=ends_at is not None and ends_at <= now,
        started_at=starts_at or ends_at,
        ends_at=ends_at or now + timeout,
        summary=annotations.get("summary", "") or annotations.get("message", ""),
        description=annotations.get("description", ""),
        annotations=annotations,
        runbook=annotations.get("runbook_url", ""),
        link=link if link.startswith(("http://", "https://")) else "",
    )


def _strings(alert: Mapping[str, Any], key: str, index: int) -> dict[str, str]:
    """A mapping of strings, without those that are empty: to Alertmanager they are not there."""
    given = alert.get(key)
    if given is None:
        return {}
    if type(given) is not dict:
        raise BadBody(f"{key} of alert {index} must be an object, not {_kind(given)}")
    if len(given) > MOST_LABELS:
        raise BadAlert(f"{len(given)} {key} are too many: at most {MOST_LABELS}")
    for name, value in given.items():
        if type(value) is not str:
            raise BadBody(f"{key}.{name[:100]} of alert {index} must be a string, not {_kind(value)}")
        if not name or len(name) > LONGEST_NAME or "\0" in name:
            raise BadAlert(f"{key} has an empty or too long name, or one with a NUL character")
        if len(value) > LONGEST_VALUE or "\0" in value:
            raise BadAlert(f"{key}.{name[:100]} holds more than {LONGEST_VALUE:,} characters, or a NUL character")
    return given if all(given.values()) else {name: value for name, value in given.items() if value}


def _moment(alert: Mapping[str, Any], key: str, index: int) -> datetime | None:
    """A moment of RFC 3339; None where there is none."""
    text = alert.get(key)
    if text is None:
        return None
    if type(text) is not str:
        raise BadBody(f"{key} of alert {index} must be a time, not {_kind(text)}")
    if not text or text.startswith(EMPTY):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadBody(f"{key} of alert {index} must be a time like 2026-11-23T12:00:00Z, not {text[:60]}")
    if not _EARLIEST < at < _LATEST:
        raise BadAlert(f"{key} is out of range: {text[:60]}")
    return at


def _kind(value: Any) -> str:
    kinds = {list: "a list", dict: "an object", str: "a string", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
