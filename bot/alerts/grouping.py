"""Which instances are one alert: those of one rule that agree in the labels of `alerts.group_by` (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.alerts.fingerprints import fingerprint

NAME = "alertname"
EVERY = "..."


@dataclass(frozen=True, slots=True)
class Group:
    """The alert that an instance belongs to, by the labels that its instances share."""

    fingerprint: str
    labels: Mapping[str, str]


def group(name: str, labels: Mapping[str, str], group_by: Sequence[str]) -> Group:
    """The group of the instance `name` with these labels.

    Labels that it does not have, or has empty, do not count. `alertname` in `group_by` means the name; `...` stands for
    every label and the name.
    """
    every = EVERY in group_by
    shared = {label: value for label, value in labels.items() if value and (every or label in group_by)}
    return Group(fingerprint(name if every or NAME in group_by else "", shared), shared)
