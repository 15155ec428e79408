"""The reports of a batch in stretches that are decided together (pure)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.alerts.fingerprints import fingerprint
from bot.matchers import compiled, hold, parse_all
from bot.ports import Ports
from bot.report import Report


@dataclass(kw_only=True)
class Told:
    """What the batch says of one instance, the latest last, and how often."""

    report: Report
    count: int = 1


def rounds(reports: Sequence[Report], most: int) -> Iterator[dict[str, Told]]:
    """Stretches in which no instance both fires and is over, of at most so many; equal reports count as one."""
    told: dict[str, Told] = {}
    for report in reports:
        key = fingerprint(report.name, report.labels)
        before = told.get(key)
        if before is not None and before.report.resolved == report.resolved:
            told[key] = Told(report=report, count=before.count + 1)
            continue
        if before is not None or len(told) == most:
            yield told
            told = {}
        told[key] = Told(report=report)
    if told:
        yield told


def sources_first(ports: Ports, told: Mapping[str, Told]) -> list[Mapping[str, Told]]:
    """The same in two parts when some inhibit others: those begin to fire before it is asked who is muted."""
    rules = [compiled(parse_all(rule.source)) for rule in ports.manage.alerts.inhibit]
    if not rules:
        return [told]
    sources = {k: t for k, t in told.items() if any(hold(rule, t.report.name, t.report.labels) for rule in rules)}
    others = {key: t for key, t in told.items() if key not in sources}
    return [part for part in (sources, others) if part]
