"""What others push: `{"service": "api", "metrics": {"error_rate": 0.07}}`, one of these or a list (pure)."""

import math
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.command import nearest
from bot.phrasing import cut, duration
from bot.ports import Refusal
from storage.records.samples import Sample

MOST = 1000
"""Entries that one request may have."""
MOST_METRICS, MOST_LABELS, LONGEST_LABEL = 200, 16, 200
PAST, FUTURE = timedelta(hours=24), timedelta(hours=1)
"""How far from now a value may have been measured."""
EXAMPLE = 'Send {"service": "api", "metrics": {"error_rate": 0.07}}, or a list of such.'
_KEYS = {"service", "metrics", "at", "labels"}


def read(body: Any, known: Collection[str], now: datetime) -> list[Sample]:
    """The samples of a body; raises `Refusal`, naming the entry, for the first that is wrong: nothing is kept then."""
    if not isinstance(body, list):
        return list(_entry(body, "", known, now))
    if not body:
        raise Refusal("the list is empty", EXAMPLE)
    if len(body) > MOST:
        raise Refusal(f"{len(body):,} entries are too many", f"Send at most {MOST:,} in one request.")
    return [sample for index, entry in enumerate(body) for sample in _entry(entry, f"[{index}]: ", known, now)]


def _entry(entry: Any, at: str, known: Collection[str], now: datetime) -> Iterator[Sample]:
    if not isinstance(entry, Mapping):
        raise Refusal(f"{at}not a JSON object but {_kind(entry)}", EXAMPLE)
    if odd := sorted(set(entry) - _KEYS):
        raise Refusal(f"{at}there is no key {cut(odd[0], 60)!r}", f"Keys are {', '.join(sorted(_KEYS))}.")
    metrics = entry.get("metrics")
    if not isinstance(metrics, Mapping) or not metrics:
        raise Refusal(f"{at}`metrics` must be an object of names and numbers", EXAMPLE)
    if len(metrics) > MOST_METRICS:
        raise Refusal(f"{at}{len(metrics):,} metrics are too many", f"Send at most {MOST_METRICS} in one entry.")
    labels = {**_labels(entry.get("labels"), at), "service": _service(entry.get("service"), at), "source": "push"}
    moment = _moment(entry["at"], at, now) if entry.get("at") is not None else now
    for name, value in metrics.items():
        if name not in known:
            raise Refusal(f"{at}the metric {cut(name, 60)!r} is not known", _mend(name, known))
        yield Sample(metric=name, at=moment, value=_number(value, name, at), labels=labels)


def _service(value: Any, at: str) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= LONGEST_LABEL:
        raise Refusal(f"{at}`service` must say in 1 to {LONGEST_LABEL} characters what was measured", EXAMPLE)
    return value.strip()


def _labels(value: Any, at: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or len(value) > MOST_LABELS:
        raise Refusal(f"{at}`labels` must be an object of at most {MOST_LABELS} names and texts", EXAMPLE)
    for name, text in value.items():
        if name in {"service", "source"}:
            raise Refusal(f"{at}`labels` may not hold {name!r}", "Say the service beside them; the source is `push`.")
        if not 0 < len(name) <= LONGEST_LABEL or not isinstance(text, str) or len(text) > LONGEST_LABEL:
            said = f"{at}the label {cut(name, 60)!r} must be a text of at most {LONGEST_LABEL} characters"
            raise Refusal(said, 'For example {"region": "eu"}.')
    return dict(value)


def _moment(value: Any, at: str, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        said = f"{at}`at` must be a time like 2027-01-31T09:30:00Z, with its zone"
        raise Refusal(said, "Leave it out for a value of now.")
    try:
        away = moment - now
    except OverflowError:
        away = timedelta.max
    if not -PAST <= away <= FUTURE:
        said = f"{at}`at` is {cut(str(value), 40)}, which is too far from now"
        raise Refusal(said, f"It may lie {duration(PAST)} back, and {duration(FUTURE)} ahead for clocks that differ.")
    return moment


def _number(value: Any, name: str, at: str) -> float:
    try:
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        said = f"{at}the value of {name!r} must be a finite number, not {_kind(value)}"
        raise Refusal(said, "Leave a metric out that has no value: it is absent then.")
    return number


def _mend(name: str, known: Collection[str]) -> str:
    close = nearest(name, sorted(known))
    listed = f"List it under `metrics.pushed` in manage.yml: {cut(name, 60)}."
    return f"Did you mean {' or '.join(close)}? {listed}" if close else listed


def _kind(value: Any) -> str:
    kinds = {list: "a list", dict: "an object", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "that number")
